"""How far the bank's clock is ahead: equal while it may be, else never more than the truth and close to it."""

from email.utils import formatdate
from math import floor
from random import Random

import pytest

from finhub_onboard.outbound.bank_clock import BankClock

NOW = 1_777_885_500.25


def noted(clock: BankClock, ahead_s: float, sent_at: float, travels_s: float = 0.1) -> None:
    """Let the clock see an answer that was written half-way by a bank that is ``ahead_s`` ahead."""
    written_at = sent_at + travels_s / 2
    date = formatdate(floor(written_at + ahead_s), usegmt=True)
    clock.note(date, sent_at=sent_at, received_at=sent_at + travels_s)


def test_nothing_is_known_at_first() -> None:
    """Without an answer the clocks are taken for equal."""
    assert BankClock().ahead_s == 0


@pytest.mark.parametrize("ahead_s", [-7200, -90.5, -0.3, 0, 0.4, 3, 7200])
def test_it_is_never_more_than_the_truth_and_close_to_it(ahead_s: float) -> None:
    """An instant of ours plus the figure is never later than the same instant by the bank's clock."""
    chance = Random(7)
    clock = BankClock()
    at = NOW
    for _ in range(200):
        noted(clock, ahead_s, at, travels_s=chance.uniform(0.01, 0.4))
        assert clock.ahead_s <= ahead_s + 1e-6 or clock.ahead_s == 0
        at += chance.uniform(0.05, 1.5)
    assert clock.ahead_s > ahead_s - 0.3


def test_clocks_that_may_be_equal_are_taken_for_equal() -> None:
    """One answer leaves a second open: whoever was made in the second before ours is not taken for ours."""
    clock = BankClock()
    noted(clock, 0, NOW + 0.6)
    assert clock.ahead_s == 0
    noted(clock, -0.9, NOW + 2)  # a server that renews its header once a second
    assert clock.ahead_s == 0


def test_one_answer_tells_it_to_about_a_second() -> None:
    """The header is cut to seconds, and the answer travelled."""
    clock = BankClock()
    noted(clock, 60, NOW)
    assert 58.8 < clock.ahead_s <= 60


def test_a_clock_that_was_set_is_followed() -> None:
    """What contradicts all that was seen counts from then on, in both directions."""
    clock = BankClock()
    for ahead_s in (0, 30, -30):
        for second in range(5):
            noted(clock, ahead_s, NOW + second * 1.1 + 100 * ahead_s)
        assert ahead_s - 1.2 < clock.ahead_s <= ahead_s + 1e-6


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Mon, 99 May 2026 09:00:00 GMT", "Mon, 04 May 99999 09:00:00 GMT", "0", "\x00"]
)
def test_a_header_that_cannot_be_read_tells_nothing(date: str | None) -> None:
    """Whatever stands there, nothing raises and nothing is learned."""
    clock = BankClock()
    clock.note(date, sent_at=NOW, received_at=NOW + 1)
    assert clock.ahead_s == 0
