"""How the process of a command handles its memory: less often searched, and held once for all threads.

For the command only: a program that calls the Python API decides for itself.
"""

import ctypes
import gc
from contextlib import suppress

_SEARCHES = (20_000, 50, 1000)
"""How seldom the collector looks for garbage in each generation: calls and rows leave nearly none, and a search of all
that lives holds the event loop."""
_M_ARENA_MAX = -8
_ARENAS = 2
"""Heaps of the C library. It makes one for nearly each thread, and each keeps what its thread once needed: a sixth of
the memory of a night of 300,000 rows."""


def tune() -> None:
    """Set both for this process, before it starts threads; what a C library does not know is left alone."""
    gc.set_threshold(*_SEARCHES)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
