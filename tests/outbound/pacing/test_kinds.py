"""Budgets of single kinds of calls beside the rate of all, in virtual time."""

import asyncio

import pytest

from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.ports import Permit
from tests.outbound.pacing.test_pacer import most_in
from tests.outbound.support import run_virtually

WORKERS = 8


async def leave(pacer: Pacer, kind: str, left: list[float]) -> bool:
    """Wait for a permit of a call of this kind and use it at once."""
    permit = await pacer.acquire(kind=kind)
    if permit is None:
        return False
    pacer.sent(permit)
    pacer.written(permit)
    left.append(asyncio.get_running_loop().time())
    pacer.answered(permit)
    return True


def departures(rate: float, by_kind: dict[str, float], seconds: float, *kinds: str) -> dict[str, list[float]]:
    """Let workers make calls of these kinds for so long; when those of each left."""
    left: dict[str, list[float]] = {kind: [] for kind in kinds}

    async def main() -> None:
        pacer = Pacer(calls_per_second=rate, max_in_flight=64, by_kind=by_kind)

        async def work(kind: str) -> None:
            while await leave(pacer, kind, left[kind]):
                pass

        tasks = [asyncio.create_task(work(kind)) for kind in kinds for _ in range(WORKERS)]
        await asyncio.sleep(seconds)
        pacer.gate.halt()
        await asyncio.gather(*tasks)

    run_virtually(main())
    return left


@pytest.mark.parametrize(("rate", "limit"), [(100, 10), (100, 1), (1000, 100), (5, 2), (20, 0.5)])
def test_a_kind_keeps_to_its_limit_and_the_others_use_the_rest(rate: float, limit: float) -> None:
    """Neither limit is exceeded in any second, both are used, and who waits for one holds nobody else up."""
    left = departures(rate, {"register": limit}, 20, "register", "check")
    assert most_in(left["register"], max(1.0, 1 / limit)) <= max(1, limit)
    assert most_in(sorted(left["register"] + left["check"])) <= rate
    period_s = max(1.0, 1 / limit) + WORKERS / rate  # its second begins when it leaves, after its turn among all
    assert len(left["register"]) >= 0.9 * 20 * max(1.0, limit) / period_s
    assert len(left["register"]) + len(left["check"]) >= 0.97 * 20 * rate


def test_a_limit_above_that_of_all_changes_nothing() -> None:
    """The rate of all is the bound."""
    left = departures(50, {"register": 500}, 10, "register")
    assert most_in(left["register"]) <= 50
    assert len(left["register"]) >= 0.97 * 500


def test_calls_of_a_kind_are_spaced() -> None:
    """A tenth of a second sees about a tenth of its limit."""
    left = departures(1000, {"register": 100}, 5, "register", "check")
    assert most_in(left["register"], 0.1) <= 14


def test_what_is_reserved_counts_until_it_left_and_a_released_one_no_longer() -> None:
    """A call that waits long for its turn among all calls may leave right before the next ones of its kind."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=100, max_in_flight=8, by_kind={"register": 1})
        reserved = await pacer.reserve("register")
        assert reserved is not None
        await asyncio.sleep(10)
        permit = await pacer.acquire(reserved, kind="register")
        assert permit is reserved
        pacer.sent(permit)
        pacer.written(permit)
        pacer.answered(permit)
        left_at = loop.time()
        second = await pacer.reserve("register")
        first_s = loop.time() - left_at
        assert second is not None
        second.release()
        assert await pacer.reserve("register")
        return first_s, loop.time() - left_at - first_s

    first_s, second_s = run_virtually(main())
    assert first_s == pytest.approx(1.0, abs=0.11)
    assert second_s == pytest.approx(1.0, abs=0.11)


def test_who_waits_for_its_kind_is_first_come_first_served_and_hears_of_a_halt() -> None:
    """In the order in which they asked; when the run stops nothing is reserved any more."""

    async def main() -> tuple[list[int], list[Permit | None]]:
        pacer = Pacer(calls_per_second=100, max_in_flight=8, by_kind={"register": 1})
        order: list[int] = []

        async def call(number: int) -> Permit | None:
            permit = await pacer.reserve("register")
            if permit:
                permit.release()
                order.append(number)
            return permit

        tasks = [asyncio.create_task(call(number)) for number in range(8)]
        await asyncio.sleep(3.5)
        pacer.gate.halt()
        return order, await asyncio.gather(*tasks)

    order, permits = run_virtually(main())
    assert order == [0, 1, 2, 3]
    assert permits[4:] == [None] * 4


def test_a_kind_without_a_limit_is_never_waited_for() -> None:
    """What is not configured costs nothing."""

    async def main() -> None:
        pacer = Pacer(calls_per_second=1, max_in_flight=8, by_kind={"register": 0.1})
        assert (pacer.is_limited("register"), pacer.is_limited("check")) == (True, False)
        for _ in range(100):
            assert await pacer.reserve("check")

    run_virtually(main())


def test_limits_change_while_calls_wait() -> None:
    """A kind that gets a limit waits until all calls before are a second ago; one that loses it goes on."""
    times: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer, start = Pacer(calls_per_second=100, max_in_flight=8), loop.time()

        async def work() -> None:
            left: list[float] = []
            while await leave(pacer, "register", left):
                times.append(left[-1] - start)

        task = asyncio.create_task(work())
        for limits in ({"register": 10.0}, {"register": 2.0}, {}, {"register": 1.0}):
            await asyncio.sleep(4)
            pacer.change(100, limits)
        await asyncio.sleep(4)
        pacer.gate.halt()
        await task

    run_virtually(main())
    per_phase = [[at for at in times if first <= at < first + 4] for first in range(0, 20, 4)]
    assert [most_in(part) for part in per_phase] == [100, 10, 2, 100, 1]
    assert not [at for at in times if 4.01 < at < 4.5 or 16.01 < at < 16.9]  # the calls before count, too
    assert [len(part) for part in per_phase] == [pytest.approx(expected, abs=3) for expected in (400, 32, 7, 398, 3)]


def test_what_was_reserved_under_a_higher_limit_must_ask_again() -> None:
    """Only what was granted leaves as it was to; until that is a second ago, the new limits are not settled."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=100, max_in_flight=8, by_kind={"register": 50})
        left: list[float] = []
        reserved = [await pacer.reserve("register") for _ in range(4)]
        granted = await pacer.acquire(reserved[0], kind="register")
        assert granted is not None
        assert granted is reserved[0]
        pacer.change(100, {"register": 1})
        start = loop.time()

        async def call(permit: Permit | None) -> None:
            permit = await pacer.acquire(permit, kind="register")
            assert permit is not None
            pacer.sent(permit)
            pacer.answered(permit)
            left.append(loop.time() - start)

        tasks = [asyncio.create_task(call(permit)) for permit in reserved[1:]]
        await asyncio.sleep(0.5)
        assert left == []
        pacer.sent(granted)
        pacer.answered(granted)
        await asyncio.gather(*tasks)
        return left

    left = run_virtually(main())
    assert left == [pytest.approx(number + 0.5, abs=0.15 * number) for number in (1, 2, 3)]


def test_limits_are_settled_when_no_second_holds_more() -> None:
    """After a lower one, that is when enough of the calls before are a second ago."""

    async def main() -> list[bool]:
        pacer = Pacer(calls_per_second=100, max_in_flight=8)
        left: list[float] = []
        for _ in range(20):
            assert await leave(pacer, "check", left)
        found = [pacer.is_settled]
        pacer.change(10, {})
        found.append(pacer.is_settled)
        await asyncio.sleep(1.1)
        found.append(pacer.is_settled)
        assert await leave(pacer, "register", left)
        assert await leave(pacer, "register", left)
        pacer.change(10, {"register": 1})
        found.append(pacer.is_settled)
        await asyncio.sleep(1.1)
        return [*found, pacer.is_settled]

    assert run_virtually(main()) == [True, False, True, False, True]
