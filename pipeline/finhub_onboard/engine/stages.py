"""The stages of a command in which no customer is carried: how far each is, emitted now and then while it lasts.

A thread of its own looks, because what such a stage does is blocking work on another thread, or the command's own.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from finhub_onboard.events import Handler, StageProgress

_INTERVAL_S = 0.5


@contextmanager
def stage(
    name: str, emit: Handler, *, rows: int | None = None, interval_s: float = _INTERVAL_S
) -> Iterator[Callable[[int], None]]:
    """Context manager: yield what takes the number of rows done so far, and emit it once per interval.

    ``rows``: of how many, where that is known. A stage shorter than an interval emits nothing; nothing is emitted after
    its end.
    """
    done, began = 0, time.monotonic()
    over = threading.Event()

    def reached(number: int) -> None:
        nonlocal done
        done = number

    def watch() -> None:
        while not over.wait(interval_s):
            emit(StageProgress(stage=name, rows_done=done, rows_total=rows, seconds=time.monotonic() - began))

    # A daemon: a stage that hangs in a dead file system must not keep the process alive.
    watching = threading.Thread(target=watch, name=f"stage-{name}", daemon=True)
    watching.start()
    try:
        yield reached
    finally:
        over.set()
        watching.join()
