import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext

import pytest

from finhub_onboard.intake import pipelined
from finhub_onboard.intake.pipelined import batch_share, group_items, map_in_order, read_ahead


def failing(after: int) -> Iterator[int]:
    """Yield numbers, then fail."""
    yield from range(after)
    raise ValueError("the disk is gone")


def test_results_come_in_the_order_of_their_items() -> None:
    """A slow item does not let a quick one pass."""

    def slow_now_and_then(number: int) -> int:
        time.sleep(0.01 * (number % 3 == 0))
        return number

    assert list(map_in_order(slow_now_and_then, iter(range(20)))) == list(range(20))
    assert list(read_ahead(iter(range(20)))) == list(range(20))
    assert list(map_in_order(str, iter(()))) == list(read_ahead(iter(()))) == []


def test_items_that_are_false_are_items() -> None:
    """Nothing is taken for the end but the end."""
    assert list(read_ahead(iter([0, None, "", []]))) == [0, None, "", []]
    assert list(map_in_order(bool, iter([0, None, ""]))) == [False] * 3


@pytest.mark.parametrize("after", [0, 1, 2, 3, 7])
def test_an_error_comes_where_its_item_was(after: int) -> None:
    """What came before it is yielded first, by the reader as by the worker."""
    for results in (map_in_order(lambda n: n, failing(after)), read_ahead(failing(after))):
        found: list[int] = []
        with pytest.raises(ValueError, match="disk"):
            found.extend(results)  # extend keeps what came before the error
        assert found == list(range(after))


def test_no_more_is_held_than_said() -> None:
    """The reader stays a few items ahead of who uses them, however many there are."""
    made = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    for used, _ in enumerate(map_in_order(lambda n: n, read_ahead(numbers()))):
        assert len(made) <= used + 6


class Pool:
    """Makes results at once, and says whether they are made."""

    def __init__(self, *, is_fast: bool) -> None:
        self._is_fast = is_fast

    def submit(self, function: Callable[[int], int], number: int) -> "Future[int]":
        """Return a future that has its result, whatever it says."""
        future: Future[int] = Future()
        future.set_result(function(number))
        future.done = lambda: self._is_fast  # type: ignore[method-assign]
        return future


@pytest.mark.parametrize(("is_fast", "ahead"), [(True, 1), (False, 2)])
def test_who_is_slower_than_the_workers_has_one_result_ahead(
    monkeypatch: pytest.MonkeyPatch, *, is_fast: bool, ahead: int
) -> None:
    """Batches that wait for the bank cost memory; who waits for batches has all workers at work."""
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    monkeypatch.setattr(pipelined, "workers", lambda _: nullcontext(Pool(is_fast=is_fast)))
    for used in map_in_order(make, iter(range(20))):
        if used and used < 20 - ahead:  # nothing is known of the caller before the first
            assert len(made) == used + 1 + ahead


def test_who_stops_early_leaves_no_thread() -> None:
    """A pass that is not read to its end ends its threads, by themselves."""
    before = threading.active_count()
    results = map_in_order(lambda n: n, read_ahead(iter(range(100))))
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 30
    while threading.active_count() > before + 1:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_who_stops_early_waits_for_nothing_that_is_under_way() -> None:
    """A signal must not wait for the judging of batches that nobody wants any more; what waits is dropped."""
    released = threading.Event()
    begun: list[int] = []

    def hold(number: int) -> int:
        begun.append(number)
        if number:
            released.wait(30)
        return number

    results = map_in_order(hold, iter(range(100)))
    assert next(results) == 0
    started = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 20
    assert not released.is_set()
    released.set()
    assert len(begun) <= 3


def test_a_batch_is_a_share_of_what_may_be_held() -> None:
    """Small settings still give batches of one row."""
    assert [batch_share(rows) for rows in (1, 2, 9, 100_000)] == [1, 1, 2, 30_000]


def test_items_are_gathered_until_there_are_enough() -> None:
    """None is left out, and one that is large enough alone is a group of its own, with nothing before it."""
    assert list(group_items(iter([1, 1, 3, 1, 5, 9, 2]), lambda size: size, 5)) == [[1, 1, 3], [1], [5], [9], [2]]
    assert list(group_items(iter([4, 9]), lambda size: size, 5)) == [[4], [9]]
    assert list(group_items(iter([]), len, 5)) == []
