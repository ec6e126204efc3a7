"""Places adapt to how the bank bears calls: all of them where that helps, about the knee where it does not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import exp
from random import Random

import pytest

from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.places import Places
from tests.outbound.support import run_virtually
from tests.support import typical

CALLS = {"register": 0.05, "open_session": 0.02, "upload_document": 0.1, "check": 0.03}
Latency = Callable[[Random, int, str], float]
"""Seconds that a call takes, by chance, by the number in flight with it, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many calls were answered, and how many places there were over time."""

    answered: int
    places: list[int]


def outcome(latency: Latency, *, most: int, seconds: float, rate: float = 100_000, adapting: bool = True) -> Outcome:
    """Run workers that always have work, each through its calls in turn."""
    chance = Random(3)
    answered = together = 0
    places: list[int] = []

    async def main() -> None:
        nonlocal answered, together
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=most)
        if not adapting:
            pacer.places = _Fixed(most)

        async def work(number: int) -> None:
            nonlocal answered, together
            names = list(CALLS)
            while True:
                async with pacer.places:
                    permit = await pacer.acquire()
                    if permit is None:
                        return
                    pacer.sent(permit)
                    pacer.written(permit)
                    together += 1
                    assert together <= most
                    name = names[number % len(names)]
                    took = latency(chance, together, name)
                    await asyncio.sleep(took)
                    together -= 1
                    answered += 1
                    number += 1
                    pacer.answered(permit)
                    pacer.accepted(name, took)

        tasks = [asyncio.create_task(work(number)) for number in range(2 * most)]
        for _ in range(20):
            await asyncio.sleep(seconds / 20)
            places.append(pacer.places.limit)
        pacer.gate.halt()
        await asyncio.gather(*tasks)
        assert loop.time() > 0

    run_virtually(main())
    return Outcome(answered=answered, places=places)


class _Fixed(Places):
    """Places that do not adapt, to compare with."""

    def answered(self, call: str, seconds: float, *, rate: float, now: float) -> None:
        """Learn nothing."""


NOISE: dict[str, Latency] = {
    "constant": lambda _chance, _together, name: CALLS[name],
    "lognormal": lambda chance, _together, name: CALLS[name] * exp(chance.gauss(0, 1)),
    "pareto": lambda chance, _together, name: CALLS[name] * min(100, chance.paretovariate(1.5)),
    "two kinds": lambda chance, _together, _name: 0.01 if chance.random() < 0.5 else 0.2,
    "spikes": lambda chance, _together, name: CALLS[name] if chance.random() < 0.99 else 2.0,
}


@pytest.mark.parametrize(("noise", "most"), typical(product(NOISE, (4, 64)), ("lognormal", 64), ("spikes", 4)))
def test_latency_that_does_not_depend_on_the_number_in_flight_costs_nothing(noise: str, most: int) -> None:
    """However heavy its tail: at least 95 % of what the fixed number would do."""
    seconds = 10_000 / (most / 0.06)
    found = outcome(NOISE[noise], most=most, seconds=seconds)
    fixed = outcome(NOISE[noise], most=most, seconds=seconds, adapting=False)
    assert found.answered >= 0.95 * fixed.answered
    assert found.places.count(most) >= 10


@pytest.mark.parametrize(
    ("noise", "knee", "most"),
    typical(product((0.0, 0.5), (3, 8, 20), (16, 64)), (0.5, 3, 16)),
)
def test_a_bank_that_lets_calls_queue_is_given_about_as_many_as_it_works_on(knee: int, most: int, noise: float) -> None:
    """Its latency grows with the number in flight beyond the knee: the same throughput with fewer under way."""

    def latency(chance: Random, together: int, name: str) -> float:
        return CALLS[name] * exp(chance.gauss(0, noise)) * max(1.0, together / knee)

    seconds = 15_000 / (knee / 0.05)
    found = outcome(latency, most=most, seconds=seconds)
    fixed = outcome(latency, most=most, seconds=seconds, adapting=False)
    assert found.answered >= 0.93 * fixed.answered
    settled = sorted(found.places[10:])[5]
    wanted = min(most, knee)
    assert 0.6 * wanted <= settled <= max(1.75 * wanted, 5), found.places


@pytest.mark.exhaustive  # a bank that lets calls queue is tried always
def test_a_bank_that_breaks_down_under_load_wins_throughput() -> None:
    """Where latency grows with the square of the number in flight, fewer under way are more in the end."""

    def latency(_chance: Random, together: int, name: str) -> float:
        return CALLS[name] * max(1.0, (together / 8) ** 2)

    found = outcome(latency, most=32, seconds=200)
    assert found.answered >= 1.5 * outcome(latency, most=32, seconds=200, adapting=False).answered
    assert all(5 <= places <= 13 for places in found.places[15:])


def test_where_the_rate_is_reached_nothing_is_tried() -> None:
    """Promise 4: fewer places would only cost use of the rate."""
    found = outcome(NOISE["lognormal"], most=16, seconds=120, rate=100)
    assert set(found.places) == {16}
    assert found.answered >= 0.98 * 100 * 119  # in the first second it is not known what is usual


@pytest.mark.exhaustive  # a bank that lets calls queue is tried always
def test_the_number_comes_back_when_the_bank_is_quick_again() -> None:
    """The knee moves: it is looked for in both directions."""
    calls = 0

    def latency(_chance: Random, together: int, name: str) -> float:
        nonlocal calls
        calls += 1
        return CALLS[name] * max(1.0, together / 4) if calls < 8_000 else CALLS[name]

    found = outcome(latency, most=16, seconds=270)
    assert min(found.places) <= 6
    assert max(found.places[-4:]) == 16


@pytest.mark.exhaustive  # it comes back when the bank is quick again
def test_the_number_comes_back_when_the_rate_is_nearly_reached() -> None:
    """Places that were taken away while the bank was slow do not keep a run a little below its rate for ever."""
    calls = 0

    def latency(_chance: Random, together: int, name: str) -> float:
        nonlocal calls
        calls += 1
        return CALLS[name] * max(1.0, together / 4) if calls < 7_000 else CALLS[name] * 0.8

    found = outcome(latency, most=16, seconds=350, rate=110)
    assert min(found.places) <= 7
    assert found.places[-1] == 16


def test_places_are_given_in_order_and_given_back_when_somebody_is_cancelled() -> None:
    """First come, first served; whoever is cancelled while waiting or inside leaves no hole."""

    async def main() -> list[int]:
        places = Places(2)
        order: list[int] = []

        async def call(number: int) -> None:
            async with places:
                order.append(number)
                await asyncio.sleep(1)

        tasks = [asyncio.create_task(call(number)) for number in range(8)]
        await asyncio.sleep(0.5)
        for number in (0, 3, 4):
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert places.in_use == 0
        return order

    assert run_virtually(main()) == [0, 1, 2, 5, 6, 7]


def test_there_is_never_less_than_one() -> None:
    """A bank that works on one call at a time is given one."""

    def latency(_chance: Random, together: int, name: str) -> float:
        return CALLS[name] * together

    assert min(outcome(latency, most=4, seconds=600).places) >= 1
