"""Whose fault a refused category is gets looked up beside the loop."""

import threading
from collections.abc import Callable

import pytest

from finhub_onboard.engine.other_categories import OtherCategories
from tests.sandbox.support import until

BAD = frozenset({"bad"})


def test_it_answers_at_once_and_looks_once() -> None:
    """None while the look goes on, then what it found; another set of categories is looked up for itself."""
    may_end, looks = threading.Event(), []

    def look(refused: frozenset[str], _: Callable[[], bool]) -> bool:
        looks.append(refused)
        assert may_end.wait(30)
        return "worse" not in refused

    others = OtherCategories(look)
    assert [others(BAD), others(BAD)] == [None, None]
    may_end.set()
    until(lambda: others(BAD) is not None)
    assert others(BAD) is True
    until(lambda: others(BAD | {"worse"}) is not None)
    assert others(BAD | {"worse"}) is False
    assert looks == [BAD, BAD | {"worse"}]


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_look_that_fails_proves_nothing(error: type[Exception]) -> None:
    """An input that is gone: the refusal stays the rows' own."""

    def look(_: frozenset[str], __: Callable[[], bool]) -> bool:
        raise error

    others = OtherCategories(look)
    until(lambda: others(BAD) is not None)
    assert others(BAD) is True


def test_a_look_ends_with_the_run() -> None:
    """Whoever reads a long input is told that nobody wants to know any more."""
    ended = threading.Event()

    def look(_: frozenset[str], is_wanted: Callable[[], bool]) -> bool:
        until(lambda: not is_wanted(), 30)
        ended.set()
        return True

    others = OtherCategories(look)
    assert others(BAD) is None
    others.close()
    assert ended.wait(30)
