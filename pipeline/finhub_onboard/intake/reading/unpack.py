"""Reads and writes files that are plain, gzip or zstd.

Promises: a file that unpacks to more than its limit is refused, and memory is bounded; a broken archive is refused in
one plain sentence. Knows no text and no table.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from finhub_onboard.errors import UnreadableInputError

if sys.version_info >= (3, 14):  # it is part of Python from there on
    from compression import zstd
else:
    from backports import zstd

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BUFFER_BYTES = 1024 * 1024


class _Bounded(io.RawIOBase):
    """A raw stream that fails once more than its limit was read."""

    def __init__(self, inner: BinaryIO, name: str, most: int) -> None:
        self._inner = inner
        self._name = name
        self._left = most
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        try:
            chunk = self._inner.read(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
            raise _broken(self._name, str(error).lower()) from None
        self._left -= len(chunk)
        if self._left < 0:
            raise UnreadableInputError(
                f"{self._name} unpacks to more than {self._most:,} bytes",
                hint="if that is right, raise intake.max_unpacked_bytes, or split the file",
            )
        view[: len(chunk)] = chunk
        return len(chunk)


def _broken(name: str, error: str) -> UnreadableInputError:
    """Say why an archive cannot be unpacked; for zstd that may be how it was packed."""
    if "dictionary" in error:
        return UnreadableInputError(
            f"{name} was packed by zstd with a dictionary, which is not in the file",
            hint="unpack it where the dictionary is (unzstd -D DICTIONARY), and pack it again without one",
        )
    if "too much memory" in error or "window" in error:
        return UnreadableInputError(
            f"{name} was packed by zstd with a window of more than 128 MB (--long or --ultra)",
            hint="unpack it first (unzstd --long=31), or pack it again without --long",
        )
    return UnreadableInputError(f"{name} is a broken archive, or was not copied whole", hint="pack it again")


def packing(path: Path) -> str:
    """Return how a file is packed: ``gzip``, ``zstd`` or nothing."""
    with path.open("rb") as stream:
        head = stream.read(len(ZSTD_MAGIC))
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if head.startswith(ZSTD_MAGIC) else ""


@contextmanager
def opened(path: Path, name: str, most: int) -> Iterator[BinaryIO]:
    """Open a file for reading its content; a packed one yields at most ``most`` bytes."""
    kind = packing(path)
    with path.open("rb") as stream:
        if not kind:
            yield stream
            return
        inner = gzip.GzipFile(fileobj=stream) if kind == "gzip" else zstd.ZstdFile(stream)
        with io.BufferedReader(_Bounded(cast("BinaryIO", inner), name, most), _BUFFER_BYTES) as bounded:
            yield cast("BinaryIO", bounded)


@contextmanager
def packed(path: Path, kind: str) -> Iterator[BinaryIO]:
    """Open a file for writing, packed as ``packing`` says."""
    with path.open("wb") as stream:
        if kind == "gzip":
            # Without name and time, so that the same rows give the same file.
            with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as sink:
                yield cast("BinaryIO", sink)
        elif kind == "zstd":
            with zstd.ZstdFile(stream, "wb") as sink:
                yield cast("BinaryIO", sink)
        else:
            yield stream
