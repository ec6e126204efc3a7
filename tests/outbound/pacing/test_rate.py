"""A bank whose limit is lower than configured, in virtual time: few calls are refused and the limit is used.

The banks refuse as banks do: by the full second, by any second, by a bucket of tokens, and one that counts what it
refuses, too, and one that closes for a second. They name the wait in seconds, as a date, as nothing, or not at all.
"""

from collections.abc import Callable
from itertools import cycle, product
from random import Random

import pytest

from finhub_onboard.outbound.pacing.rate import Rate
from tests.outbound.pacing.banks import AtRandom, Bucket, Fixed, Limit, Penalty, Sliding, outcome
from tests.support import typical

CONFIGURED = 100


BANKS: dict[str, Callable[[float], Limit]] = {
    "any second": Sliding,
    "any second, strict": lambda limit: Sliding(limit, strict=True),
    "full second": Fixed,
    "bucket of 1 s": Bucket,
    "bucket of 10 s": lambda limit: Bucket(limit, holds_s=10),
    "any second, then closed": Penalty,
}
WAITS: dict[str, Callable[[Random], float | None]] = {
    "absent": lambda _: None,
    "0": lambda _: 0.0,
    "1": lambda _: 1.0,
    "a date": lambda chance: chance.uniform(0, 1.1),  # whole seconds of a clock that is not ours, past ones are 0
}


@pytest.mark.parametrize(
    ("bank", "share", "wait"),
    typical(
        product(BANKS, (0.1, 0.35, 0.8), WAITS),
        *((bank, share, wait) for share in (0.1, 0.8) for bank, wait in zip(BANKS, cycle(WAITS), strict=False)),
    ),
)
def test_a_limit_below_the_configured_rate_costs_little(bank: str, share: float, wait: str) -> None:
    """After the first seconds few are refused, and most of what the bank allows is used."""
    allows = share * CONFIGURED
    found = outcome(BANKS[bank](allows), allows, WAITS[wait])
    assert found.refused <= (0.2 if bank == "bucket of 10 s" else 0.08), found
    assert found.used >= (0.75 if bank == "any second, then closed" else 0.85), found


@pytest.mark.parametrize(
    ("share", "used"),
    typical([(0.001, 0.97), (0.01, 0.95), (0.03, 0.7), (0.05, 0.6), (0.1, 0.47)], (0.01, 0.95)),
)
def test_refusals_at_random_cost_little_more_than_themselves(share: float, used: float) -> None:
    """They do not depend on the rate: a cut that changes nothing is taken back."""
    found = outcome(AtRandom(share), 300, WAITS["1"], configured=300, first_s=0, whole_s=60)
    assert found.used >= used, found


def test_refusals_at_random_on_top_of_a_limit_do_not_hide_it() -> None:
    """The limit is found and kept, and used nearly as well as without them."""
    found = outcome(AtRandom(0.01, Sliding(100)), 100, WAITS["1"], configured=300, first_s=0, whole_s=60)
    assert found.used >= 0.88, found
    assert found.refused <= 0.04, found


@pytest.mark.parametrize(
    ("configured", "allows", "wait"),
    typical(
        ((*rates, wait) for rates in ((5, 2), (10, 1), (10, 8), (1000, 250)) for wait in WAITS),
        *((5, 2, "absent"), (10, 1, "0"), (10, 8, "1"), (1000, 250, "a date")),
    ),
)
def test_so_it_is_at_low_and_high_rates(configured: int, allows: int, wait: str) -> None:
    """A limit of one call a second is tried again only after twenty of them; half of it is used even so."""
    found = outcome(Sliding(allows), allows, WAITS[wait], configured=configured)
    assert found.refused <= 0.15, found
    assert found.used >= 0.8, found


def test_the_rate_is_cut_to_a_tenth_below_what_the_bank_took() -> None:
    """The level is what was taken in a second, also if all were held since; but one cut is not without bounds."""
    for deep, taken, level in ((True, 80, 80), (True, 40, 40), (True, 4, 10), (False, 80, 80), (False, 4, 70)):
        rate = Rate(100)
        for number in range(taken):
            rate.accepted(10 + number / taken)
        rate.cut(15, hold_s=0, deep=deep)
        assert rate.now == pytest.approx(0.9 * level, abs=1)


def test_the_level_is_not_what_was_taken_while_all_were_held() -> None:
    """A second that began with a hold has few calls: what counts is the fullest one of lately."""
    rate = Rate(100)
    for number in range(100):
        rate.accepted(10 + number / 100)
    for number in range(20):
        rate.accepted(12 + number / 100)
    rate.cut(12.2, hold_s=0)
    assert rate.now == pytest.approx(90, abs=1)


def test_a_cut_is_taken_back() -> None:
    """The rate is what it was before, and climbs as before."""
    rate = Rate(100)
    rate.cut(10, hold_s=1, deep=False)
    rate.take_back()
    assert rate.now == 100
    assert not rate.climb(20)


def test_the_climb_is_flat_around_the_level_and_ends_at_what_was_asked() -> None:
    """Back below the level it is quick, around it slow, beyond it quick again; never down and never beyond."""
    rate = Rate(100)
    for number in range(40):
        rate.accepted(9.01 + number / 40)
    rate.cut(10, hold_s=2)
    assert rate.now == pytest.approx(0.9 * 40, abs=1)
    seen = []
    for second in range(60):
        rate.climb(13 + second)
        seen.append(rate.now)
    assert 0.9 * 40 < seen[0] < 0.94 * 40
    assert seen == sorted(seen)
    assert seen[-1] == 100
    around = [value for value in seen if 0.97 * 40 <= value <= 1.03 * 40]
    assert len(around) > 10
    assert seen.index(100) < 60


def test_a_firm_limit_is_tried_ever_more_rarely() -> None:
    """Each refusal at the same level makes the climb longer, up to two minutes; another level starts afresh."""

    def seconds_to_100(rate: Rate, now: float) -> float:
        start = now
        while rate.now < 100:
            now += 1
            rate.climb(now)
        return now - start

    once, often = Rate(100), Rate(100)
    once.cut(0, hold_s=0, deep=False)
    for at in range(0, 12, 2):
        often.now = 50
        often.cut(at, hold_s=0, deep=False)
    assert seconds_to_100(once, 0) < 40
    assert 80 < seconds_to_100(often, 10) < 200


def test_the_rate_never_falls_to_nothing() -> None:
    """However often the bank refuses, some calls still leave; a rate configured below that floor stays."""
    for asked, least in ((100, 0.2), (0.1, 0.1)):
        rate = Rate(asked)
        for second in range(60):
            rate.cut(2.0 * second, hold_s=0)
        assert rate.now == least


def test_another_configured_rate_holds_at_once_unless_the_bank_bears_less() -> None:
    """A rate that was cut is not raised by a configuration: it climbs to it; a lower one bounds it."""
    rate = Rate(100)
    rate.change(200)
    assert (rate.asked, rate.now) == (200, 200)
    rate.change(50)
    assert (rate.asked, rate.now) == (50, 50)
    rate.cut(10.0, hold_s=0.0)
    cut = rate.now
    assert cut < 50
    rate.change(200)
    assert (rate.asked, rate.now) == (200, cut)
    at = 10.0
    while rate.now < 200:
        at += 1.0
        assert rate.climb(at)
        assert at < 300
    rate.cut(at, hold_s=0.0)
    rate.change(2)
    assert rate.now == 2
    rate.take_back()
    assert rate.now == 2
