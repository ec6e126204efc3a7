"""Refuses a second copy of a ledger on the same machine, because neither copy knows the other's entries.

The lock inside the ledger is copied with it, so this one is a lock file in the system's folder for temporary files,
named by the ledger's id. Promise: it is released when its process ends, and never blocks two runs of the same file,
which the ledger's own lock decides: a suspended run holds this one and may still be taken over. Does not see copies on
other machines or of other users; where the folder cannot be used nothing is refused.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finhub_onboard.errors import LockedError


@contextmanager
def only_copy(ledger_id: str, path: Path) -> Iterator[None]:
    """Hold the lock file of the ledger's id. Raises :class:`LockedError` that names the other copy."""
    descriptor = _opened(ledger_id)
    if descriptor is None:
        yield
        return
    here = os.path.realpath(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.fsdecode(os.pread(descriptor, 4096, 0)) or "somewhere"
            if other == here:
                yield
                return
            raise LockedError(
                f"a copy of the ledger {path} is at work: {other}",
                hint="wait until it ends; two copies do not know of each other, so work with one and remove the other",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(here), 0)
        yield
    finally:
        os.close(descriptor)


def _opened(ledger_id: str) -> int | None:
    folder = Path(tempfile.gettempdir()) / f"finhub-onboard-ledgers-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            return None
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(folder / f"{ledger_id}.lock", flags, 0o600)
    return None
