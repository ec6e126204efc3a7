"""What a run can see of its calls, by a clock that the test sets."""

import pytest

from finhub_onboard.outbound.pacing.counters import Counters


class Clock:
    """Stands until it is set."""

    now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_requests_are_counted_in_all_in_the_last_second_and_as_a_mean() -> None:
    """The mean is from the first request to the last."""
    clock = Clock()
    counters = Counters(clock)
    assert (counters.total, counters.max_in_1s, counters.in_last_second) == (0, 0, 0)
    for moment in (100.0, 100.2, 100.4, 101.0, 103.0):
        counters.sent(moment)
    clock.now = 103.5
    assert (counters.total, counters.max_in_1s, counters.in_last_second) == (5, 3, 1)
    assert counters.mean_rate == pytest.approx(4 / 3)
    clock.now = 104.0
    assert counters.in_last_second == 0


def test_the_bank_is_silent_from_the_first_call_under_way_or_its_last_answer() -> None:
    """With nothing under way nobody waits; an answer of any kind breaks the silence."""
    clock = Clock()
    counters = Counters(clock)
    assert counters.silent_s == 0
    counters.began(100.0)
    clock.now = 103.0
    counters.began(103.0)
    assert counters.silent_s == 3.0
    counters.refused(103.0, is_new_burst=True)
    clock.now = 104.0
    assert counters.silent_s == 1.0
    counters.accepted(104.0)
    assert counters.silent_s == 0
    clock.now = 110.0
    counters.ended()
    assert counters.silent_s == 6.0
    counters.ended()
    assert counters.silent_s == 0


def test_refusals_are_counted_by_bursts_until_the_bank_accepts_a_call() -> None:
    """Those of one burst count once."""
    counters = Counters(Clock())
    for is_new_burst in (True, False, True):
        counters.refused(100.0, is_new_burst=is_new_burst)
    assert counters.refusals == 2
    counters.accepted(100.0)
    assert counters.refusals == 0
