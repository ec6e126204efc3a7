"""File system helpers: private files and folders, atomic replacement, errors in plain words.

Promises: files and folders created here are readable by their owner only, under any umask; a file is replaced as a
whole or not at all. Does not know reports.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from finhub_onboard.errors import StoppedEarlyError

_DEFAULT_NAME_MAX = 255


class ReportsError(StoppedEarlyError):
    """The reports cannot be written; the ledger is complete and they can be written again from it."""


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` about ``path`` into a :class:`ReportsError` with a hint."""
    try:
        yield
    except OSError as error:
        raise plain(path, error) from error


def plain(path: Path, error: OSError) -> ReportsError:
    """Make the :class:`ReportsError` for an ``OSError`` about ``path``."""
    return ReportsError(
        f"cannot write the report {path}: {error.strerror or error}",
        hint="the ledger has everything: make room or give access, then run `onboard report`, or name another --out",
    )


def make_folder(path: Path) -> None:
    """Create ``path`` and its missing parents with mode 0700, whatever the umask; leave existing folders unchanged."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                folder.chmod(0o700)
    if not path.is_dir():
        raise NotADirectoryError(20, "a file is in the place of this folder", str(path))


def hidden_name(target: Path) -> Path:
    """Name a temporary file beside ``target``, so that the rename stays within one file system.

    The name is short and does not contain that of ``target``: any name that the file system allows can be written.
    """
    return target.with_name(f".{token_hex(8)}.tmp")


def beside(target: Path, tail: str) -> Path:
    """Name a file beside ``target``: ``tail`` is appended to the stem, which is cut if the name gets too long."""
    stem, suffix = target.stem, target.suffix
    most = _longest_name(target.parent)
    if len(os.fsencode(suffix)) > most // 2:
        stem, suffix = target.name, ""
    while len(os.fsencode(stem + tail + suffix)) > most:
        stem = stem[:-1]
    return target.with_name(stem + tail + suffix)


def _longest_name(folder: Path) -> int:
    """Return the longest file name that this folder allows, in bytes."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except OSError:  # the folder is not there yet
        return _DEFAULT_NAME_MAX


def create(path: Path) -> int:
    """Create a new file with mode 0600; return its descriptor."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, data: bytes) -> None:
    """Write a new file and flush it to the disk."""
    with os.fdopen(create(path), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def atomic_write(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` atomically, readable by its owner only."""
    with plainly(path):
        hidden = hidden_name(path)
        try:
            write(hidden, data)
            hidden.replace(path)
        finally:
            hidden.unlink(missing_ok=True)
        sync(path.parent)


def version_of(path: Path) -> tuple[int, int, int] | None:
    """Return inode, modification time and size of a regular file, to notice a change; ``None`` if there is no file."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
