"""A clock for instants of one run that goes on evenly: durations must not follow a wall clock that somebody sets.

Promise: what it shows never goes back, and the difference of two of its instants is the time that passed, a machine's
sleep included. What must follow the wall clock (the deadline, the lock's signs of life) does not use it.
"""

import time
from collections.abc import Callable


def steady_clock(started_at: float) -> Callable[[], float]:
    """Make a clock that shows ``started_at`` (seconds, of any origin) now."""
    origin = _elapsed_s()
    return lambda: started_at + _elapsed_s() - origin


def _elapsed_s() -> float:
    """Seconds since some instant; Linux's own figure counts the sleep of the machine, too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
