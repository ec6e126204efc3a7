"""File descriptors: a run has as many as its settings ask for, or does not begin.

Promise: the soft limit of the process is raised as far as is needed and allowed; what does not fit is one
:class:`ConfigurationError` with the numbers, before anything is sent.
"""

import resource
from contextlib import suppress

from pipeline.errors import ConfigurationError

_PER_CALL = 2
"""A connection under way, and one that is kept or just being closed."""
_OTHERS = 128
"""Ledger, inputs, documents, reports, libraries: with room to spare."""


def provide(max_in_flight: int) -> None:
    """Make room for so many calls under way. Raises :class:`ConfigurationError` if the system does not allow it."""
    needed = _OTHERS + _PER_CALL * max_in_flight
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return
    most = max(0, (hard - _OTHERS) // _PER_CALL)
    fits = f"set limits.max_in_flight to {most} or less, or " if most else ""
    raise ConfigurationError(
        f"limits.max_in_flight = {max_in_flight} needs {needed} open files, and this system allows {hard}",
        hint=f"{fits}raise the limit of open files (ulimit -n, LimitNOFILE=)",
    )
