"""Banks that refuse for rate, in virtual time, and what a run gets out of them: for tests and the benchmark.

They refuse as banks do: by the full second, by any second, by a bucket of tokens, one that counts what it refuses, too,
one that refuses everything for a second after an excess, and some at random, whatever the rate.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.outbound.support import run_virtually

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


class Penalty:
    """So many calls in any one second; an excess closes the bank for a second."""

    def __init__(self, limit: float) -> None:
        self._within = Sliding(limit)
        self._closed_until = 0.0

    def admits(self, at: float) -> bool:
        """Refuse everything for a second after an excess."""
        if at < self._closed_until:
            return False
        if self._within.admits(at):
            return True
        self._closed_until = at + 1.0
        return False


class AtRandom:
    """Refuses a share of the calls whatever the rate, and beyond that what ``limit`` refuses."""

    def __init__(self, share: float, limit: Limit | None = None, *, seed: int = 1) -> None:
        self._share, self._limit, self._chance = share, limit, Random(seed)

    def admits(self, at: float) -> bool:
        """Draw, then ask the limit."""
        return self._chance.random() >= self._share and (self._limit is None or self._limit.admits(at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the calls after the first seconds: the share refused, and what was taken of what was allowed."""

    refused: float
    used: float


def outcome(
    limit: Limit,
    allows: float,
    wait: Callable[[Random], float | None],
    *,
    configured: float = 100,
    first_s: float = 5.0,
    whole_s: float = 65.0,
    seed: int = 1,
) -> Outcome:
    """Run customers that always have a next call against a bank with this limit; who is refused waits and repeats."""
    chance = Random(seed)
    calls: list[tuple[float, bool]] = []
    in_flight = max(32, int(configured * LATENCY_S * 2))

    def backoff_s(times: int) -> float:
        return min(60.0, 2.0 ** (times - 1)) * chance.random()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=configured, max_in_flight=in_flight, wait_s=backoff_s)
        start = loop.time()

        async def call(who: str, tries: int) -> float:
            """Make one call; how long to wait before the next one."""
            async with pacer.places:
                permit = await pacer.acquire()
                if permit is None:
                    return 0.0
                pacer.sent(permit)
                pacer.written(permit)
                await asyncio.sleep(LATENCY_S * chance.uniform(0.3, 0.7))
                taken = limit.admits(loop.time())
                calls.append((permit.at - start, taken))
                await asyncio.sleep(LATENCY_S * chance.uniform(0.3, 0.7))
                pacer.answered(permit)
                if taken:
                    pacer.accepted("check", LATENCY_S, who=who)
                    return 0.0
                asked_s = wait(chance)
                hold = pacer.refused(permit, asked_s, who=who)
            return 0.0 if hold.seconds else asked_s or backoff_s(tries + 1)

        async def customer(number: int) -> None:
            tries = 0
            while not pacer.gate.is_halted:
                wait_s = await call(f"C-{number}", tries)
                tries = tries + 1 if wait_s else 0
                if wait_s:
                    await pacer.gate.pause(wait_s)

        tasks = [asyncio.create_task(customer(number)) for number in range(2 * in_flight + int(configured / 8))]
        await asyncio.sleep(whole_s)
        pacer.gate.halt()
        await asyncio.gather(*tasks)

    run_virtually(main())
    later = [taken for left, taken in calls if left >= first_s]
    return Outcome(refused=1 - sum(later) / len(later), used=sum(later) / allows / (whole_s - first_s))
