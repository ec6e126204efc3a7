"""A gateway answers for the bank for a moment: nobody fails for good, nobody is claimed, everybody is onboarded.

``python -m tests.benchmarks.bench_gateway`` does the same at full size.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.gateway_window import PAGES, Course, Window, carry
from tests.support import typical

ROWS, RATE = 60, 250
"""Two seconds of calls and more: the window lies within them also on a machine that is slow to begin."""
MIDDLE = Window(from_s=0.5, for_s=1.0)
START = Window(from_s=0.0, for_s=0.6)
_ATTEMPTS = 3


def struck(rows: int, page: tuple[int, str], window: Window, folder: Path) -> Course:
    """Carry rows through the window, and through a longer one if the machine stood still and no call fell into it."""
    for attempt in range(_ATTEMPTS):
        place = folder / str(attempt)
        place.mkdir()
        course = carry(rows, RATE, page, replace(window, for_s=window.for_s * 2**attempt), place)
        if course.struck:
            return course
    raise AssertionError("no call fell into the window")


@pytest.mark.parametrize("page", typical(PAGES, "maintenance_200"))
def test_a_page_in_the_middle_of_a_run_costs_nobody(page: str, tmp_path: Path) -> None:
    """Every call gets it for a second: all onboarded after at most one more run, and the bank agrees."""
    course = struck(ROWS, PAGES[page], MIDDLE, tmp_path)
    assert course.wrong == []
    assert course.exits[-1] == 0


STARTS = ("maintenance_200", "redirect_302", "firewall_403", "empty_499")


@pytest.mark.parametrize("name", typical(STARTS, "redirect_302", "firewall_403"))
def test_a_run_that_begins_behind_such_a_page_waits(name: str, tmp_path: Path) -> None:
    """The first log-in gets the page: that is no refusal of the credentials, and the run goes on once it is gone."""
    course = struck(10, PAGES[name], START, tmp_path)
    assert course.wrong == []
    assert course.exits == [0]
