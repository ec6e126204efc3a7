"""A disk below the real command that fails on demand: ``python -m tests.acceptance.faulty_disk …`` is ``onboard …``.

SQLite lets the system calls of its files be replaced (``xSetSystemCall``); so do we, and those of our own looks at the
ledger as well. ``FAULTS`` names a file with one line, ``CALL ERROR TIMES``, such as ``pread EIO 3`` or
``pwrite ENOSPC -1`` (for ever, until the line is taken away); without a line nothing fails. ``FAULTS.log`` gets a line
for each call that failed. ``stat`` fails for whoever looks where the ledger is, as if its mount were gone. Needs
neither root nor a compiler. The program itself knows nothing of all this.
"""

import _sqlite3  # the module that SQLite is linked to
import ctypes
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from finhub_onboard.cli import main as cli

_POINTERS_BEFORE = 15
"""Of ``sqlite3_vfs``: pNext, zName, pAppData and twelve methods, before xCurrentTimeInt64 and xSetSystemCall."""


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("size", ctypes.c_int),
        ("longest", ctypes.c_int),
        ("before", ctypes.c_void_p * _POINTERS_BEFORE),
        ("current_time", ctypes.c_void_p),
        ("set_system_call", ctypes.c_void_p),
        ("get_system_call", ctypes.c_void_p),
    )


_SIZE, _FD, _ANY, _PLACE = ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_longlong
_CALLS = {
    "pread": ctypes.CFUNCTYPE(_SIZE, _FD, _ANY, ctypes.c_size_t, _PLACE, use_errno=True),
    "pwrite": ctypes.CFUNCTYPE(_SIZE, _FD, _ANY, ctypes.c_size_t, _PLACE, use_errno=True),
    "open": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, use_errno=True),
    "fstat": ctypes.CFUNCTYPE(ctypes.c_int, _FD, _ANY, use_errno=True),
}
_kept: list[Any] = []


def is_possible() -> bool:
    """Whether this interpreter's SQLite is a library that can be reached."""
    try:
        return bool(ctypes.CDLL(_sqlite3.__file__).sqlite3_vfs_find)
    except (AttributeError, OSError):
        return False


class Faults:
    """What fails now, and how often still."""

    def __init__(self, control: Path, ledger: str) -> None:
        self._control, self._log, self.ledger = control, control.with_name("FAULTS.log"), ledger
        self._line, self._left = "", 0
        self._one = threading.Lock()

    def strikes(self, call: str) -> int:
        """The error of this call; 0: none."""
        try:
            with self._one, open(self._control, encoding="ascii") as control:  # noqa: PTH123 - Path is replaced here
                line = control.read().strip()
                if line != self._line:
                    self._line, self._left = line, int(line.split()[2]) if line else 0
                named, name, _ = line.split() if line else ("", "", "")
                if self._left == 0 or call not in named.split("+"):
                    return 0
                self._left -= 1
        except FileNotFoundError:
            return 0
        with open(self._log, "a", encoding="ascii") as log:  # noqa: PTH123
            log.write(f"{call} {name}\n")
        return int(getattr(errno, name))


def install(faults: Faults) -> None:
    """Put the faults below SQLite, and below our own looks at the ledger's file."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None)
    get = ctypes.CFUNCTYPE(_ANY, _ANY, ctypes.c_char_p)(vfs.contents.get_system_call)
    put = ctypes.CFUNCTYPE(ctypes.c_int, _ANY, ctypes.c_char_p, _ANY)(vfs.contents.set_system_call)
    for call, kind in _CALLS.items():
        for name in (call, f"{call}64"):
            if real := get(vfs, name.encode()):
                faulty = kind(_faulty(faults, call, kind(real)))
                _kept.append(faulty)
                put(vfs, name.encode(), ctypes.cast(faulty, _ANY))
    mock.patch.object(os, "pread", _looking(faults, "pread", os.pread)).start()
    mock.patch.object(Path, "stat", _looking(faults, "stat", Path.stat)).start()


def _faulty(faults: Faults, call: str, real: Callable[..., int]) -> Callable[..., int]:
    def instead(*arguments: Any) -> int:
        if code := faults.strikes(call):
            ctypes.set_errno(code)
            return -1
        return real(*arguments)

    return instead


def _looking(faults: Faults, call: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def instead(*arguments: Any, **options: Any) -> Any:
        is_ours = call == "pread" or str(arguments[0]) == faults.ledger
        if is_ours and (code := faults.strikes(call)):
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    return instead


def main() -> None:
    """``onboard`` on the faulty disk."""
    install(Faults(Path(os.environ["FAULTS"]), os.environ["FAULTS_LEDGER"]))
    cli.main()


if __name__ == "__main__":
    main()
