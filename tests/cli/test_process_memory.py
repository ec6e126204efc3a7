"""A command's process has few heaps and a patient collector, and begins also where neither can be set."""

import ctypes
import gc
from collections.abc import Iterator

import pytest

from finhub_onboard.cli import process_memory


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the collector of the tests as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_c_library_is_asked_for_two_heaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any thread begins; and the collector searches seldom."""
    asked: list[tuple[int, int]] = []

    class Library:
        """A C library that notes what it is asked for."""

        def mallopt(self, option: int, value: int) -> None:
            """Note it."""
            asked.append((option, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    process_memory.tune()
    assert asked == [(-8, 2)]
    assert gc.get_threshold() == (20_000, 50, 1000)


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_a_c_library_without_heaps_is_left_alone(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Some have no mallopt, and some systems no library to ask."""

    def refuse(_: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    process_memory.tune()
