"""The window of a second, by a clock that the test sets."""

import pytest

from finhub_onboard.outbound.pacing.ports import Permit
from finhub_onboard.outbound.pacing.window import _GUARD_S as GUARD_S
from finhub_onboard.outbound.pacing.window import POLL_S, Window


def test_a_call_is_in_it_from_its_permit_to_a_second_after_it_left() -> None:
    """What has its permit and has not left stays, however long that takes."""
    window, permit = Window(1, lambda _: 0.0), Permit(at=10.0)
    assert window.full_s(10.0) == 0
    window.add(permit)
    assert window.full_s(10.0) == pytest.approx(1 + GUARD_S)
    assert window.full_s(15.0) == pytest.approx(POLL_S)
    permit.at, permit.is_written = 15.0, True
    assert window.full_s(15.2) == pytest.approx(0.8 + GUARD_S)
    assert window.full_s(16.01) == 0


def test_a_call_that_arrived_late_stays_as_much_longer() -> None:
    """As long as nothing is known of its arrival, by how long it is under way; then by what was found."""
    window, permit = Window(1, lambda took_s: took_s / 2), Permit(at=10.0, is_written=True)
    window.add(permit)
    assert window.full_s(12.0) == pytest.approx(GUARD_S)
    permit.late_s = 0.0
    assert window.full_s(12.1) == 0


def test_a_call_that_was_not_sent_makes_room() -> None:
    """It is released, and leaves when a call of that time would."""
    window, permit = Window(1, lambda _: 0.5), Permit(at=10.0)
    window.add(permit)
    permit.release()
    assert window.full_s(10.5) == pytest.approx(0.5 + GUARD_S)
    assert window.full_s(11.01) == 0


@pytest.mark.parametrize(("rate", "most", "seconds"), [(3.9, 3, 1.0), (1, 1, 1.0), (0.2, 1, 5.0)])
def test_how_many_fit(rate: float, most: int, seconds: float) -> None:
    """A fraction is rounded down; below one a second one call fits into a longer window."""
    window = Window(rate, lambda _: 0.0)
    for number in range(most):
        assert window.full_s(10.0) == 0, number
        window.add(Permit(at=10.0, is_written=True))
    assert window.full_s(10.0) == pytest.approx(seconds, abs=0.01)


def test_a_lower_rate_counts_the_calls_before_it() -> None:
    """Nothing leaves until as few are in the last second as it allows."""
    window = Window(3, lambda _: 0.0)
    for at in (10.0, 10.3, 10.6):
        window.add(Permit(at=at, is_written=True, late_s=0.0))
    window.change(1, 10.7)
    assert window.full_s(11.1) > 0
    assert window.full_s(11.4) > 0
    assert window.full_s(11.61) == 0
    window.change(2, 11.61)
    window.add(Permit(at=11.61, is_written=True, late_s=0.0))
    assert window.full_s(11.61) == 0


def test_a_rate_below_one_a_second_begins_with_its_pause() -> None:
    """What left before the last second is forgotten, and may be too near for it."""
    window = Window(1, lambda _: 0.0)
    window.change(0.2, 10.0)
    assert window.full_s(10.0) == pytest.approx(5 + GUARD_S)


def test_a_permit_is_given_early_and_used_once_it_fits() -> None:
    """A call waits for those whose permits are older, written or not, and for none whose permit is younger."""
    window = Window(2, lambda _: 0.0)
    first, second = (Permit(at=at, is_written=True, late_s=0.0) for at in (10.0, 10.5))
    window.add(first)
    window.add(second)
    assert window.full_s(10.99) == pytest.approx(0.01 + GUARD_S)
    assert window.full_s(10.99, 0.02) == 0
    early, younger = Permit(at=10.99), Permit(at=10.99)
    early.number = window.add(early)
    assert window.full_s(10.99, 0.02) == pytest.approx(0.49 + GUARD_S)  # the next one fits when the second has left
    younger.number = window.add(younger)
    assert window.due_s(early, 10.99) == pytest.approx(0.01 + GUARD_S)
    assert window.due_s(younger, 10.99) == pytest.approx(0.51 + GUARD_S)
    assert window.due_s(early, 11.006) == 0
    assert window.due_s(younger, 11.51) == 0, "one who waits counts as well as one who was written"


def test_who_waits_longer_than_a_second_counts_those_who_are_there() -> None:
    """Calls with later permits that were written and have left again do not make up for others that are there."""
    window = Window(2, lambda _: 0.0)
    first, second, slow, quick = (Permit(at=10.0) for _ in range(4))
    for permit in (first, second, slow, quick):
        permit.number = window.add(permit)
    for permit, at in ((quick, 10.1), (first, 11.5), (second, 11.5)):
        permit.at, permit.is_written, permit.late_s = at, True, 0.0
    assert window.due_s(slow, 11.6) > 0


def test_no_permit_comes_early_for_a_call_that_has_not_left() -> None:
    """When it will leave is not known, so whoever came next would wait with an intent for long."""
    window = Window(1, lambda _: 0.0)
    window.add(Permit(at=10.0))
    assert window.full_s(12.0, 0.02) == pytest.approx(POLL_S)
    assert window.full_s(12.09, 0.02) == pytest.approx(POLL_S - 0.09)
