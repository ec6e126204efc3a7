"""One run at a time: a lock beside the ledger that the operating system gives back when its holder dies.

Promises: the lock of a dead run is free at once; who is refused learns who holds it and since when; somebody who only
looks does not keep a run out.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from pipeline.errors import LedgerError, LockedError

_LOOK_S = 0.5
_AGAIN_S = 0.02


@contextmanager
def hold(ledger: Path) -> Iterator[None]:
    """Hold the lock of ``ledger``. Raises :class:`LockedError` that says who holds it and since when."""
    with closing(_open(_path(ledger))) as handle:
        if not _take(handle):
            raise LockedError(
                f"another run holds the ledger {ledger}: {_who(handle)}",
                hint="wait until it ends, or stop it; `onboard status` shows it",
            )
        handle.truncate(0)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        handle.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
        handle.flush()
        yield
        handle.truncate(0)


def holder(ledger: Path) -> str:
    """Who holds the lock now; empty if nobody does."""
    path = _path(ledger)
    if not path.exists():
        return ""
    with closing(_open(path)) as handle:
        return "" if _flock(handle, fcntl.LOCK_SH) else _who(handle)


def _take(handle: TextIO) -> bool:
    """Take the lock. Somebody who only looks has it for a moment: a run is known by its holder not giving way."""
    until = time.monotonic() + _LOOK_S
    while not _flock(handle, fcntl.LOCK_EX):
        # Those who look share the lock; a run shares it with nobody.
        if not _flock(handle, fcntl.LOCK_SH) or time.monotonic() > until:
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        time.sleep(_AGAIN_S)
    return True


def _flock(handle: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _who(handle: TextIO) -> str:
    handle.seek(0)
    return handle.read().strip() or "another run"


def _path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")


def _open(path: Path) -> TextIO:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise LedgerError(
            f"cannot make the lock {path}: {error.strerror}", hint="check that the folder exists and who may write it"
        ) from None
