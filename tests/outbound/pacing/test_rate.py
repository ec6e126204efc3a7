"""A bank whose limit is lower than configured, in virtual time: few calls are refused and the limit is used.

The banks refuse as banks do: by the full second, by any second, by a bucket of tokens, and one that counts what it
refuses, too. They name the wait in seconds, as a date, as nothing, or not at all.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, product
from random import Random
from typing import Protocol

import pytest

from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.rate import Rate
from tests.outbound.support import run_virtually
from tests.support import typical

CONFIGURED = 100
FIRST_S, WHOLE_S = 5.0, 65.0
LATENCY_S = 0.03


class Limit(Protocol):
    """A bank's rate limit."""

    def admits(self, at: float) -> bool:
        """Take a call that comes ``at`` seconds, or refuse it."""


class Sliding:
    """So many calls in any one second; with ``strict`` refused ones count as well."""

    def __init__(self, limit: float, *, strict: bool = False) -> None:
        self.limit, self.strict = int(limit), strict
        self.seen: deque[float] = deque()

    def admits(self, at: float) -> bool:
        """Look one second back."""
        while self.seen and at - self.seen[0] >= 1.0:
            self.seen.popleft()
        fits = len(self.seen) < self.limit
        if fits or self.strict:
            self.seen.append(at)
        return fits


class Fixed:
    """So many calls in each second of the bank's own clock."""

    def __init__(self, limit: float) -> None:
        self.limit = int(limit)
        self.second = self.count = 0

    def admits(self, at: float) -> bool:
        """Count anew with each second."""
        if int(at + 0.37) != self.second:
            self.second, self.count = int(at + 0.37), 0
        self.count += 1
        return self.count <= self.limit


class Bucket:
    """Tokens that come back evenly; ``holds_s`` seconds' worth fit in."""

    def __init__(self, limit: float, *, holds_s: float = 1.0) -> None:
        self.limit, self.most = limit, limit * holds_s
        self.tokens, self.last = self.most, 0.0

    def admits(self, at: float) -> bool:
        """Take a token."""
        self.tokens = min(self.most, self.tokens + (at - self.last) * self.limit)
        self.last = at
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


BANKS: dict[str, Callable[[float], Limit]] = {
    "any second": Sliding,
    "any second, strict": lambda limit: Sliding(limit, strict=True),
    "full second": Fixed,
    "bucket of 1 s": Bucket,
    "bucket of 10 s": lambda limit: Bucket(limit, holds_s=10),
}
WAITS: dict[str, Callable[[Random], float | None]] = {
    "absent": lambda _: None,
    "0": lambda _: 0.0,
    "1": lambda _: 1.0,
    "a date": lambda chance: chance.uniform(0, 1.1),  # whole seconds of a clock that is not ours, past ones are 0
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the calls after the first seconds: the share refused, and what was taken of what was allowed."""

    refused: float
    used: float


def outcome(
    limit: Limit, allows: float, wait: Callable[[Random], float | None], *, configured: float = CONFIGURED
) -> Outcome:
    """Run workers that always have work against a bank with this limit."""
    chance = Random(1)
    calls: list[tuple[float, bool]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(
            calls_per_second=configured,
            max_in_flight=32,
            wait_s=lambda times: min(60.0, 2.0 ** (times - 1)) * chance.random(),
        )
        start = loop.time()

        async def work() -> None:
            while (permit := await pacer.acquire()) is not None:
                pacer.sent(permit)
                pacer.written(permit)
                await asyncio.sleep(LATENCY_S * chance.uniform(0.3, 0.7))
                taken = limit.admits(loop.time())
                calls.append((permit.at - start, taken))
                await asyncio.sleep(LATENCY_S * chance.uniform(0.3, 0.7))
                pacer.answered(permit)
                if taken:
                    pacer.accepted("check", LATENCY_S)
                else:
                    pacer.refused(permit, wait(chance))

        tasks = [asyncio.create_task(work()) for _ in range(32)]
        await asyncio.sleep(WHOLE_S)
        pacer.gate.halt()
        await asyncio.gather(*tasks)

    run_virtually(main())
    later = [taken for left, taken in calls if left >= FIRST_S]
    return Outcome(refused=1 - sum(later) / len(later), used=sum(later) / allows / (WHOLE_S - FIRST_S))


@pytest.mark.parametrize(
    ("bank", "share", "wait"),
    typical(
        product(BANKS, (0.1, 0.25, 0.5, 0.8), WAITS),
        *((bank, share, wait) for share in (0.1, 0.8) for bank, wait in zip(BANKS, cycle(WAITS), strict=False)),
    ),
)
def test_a_limit_below_the_configured_rate_costs_little(bank: str, share: float, wait: str) -> None:
    """After the first seconds at most a tenth is refused; at least 85 % of what the bank allows is used."""
    allows = share * CONFIGURED
    found = outcome(BANKS[bank](allows), allows, WAITS[wait])
    assert found.refused <= 0.03, found
    assert found.used >= (0.80 if bank == "any second, strict" else 0.85), found


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
    assert found.refused <= 0.1, found
    assert found.used >= 0.5, found


def test_the_rate_is_cut_to_a_tenth_below_what_the_bank_took() -> None:
    """The level is what was taken in the last second, but one refusal never more than halves the rate."""
    rate = Rate(100)
    for number in range(80):
        rate.accepted(10 + number / 80)
    rate.cut(11, hold_s=0)
    assert rate.now == pytest.approx(0.9 * 80, abs=1)
    rate.cut(20, hold_s=0)
    assert rate.now == pytest.approx(0.9 * 0.5 * 0.9 * 80, abs=1)


def test_the_climb_is_flat_around_the_level_and_ends_at_what_was_asked() -> None:
    """Back below the level it is quick, around it slow, beyond it quick again; never down and never beyond."""
    rate = Rate(100)
    for number in range(40):
        rate.accepted(9.01 + number / 40)
    rate.cut(10, hold_s=2)
    seen = []
    for second in range(60):
        rate.climb(13 + second)
        seen.append(rate.now)
    assert 0.9 * 50 < seen[0] < 0.93 * 50
    assert seen == sorted(seen)
    assert seen[-1] == 100
    around = [value for value in seen if 0.97 * 50 <= value <= 1.03 * 50]
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
    once.cut(0, hold_s=0)
    for at in range(0, 12, 2):
        often.now = 50
        often.cut(at, hold_s=0)
    assert seconds_to_100(once, 0) < 40
    assert 80 < seconds_to_100(often, 10) < 200


def test_the_rate_never_falls_to_nothing() -> None:
    """However often the bank refuses, some calls still leave; a rate configured below that floor stays."""
    for asked, least in ((100, 0.2), (0.1, 0.1)):
        rate = Rate(asked)
        for second in range(60):
            rate.cut(2.0 * second, hold_s=0)
        assert rate.now == least
