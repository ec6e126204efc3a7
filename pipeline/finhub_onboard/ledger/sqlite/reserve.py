"""Disk space reserved beside the ledger, and freed when the disk is full, so that answers can be written.

A file ``<ledger>.reserve`` holds it during a run; the file of a killed run is reused. Promises: the space is really
allocated (no sparse file); a run with hardly any free space is refused before anything is sent. Whoever frees the space
must stop the run.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import disk_usage

from finhub_onboard.errors import ConfigurationError

_FOR_ONE = 96 * 1024
"""Bytes for one call in flight: its intent, its outcome and its customer's last state, each on pages of their own; and
the last state of three customers who wait for a permit meanwhile."""
_FOR_ALL = 1024 * 1024
_LEAST = 64 * 1024
_BLOCK = 64 * 1024


class Reserve:
    """The reserve of the ledger at ``ledger``: ``size`` bytes are allocated, ``wanted`` certainly suffice."""

    def __init__(self, ledger: Path, *, max_in_flight: int) -> None:
        self._ledger = ledger
        self._path = ledger.with_name(f"{ledger.name}.reserve")
        self.wanted = _FOR_ALL + _FOR_ONE * max_in_flight
        self.size = 0
        self._is_held = False

    def allocate(self) -> None:
        """Allocate the space, or half of what is free. Raises :class:`ConfigurationError` if that is too little."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        except OSError as error:
            self._refuse_if_full(error)
            return
        try:
            self._fill(descriptor)
        except OSError as error:
            self.close()
            self._refuse_if_full(error)
        finally:
            os.close(descriptor)

    def give_up(self) -> bool:
        """Free the space; return whether there was any. From any thread."""
        held, self._is_held = self._is_held, False
        if held:
            self.size = 0
            with suppress(OSError):
                self._path.unlink()
        return held

    def close(self) -> None:
        """Free the space: no call is in flight any more."""
        self.give_up()

    def _fill(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        self._is_held = True
        disk = os.statvfs(descriptor)
        left = disk.f_bavail * disk.f_frsize + status.st_blocks * 512
        size = min(self.wanted, left // 2)
        if size < _LEAST:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(descriptor, min(size, status.st_size))
        _allocate(descriptor, size)
        self.size = size

    def _refuse_if_full(self, error: OSError) -> None:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ConfigurationError(
                f"the disk of the ledger {self._ledger} is full: what a run does could not be written down",
                hint=f"make room, {self.wanted >> 20} MB or more; nothing was sent, and the same command goes on",
            ) from None


def _allocate(descriptor: int, size: int) -> None:
    """Make the file that large in blocks of the disk; where the system cannot promise them, by writing it."""
    with suppress(AttributeError):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
        else:
            return
    written = 0
    while written < size:
        written += os.pwrite(descriptor, os.urandom(min(_BLOCK, size - written)), written)


@contextmanager
def reserved(ledger: Path, max_in_flight: int, say: Callable[[str], None]) -> Iterator[Reserve]:
    """Context manager: reserve space for so many calls; ``say`` is called if it is less than they may need."""
    with closing(Reserve(ledger, max_in_flight=max_in_flight)) as reserve:
        reserve.allocate()
        if reserve.size < reserve.wanted:
            kept = f"{reserve.size >> 10} of {reserve.wanted >> 10} KB could be set aside beside the ledger"
            say(f"{kept}: if the disk fills up, answers may be lost and their rows in doubt")
        yield reserve


def describe_room(ledger: Path, max_in_flight: int) -> str:
    """Describe the free space beside the ledger. Raises :class:`ConfigurationError` if it may be too little."""
    wanted, free = Reserve(ledger, max_in_flight=max_in_flight).wanted, disk_usage(ledger.parent).free
    free_space = f"{free >> 20:,} MB are free beside the ledger"
    if free < wanted:
        raise ConfigurationError(f"{free_space}, {wanted >> 10:,} KB are needed for the last answers", hint="make room")
    return free_space
