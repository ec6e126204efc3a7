"""Batches on two cores: the next one is read, and those read are judged, while another is used.

Promises: results come in the order of their items, and an error where its item was; what is held at once is bounded;
who stops early does not wait for what is under way.
(polars and the checks leave the interpreter free most of the time, so that threads are enough.) Knows nothing of what
is done.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_WORKERS = 2
_BATCH_SHARE = 2 / 3


def batch_share(rows: int) -> int:
    """Return the rows of one batch, when several are held at once."""
    return max(1, int(rows * _BATCH_SHARE))


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Run a pool of threads; whoever leaves early, as a signal makes them, waits for no work that is under way.

    Its results are not wanted any more: what waits is dropped, and a thread ends by itself with what it has in hand.
    """
    pool = ThreadPoolExecutor(max_workers=count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items, the next one being made meanwhile."""
    with workers(1) as reader:
        following = reader.submit(_take_next, items)
        while found := following.result():
            following = reader.submit(_take_next, items)
            yield found[0]


def map_in_order(function: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
    """Yield ``function`` of each item, several being worked on at once."""
    failure: Exception | None = None
    with workers(_WORKERS) as pool:
        waiting: deque[Future[R]] = deque()
        while True:
            try:
                found = _take_next(items)
            except Exception as error:  # noqa: BLE001 - it is raised where its item would be
                failure = error
                break
            if not found:
                break
            waiting.append(pool.submit(function, found[0]))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    if failure:
        raise failure


def group_items(
    items: Iterator[T], size: Callable[[T], int], enough: int, *, alike: Callable[[T], object] = lambda _: None
) -> Iterator[list[T]]:
    """Yield items in groups of so large together or nearly: what each costs beside its size is paid once.

    A group is larger only if it is one item. Only consecutive items that are ``alike``, by equal answers, share one.
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
    """Return the next item in a tuple of its own, nothing at the end."""
    for item in items:
        return (item,)
    return None
