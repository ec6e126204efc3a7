"""Does it pay to adapt how many calls are under way? ``Places`` beside a fixed number, in virtual time.

    python -m tests.benchmarks.bench_places [SECONDS]

The banks have so many workers and a queue; with ``slower`` all calls take longer by that share for each worker's worth
that waits beside them, as where memory, locks or disks are contended. Prints completed calls per second, their latency,
refusals and time-outs; then the processor time that the places themselves take per call, while nothing is the matter.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from random import Random
from statistics import median, quantiles

from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.places import Places
from tests.outbound.support import run_virtually

RATE, TIMEOUT_S, WAY_S, SERVICE_S = 2000.0, 30.0, 0.01, 0.05
KINDS = {"register": 1.5, "check": 0.5, "upload": 2.0, "consent": 0.6}
"""The calls of a journey, and how long each takes beside the others."""
IN_FLIGHT = (16, 64, 256)


class Fixed(Places):
    """As many as configured, whatever comes."""

    def answered(self, call: str, seconds: float, *, rate: float, now: float) -> None:
        """Nothing follows."""

    def interrupted(self) -> None:
        """Nothing follows."""


@dataclass(kw_only=True)
class Bank:
    """So many workers; ``queue`` calls may wait for them, others are refused."""

    workers: int
    slower: float = 0.0
    queue: int = 10**9
    chance: Random = field(default_factory=lambda: Random(1))
    present: int = 0

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.workers)

    async def take(self, kind: str) -> bool:
        """Work on a call, or refuse it."""
        await asyncio.sleep(WAY_S)
        if self.present >= self.workers + self.queue:
            return False
        self.present += 1
        try:
            async with self._free:
                contended = 1 + self.slower * max(0.0, self.present / self.workers - 1)
                await asyncio.sleep(KINDS[kind] * SERVICE_S * contended * self.chance.gammavariate(4, 0.25))
        finally:
            self.present -= 1
        return True


BANKS: dict[str, dict[str, float]] = {
    "works on all at once": {"workers": 10**6},
    "8 workers, a queue": {"workers": 8},
    "8 workers, 10 % slower": {"workers": 8, "slower": 0.1},
    "8 workers, 30 % slower": {"workers": 8, "slower": 0.3},
    "8 workers, 100 % slower": {"workers": 8, "slower": 1.0},
    "8 workers, refuses beyond 32": {"workers": 8, "queue": 24},
}


@dataclass(kw_only=True)
class Found:
    """What came of the calls of a run."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    timed_out: int = 0


async def _call(pacer: Pacer, bank: Bank, kind: str, who: str, found: Found) -> float:
    """Make one call; how long to wait before it is made again, negative if it is done or the run is over."""
    async with pacer.places:
        permit = await pacer.acquire()
        if permit is None:
            return -1.0
        pacer.sent(permit)
        pacer.written(permit)
        began, is_taken = asyncio.get_running_loop().time(), None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                is_taken = await bank.take(kind)
        except TimeoutError:
            found.timed_out += 1
        pacer.answered(permit)
        if is_taken:
            found.seconds.append(asyncio.get_running_loop().time() - began)
            pacer.accepted(kind, found.seconds[-1], who=who)
            return -1.0
        if is_taken is None:
            return 0.0
        found.refused += 1
        return 0.0 if pacer.refused(permit, 1.0, who=who).seconds else 1.0


def run(make: type[Places], most: int, bank_of: dict[str, float], seconds: float) -> tuple[Found, int]:
    """Let customers go through their journeys for so long: what came of it, and how many places there are then."""
    found = Found()

    async def main() -> int:
        pacer, bank = Pacer(calls_per_second=RATE, max_in_flight=most), Bank(**bank_of)  # type: ignore[arg-type]
        pacer.places = make(most)

        async def customer(who: str) -> None:
            while not pacer.gate.is_halted:
                for kind in KINDS:
                    while (wait_s := await _call(pacer, bank, kind, who, found)) >= 0:
                        await pacer.gate.pause(wait_s)

        tasks = [asyncio.create_task(customer(f"C-{number}")) for number in range(2 * most)]
        await asyncio.sleep(seconds)
        places = pacer.places.limit
        pacer.gate.halt()
        await asyncio.gather(*tasks)
        return places

    return found, run_virtually(main())


def cost_us(make: type[Places], most: int, calls: int = 100_000) -> float:
    """Processor microseconds per call, of a place that is taken, given back and told of an answer."""

    async def main() -> float:
        places, loop, left = make(most), asyncio.get_running_loop(), iter(range(calls))
        latencies = [Random(2).gammavariate(4, 0.01) for _ in range(1000)]

        async def work() -> None:
            for number in left:
                async with places:
                    await asyncio.sleep(0)
                    places.answered("check", latencies[number % 1000], rate=1e6, now=loop.time())

        began = time.process_time()
        await asyncio.gather(*(work() for _ in range(2 * most)))
        return (time.process_time() - began) / calls * 1e6

    return asyncio.run(main())


def main(seconds: float = 600.0) -> None:
    """Print the figures."""
    print(f"{'in flight':>9} {'bank':30} {'':6} {'calls/s':>8} {'median':>7} {'95 %':>7} refused late places")  # noqa: T201
    for most in IN_FLIGHT:
        for name, bank in BANKS.items():
            for make in (Places, Fixed):
                found, places = run(make, most, bank, seconds)
                latency = f"{median(found.seconds):7.3f} {quantiles(found.seconds, n=20)[-1]:7.3f}"
                figures = (
                    f"{len(found.seconds) / seconds:8.1f} {latency} {found.refused:7} {found.timed_out:4} {places:6}"
                )
                print(f"{most:9} {name:30} {make.__name__:6} {figures}", flush=True)  # noqa: T201
        pairs = [(cost_us(Places, most), cost_us(Fixed, most)) for _ in range(5)]
        adapting, fixed = (min(column) for column in zip(*pairs, strict=True))
        print(f"{most:9} processor per call: {adapting:.1f} us, fixed {fixed:.1f} us", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
