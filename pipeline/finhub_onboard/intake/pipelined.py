"""Reads and judges batches in threads, ahead of their use.

Promises: results come in the order of the items, and an error is raised in the place of its item; a bounded number of
items is held; a caller who stops early does not wait for running work. Threads are enough, because polars releases the
GIL most of the time. Knows nothing of the work.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_WORKERS = 2
_BATCH_SHARE = 0.3
"""Of ``batch_rows``: up to four batches are held. Half of them would be 5 % faster, and take 90 MB more."""


def batch_share(rows: int) -> int:
    """Return the rows of one batch, given that several are held at once."""
    return max(1, int(rows * _BATCH_SHARE))


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Context manager: a pool of threads. On an exception, such as that of a signal, it does not wait for running work.

    Waiting work is cancelled; each thread ends after the item that it is working on.
    """
    pool = ThreadPoolExecutor(max_workers=count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items; produce the next one in a thread while the caller uses this one."""
    with workers(1) as reader:
        following = reader.submit(_take_next, items)
        while item := following.result():
            following = reader.submit(_take_next, items)
            yield item[0]


def map_in_order(function: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
    """Yield ``function(item)`` for each item, in order; several calls run at once."""
    failure: Exception | None = None
    is_over = False
    with workers(_WORKERS) as pool:
        waiting: deque[Future[R]] = deque()
        while True:
            # A caller who finds all results made is slower than the workers: one ahead is enough, and saves memory.
            ahead = 1 if all(future.done() for future in waiting) else _WORKERS
            while not is_over and len(waiting) <= ahead:
                try:
                    item = _take_next(items)
                except Exception as error:  # noqa: BLE001 - raised below, in the place of its item
                    item, failure = None, error
                if item:
                    waiting.append(pool.submit(function, item[0]))
                is_over = not item
            if not waiting:
                break
            yield waiting.popleft().result()
    if failure:
        raise failure


def group_items(
    items: Iterator[T], size: Callable[[T], int], enough: int, *, alike: Callable[[T], object] = lambda _: None
) -> Iterator[list[T]]:
    """Yield consecutive items in groups with a total size of up to ``enough``, to share their fixed costs.

    A single item may be larger. Items share a group only if ``alike`` returns the same for them.
    """
    group: list[T] = []
    together = 0
    for item in items:
        if group and (together + size(item) > enough or alike(item) != alike(group[0])):
            yield group
            group, together = [], 0
        group.append(item)
        together += size(item)
        if together >= enough:
            yield group
            group, together = [], 0
    if group:
        yield group


def _take_next(items: Iterator[T]) -> tuple[T] | None:
    """Return a tuple of the next item, or None at the end."""
    for item in items:
        return (item,)
    return None
