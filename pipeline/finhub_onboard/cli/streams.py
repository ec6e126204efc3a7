"""The standard streams of the command, made such that none of them can fail.

Promise: a stdout or stderr that is closed, full or broken changes neither what was done nor the exit code, for every
command and for whatever a library prints; no file that the program opens ever gets the number of a standard stream.
"""

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_PATIENCE_S = 10.0
"""How long a pipe that takes nothing for the moment is waited for."""


class _Surviving(io.FileIO):
    """A descriptor that takes what is written, for nothing once it is broken; ``on_loss`` hears of that once."""

    def __init__(self, descriptor: int, on_loss: Callable[[OSError], object]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._on_loss = on_loss
        self._is_lost = False

    def write(self, data: Any) -> int:
        """Write what can be written; the rest of a stream that broke counts as written."""
        size = memoryview(data).nbytes
        if self._is_lost:
            return size
        try:
            written = super().write(data)
            if written is None:  # a pipe that does not block, and is full
                select.select([], [self], [], _PATIENCE_S)
                written = super().write(data)
        except OSError as error:
            self._is_lost = True
            self._on_loss(error)
            return size
        return size if written is None else written


def secure() -> None:
    """Put streams that cannot fail in place of stdout and stderr. For the command only, and before it opens a file."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stderr = _surviving(2, sys.stderr, lambda _: None)
    sys.stdout = _surviving(1, sys.stdout, _say_lost)


def _surviving(descriptor: int, before: Any, on_loss: Callable[[OSError], object]) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_Surviving(descriptor, on_loss))
    encoding, errors = getattr(before, "encoding", "utf-8"), getattr(before, "errors", "backslashreplace")
    return io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True)


def _say_lost(error: OSError) -> None:
    """Say that what was asked for is not there; a reader that has gone has seen enough."""
    if error.errno != errno.EPIPE:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"warning: stdout cannot be written: {error.strerror}\n")
