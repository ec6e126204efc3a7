"""A file system of a process (FUSE), spoken by hand: ``python -m tests.acceptance.fuse_disk BELOW MOUNT``.

It shows the folder ``BELOW`` at ``MOUNT``. As libfuse does, it has a node for each path and lets the kernel remember
attributes for a second. It ends with its process: then every call on it fails with ENOTCONN. Needs root and Linux.
"""

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_IN = struct.Struct("<IIQQIII4x")
_OUT = struct.Struct("<IiQ")
_ATTR = struct.Struct("<6Q10I")
_INIT = struct.Struct("<4I2H2I2H8I")
_REMEMBERED_S = 1
_ROOT = 1


class Disk:
    """Answers the kernel's requests on the folder ``below``."""

    def __init__(self, below: Path) -> None:
        self._paths = {_ROOT: below}
        self._nodes = {below: _ROOT}
        self.calls: dict[int, Callable[[int, bytes], bytes]] = {
            1: self._lookup,
            3: lambda node, _: self._attributes(self._paths[node]),
            4: self._setattr,
            9: self._mkdir,
            10: lambda node, data: _done(self._below(node, data).unlink),
            13: self._link,
            14: self._open,
            15: self._read,
            16: self._write,
            17: self._statfs,
            18: lambda _, data: _done(os.close, struct.unpack_from("<Q", data)[0]),
            20: lambda _, data: _done(os.fsync, struct.unpack_from("<Q", data)[0]),
            25: lambda *_: b"",
            26: lambda *_: _INIT.pack(7, 31, 1 << 17, 0, 12, 9, 1 << 17, 1, 0, 0, *[0] * 8),
            27: lambda *_: struct.pack("<QII", 0, 0, 0),
            28: self._readdir,
            29: lambda *_: b"",
            35: self._create,
        }

    def _below(self, node: int, name: bytes) -> Path:
        return self._paths[node] / os.fsdecode(name.rstrip(bytes(1)))

    def _entry(self, path: Path) -> bytes:
        attributes = self._attributes(path)[16:]
        node = self._nodes.setdefault(path, len(self._nodes) + 1)
        self._paths[node] = path
        return struct.pack("<4Q2I", node, 0, _REMEMBERED_S, _REMEMBERED_S, 0, 0) + attributes

    def _attributes(self, path: Path) -> bytes:
        s = path.lstat()
        times = (int(s.st_atime), int(s.st_mtime), int(s.st_ctime))
        parts = [ns % 10**9 for ns in (s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns)]
        attr = _ATTR.pack(
            s.st_ino, s.st_size, s.st_blocks, *times, *parts, s.st_mode, s.st_nlink, s.st_uid, s.st_gid, 0, 4096, 0
        )
        return struct.pack("<QII", _REMEMBERED_S, 0, 0) + attr

    def _lookup(self, node: int, data: bytes) -> bytes:
        return self._entry(self._below(node, data))

    def _setattr(self, node: int, data: bytes) -> bytes:
        valid, _, size = struct.unpack_from("<I4xQQ", data)
        path = self._paths[node]
        if valid & 1:
            path.chmod(struct.unpack_from("<I", data, 68)[0] & 0o7777)
        if valid & 8:
            os.truncate(path, size)
        return self._attributes(path)

    def _mkdir(self, node: int, data: bytes) -> bytes:
        path = self._below(node, data[8:])
        path.mkdir(struct.unpack_from("<I", data)[0])
        return self._entry(path)

    def _link(self, node: int, data: bytes) -> bytes:
        path = self._below(node, data[8:])
        path.hardlink_to(self._paths[struct.unpack_from("<Q", data)[0]])
        return self._entry(path)

    def _open(self, node: int, data: bytes) -> bytes:
        flags = struct.unpack_from("<I", data)[0]
        return struct.pack("<QII", os.open(self._paths[node], flags & ~os.O_CREAT), 0, 0)

    def _create(self, node: int, data: bytes) -> bytes:
        flags, mode = struct.unpack_from("<II", data)
        path = self._below(node, data[16:])
        opened = os.open(path, flags | os.O_CREAT, mode)
        return self._entry(path) + struct.pack("<QII", opened, 0, 0)

    def _read(self, _: int, data: bytes) -> bytes:
        opened, place, size = struct.unpack_from("<QQI", data)
        return os.pread(opened, size, place)

    def _write(self, _: int, data: bytes) -> bytes:
        opened, place, size = struct.unpack_from("<QQI", data)
        return struct.pack("<II", os.pwrite(opened, data[40 : 40 + size], place), 0)

    def _statfs(self, *_: object) -> bytes:
        s = os.statvfs(self._paths[_ROOT])
        sizes = (s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree)
        return struct.pack("<5Q4I24x", *sizes, s.f_bsize, 255, s.f_frsize, 0)

    def _readdir(self, node: int, data: bytes) -> bytes:
        _, place, size = struct.unpack_from("<QQI", data)
        made = b""
        for number, file in enumerate(sorted(self._paths[node].iterdir())[place:], start=place + 1):
            raw = os.fsencode(file.name)
            one = struct.pack("<QQII", number, number, len(raw), 0) + raw
            one += bytes(-len(one) % 8)
            if len(made) + len(one) > size:
                break
            made += one
        return made


def _done(call: "Callable[..., None]", *arguments: Any) -> bytes:
    call(*arguments)
    return b""


def serve(below: Path, mount: Path) -> None:
    """Show the folder until the process ends."""
    kernel = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={kernel},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tests", os.fsencode(mount), b"fuse", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    disk = Disk(below)
    print("mounted", flush=True)  # noqa: T201 - the test waits for it
    while True:
        request = os.read(kernel, 1 << 18)
        _, call, unique, node, *_ = _IN.unpack_from(request)
        if call in (2, 36, 42):  # they have no answer
            continue
        try:
            answer, code = disk.calls[call](node, request[_IN.size :]), 0
        except KeyError:
            answer, code = b"", errno.ENOSYS
        except OSError as error:
            answer, code = b"", error.errno or errno.EIO
        os.write(kernel, _OUT.pack(_OUT.size + len(answer), -code, unique) + answer)


if __name__ == "__main__":
    serve(*(Path(word).resolve() for word in sys.argv[1:3]))
