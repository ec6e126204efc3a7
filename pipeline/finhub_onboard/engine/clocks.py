"""A steady clock for the instants of a run: durations must not jump when the wall clock is set.

Promise: it never goes back, and differences are elapsed time including the machine's sleep. The deadline and the
heartbeats of the lease must follow the wall clock and do not use it.
"""

import time
from collections.abc import Callable
from functools import partial


def steady_clock(started_at: float) -> Callable[[], float]:
    """Make a clock that reads ``started_at`` (seconds, of any origin) now."""
    origin = _elapsed_s()
    return lambda: started_at + _elapsed_s() - origin


# Seconds since a fixed instant; on Linux including the machine's sleep.
_elapsed_s: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
