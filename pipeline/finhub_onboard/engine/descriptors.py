"""File descriptors: a run gets as many as its settings need or does not start; some are kept for its reports.

Promise: the soft limit of the process is raised as far as needed and allowed; if that is not enough there is one
:class:`ConfigurationError` with the numbers, before anything is sent. Descriptors for the reports are reserved, in case
other code uses up all others.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from finhub_onboard.errors import ConfigurationError

_PER_CALL = 2
"""A connection in flight, and one that is kept or being closed."""
_OTHERS = 128
"""Ledger, inputs, documents, reports and libraries, with a margin."""


_FOR_REPORTS = 32


def provide(max_in_flight: int) -> int:
    """Make room for so many calls under way, and return how many files may be open at least.

    Raises :class:`ConfigurationError` if the system does not allow it.
    """
    needed = _OTHERS + _PER_CALL * max_in_flight
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return needed
    most = max(0, (hard - _OTHERS) // _PER_CALL)
    fits = f"set limits.max_in_flight to {most} or less, or " if most else ""
    raise ConfigurationError(
        f"limits.max_in_flight = {max_in_flight} needs {needed} open files, and this system allows {hard}",
        hint=f"{fits}raise the limit of open files (ulimit -n, LimitNOFILE=)",
    )


@contextmanager
def set_aside() -> Iterator[None]:
    """Context manager: reserve the descriptors for the reports; they are free again after the block."""
    with ExitStack() as held:
        with suppress(OSError):
            for _ in range(_FOR_REPORTS):
                held.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        yield
