"""Standard streams that cannot fail.

Promise: a stdout or stderr that is closed, full or broken changes neither what a command does nor its exit code, even
if a library prints; no file that the program opens gets the descriptor of a standard stream.
"""

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

_FULL_PIPE_TIMEOUT_S = 10.0
"""How long to wait for a pipe that is full."""


class _SafeFile(io.FileIO):
    """A descriptor that discards what is written once it is broken; ``on_loss`` is called once then."""

    def __init__(self, descriptor: int, on_loss: Callable[[OSError], object]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._on_loss = on_loss
        self._is_lost = False

    def write(self, data: Any) -> int:
        """Write what can be written; after a failure everything counts as written."""
        size = memoryview(data).nbytes
        if self._is_lost:
            return size
        try:
            written = super().write(data)
            if written is None:  # a non-blocking pipe that is full
                select.select([], [self], [], _FULL_PIPE_TIMEOUT_S)
                written = super().write(data)
        except OSError as error:
            self._is_lost = True
            self._on_loss(error)
            return size
        return size if written is None else written


_DUMB_TERMINALS = ("dumb", "unknown", "")


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal that understands styles and cursor movements."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB_TERMINALS


def wants_color(stream: TextIO) -> bool:
    """Whether to write styles: ``NO_COLOR`` forbids and ``FORCE_COLOR`` asks for them, else a terminal has them."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def secure() -> None:
    """Replace stdout and stderr by streams that cannot fail. For the command only, before it opens any file."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stderr = _safe_stream(2, sys.stderr, lambda _: None)
    sys.stdout = _safe_stream(1, sys.stdout, _warn_of_loss)


def _safe_stream(descriptor: int, before: Any, on_loss: Callable[[OSError], object]) -> io.TextIOWrapper:
    buffer = io.BufferedWriter(_SafeFile(descriptor, on_loss))
    encoding, errors = getattr(before, "encoding", "utf-8"), getattr(before, "errors", "backslashreplace")
    return io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True)


def _warn_of_loss(error: OSError) -> None:
    """Warn that the output is incomplete, unless the reader closed the pipe on purpose."""
    if error.errno != errno.EPIPE:
        with suppress(OSError, ValueError):
            sys.stderr.write(f"warning: stdout cannot be written: {error.strerror}\n")
