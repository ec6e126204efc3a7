"""By how much the bank's clock is ahead: never more than the truth, and less by a second at most."""

from email.utils import formatdate
from random import Random

import pytest

from pipeline.outbound.clocks import BankClock


def date(at: float) -> str:
    """Write an instant as the header does."""
    return formatdate(at // 1, usegmt=True)


@pytest.mark.parametrize("ahead", [0.0, 0.4, -0.4, 5.3, -7200.0, 86_400.5])
def test_the_measure_is_never_more_than_the_truth(ahead: float) -> None:
    """After some answers it is right to a second, whatever the clocks show."""
    chance, clock, now = Random(5), BankClock(), 1_777_885_200.0
    for _ in range(200):
        sent = now = now + chance.random()
        written = sent + 0.05 * chance.random()
        received = now = written + 0.05 * chance.random()
        clock.note(date(written + ahead), sent_at=sent, received_at=received)
        assert clock.ahead_s <= ahead + 1e-6
    assert clock.ahead_s > ahead - 1.1


@pytest.mark.parametrize("said", [None, "", "soon", "Mon, 99 Foo 2026 99:00:00 GMT", "0", "9" * 30])
def test_without_a_date_nothing_is_known(said: str | None) -> None:
    """Zero is the answer then, and nothing is raised."""
    clock = BankClock()
    clock.note(said, sent_at=1.0, received_at=2.0)
    assert clock.ahead_s == 0.0


def test_a_clock_that_was_set_is_measured_anew() -> None:
    """What was learned before contradicts the newest answer: that one counts."""
    clock = BankClock()
    clock.note(date(1000.0), sent_at=1000.0, received_at=1000.1)
    assert clock.ahead_s == pytest.approx(-0.1)
    clock.note(date(500.0), sent_at=1001.0, received_at=1001.1)
    assert clock.ahead_s == pytest.approx(-501.1)
    clock.note(date(2000.0), sent_at=1002.0, received_at=1002.1)
    assert clock.ahead_s == pytest.approx(997.9)
