"""The rate, in virtual time: exact, and an hour takes no time. One short run in real time keeps it honest."""

import asyncio
import time
from bisect import bisect
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.ports import Hold, Permit
from tests.outbound.support import VirtualLoop, run_virtually


def most_in(departures: list[float], seconds: float = 1.0) -> int:
    """The largest number of departures in any half-open window of ``seconds``."""
    most = start = 0
    for end, moment in enumerate(departures):
        while departures[start] <= moment - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


async def leave(pacer: Pacer, *, urgent: bool = False) -> bool:
    """Wait for a permit and use it at once; false when the run was halted."""
    permit = await pacer.acquire(urgent=urgent)
    if permit is None:
        return False
    pacer.sent(permit)
    pacer.written(permit)
    pacer.answered(permit)
    pacer.accepted("check", 0.01)
    return True


def refuse(pacer: Pacer, asked_s: float | None, *, ago_s: float = 0.0, calls: int = 5) -> Hold:
    """Let the bank refuse calls for its rate that left ``ago_s`` seconds ago: so many in a row show a limit."""
    left_at = asyncio.get_running_loop().time() - ago_s
    for _ in range(calls - 1):
        if (hold := pacer.refused(Permit(at=left_at, is_written=True), asked_s)).cut:
            return hold
    return pacer.refused(Permit(at=left_at, is_written=True), asked_s)


def departures(
    rate: float,
    seconds: float,
    *,
    workers: int = 32,
    busy_s: float = 0.0,
    during: Callable[[Pacer], Awaitable[Any]] | None = None,
) -> list[float]:
    """Run workers that always have work for virtual ``seconds``; when each call left, from 0."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=workers)
        start, left = loop.time(), []

        async def work() -> None:
            while await leave(pacer):
                left.append(loop.time() - start)
                await asyncio.sleep(busy_s)

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        if during:
            tasks.append(asyncio.create_task(during(pacer)))  # type: ignore[arg-type]
        await asyncio.sleep(seconds)
        pacer.gate.halt()
        await asyncio.gather(*tasks)
        assert pacer.counters.total == len(left)
        assert pacer.counters.max_in_1s == most_in(left)
        return left

    return run_virtually(main())


@pytest.mark.parametrize("rate", [1, 2, 3, 5, 10, 100, 1000])
def test_no_window_of_a_second_holds_more_than_the_rate(rate: int) -> None:
    """Promise 4, for every window and not only for those that start at a full second."""
    left = departures(rate, 5 if rate >= 100 else 30)
    assert most_in(left) <= rate


@pytest.mark.parametrize("rate", [100, 250, 1000, 5000])
def test_the_rate_is_used(rate: int) -> None:
    """Promise 4: at least 99 % of the rate is used while there is work, from 100 calls a second on."""
    left = departures(rate, 4)
    assert len(left) >= 0.99 * 4 * rate
    assert most_in(left) <= rate


@pytest.mark.parametrize("rate", [1, 3, 5, 20])
def test_low_rates_are_used_too(rate: int) -> None:
    """Below 100 calls a second the guard of the window costs under 2 %."""
    assert len(departures(rate, 60)) >= 0.98 * 60 * rate


@pytest.mark.parametrize(
    ("rate", "window_s", "calls"), [(0.5, 2, 1), (0.2, 5, 1), (0.9, 1.1, 1), (2.5, 1, 2), (1.5, 1, 1)]
)
def test_rates_below_one_and_between_whole_numbers(rate: float, window_s: float, calls: int) -> None:
    """Below one a second the window grows; a fraction is rounded down within a second, never up."""
    left = departures(rate, 60)
    assert most_in(left, window_s) <= calls
    assert len(left) >= 0.97 * 60 * calls / window_s


def test_calls_are_spaced_and_not_sent_in_bursts() -> None:
    """After the small start the calls of a second are spread over it: a tenth of a second sees about a tenth."""
    left = departures(100, 5)
    assert most_in(left, 0.1) <= 14


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.3, 400),
    st.lists(st.tuples(st.floats(0, 0.7), st.integers(1, 60)), min_size=1, max_size=12),
)
def test_bursts_of_work_do_not_break_the_window(rate: float, bursts: list[tuple[float, int]]) -> None:
    """Whenever work comes, and however much of it, no window of a second holds more than the rate."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=32)
        left: list[float] = []

        async def call() -> None:
            assert await leave(pacer)
            left.append(loop.time())

        tasks = []
        for pause, calls in bursts:
            await asyncio.sleep(pause)
            tasks += [asyncio.create_task(call()) for _ in range(calls)]
        await asyncio.gather(*tasks)
        return left

    assert most_in(run_virtually(main()), max(1.0, 1 / rate)) <= max(1, int(rate))


@settings(max_examples=20, deadline=None, phases=[Phase.generate])  # a failure is plain without shrinking
@given(st.sampled_from([1, 3, 20, 100]), st.randoms(use_true_random=False))
def test_permits_that_are_used_late_do_not_break_the_window(rate: int, random: Random) -> None:
    """Between a permit and the bytes lie the ledger and a connection, which may take long: the bound is kept."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=32)
        left: list[float] = []

        async def call() -> None:
            permit = await pacer.acquire()
            assert permit is not None
            await asyncio.sleep(random.choice([0, 0.001, 0.2, 1.5]))
            await pacer.wait_due(permit)
            pacer.sent(permit)
            await asyncio.sleep(random.choice([0, 0.001, 0.2, 1.5]))
            pacer.written(permit)
            left.append(loop.time())

        await asyncio.gather(*(call() for _ in range(3 * rate + 2)))
        assert pacer.counters.max_in_1s == most_in(left)
        return left

    assert most_in(run_virtually(main())) <= rate


@pytest.mark.parametrize("most_s", [0.004, 0.016])
def test_what_is_done_between_permit_and_write_costs_nothing_of_the_rate(most_s: float) -> None:
    """The intent is written in that time: permits come as much earlier, and never more leave than the rate."""
    rate, seconds, chance = 200, 30.0, Random(2)

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=32)
        left: list[float] = []

        async def work() -> None:
            while permit := await pacer.acquire():
                await asyncio.sleep(chance.uniform(most_s / 2, most_s))
                await pacer.wait_due(permit)
                pacer.sent(permit)
                pacer.written(permit)
                left.append(loop.time())
                await asyncio.sleep(0.05)
                pacer.answered(permit)

        tasks = [asyncio.create_task(work()) for _ in range(32)]
        await asyncio.sleep(seconds)
        pacer.gate.halt()
        await asyncio.gather(*tasks)
        return left

    left = run_virtually(main())
    assert most_in(left) <= rate
    assert len(left) >= 0.99 * rate * seconds


def test_a_call_that_is_given_up_before_it_is_due_makes_room() -> None:
    """A probe that is cancelled between its permit and the write takes nothing of the rate for good."""

    async def main() -> None:
        pacer = Pacer(calls_per_second=1, max_in_flight=4)
        for _ in range(100):  # until permits come early
            permit = await pacer.acquire()
            assert permit is not None
            await asyncio.sleep(0.02)
            await pacer.wait_due(permit)
            pacer.sent(permit)
            pacer.written(permit)
            pacer.answered(permit)
        given_up = await pacer.acquire()
        assert given_up is not None
        waiting = asyncio.create_task(pacer.wait_due(given_up))
        await asyncio.sleep(0.001)
        assert not waiting.done()
        waiting.cancel()
        following = await pacer.acquire()
        assert following is not None
        await asyncio.wait_for(pacer.wait_due(following), 3)

    run_virtually(main())


def test_first_come_first_served() -> None:
    """Requests leave in the order in which they asked, urgent ones included."""

    async def main() -> list[int]:
        pacer = Pacer(calls_per_second=50, max_in_flight=8)
        order: list[int] = []

        async def call(number: int) -> None:
            await leave(pacer, urgent=number % 7 == 0)
            order.append(number)

        await asyncio.gather(*(call(number) for number in range(120)))
        return order

    assert run_virtually(main()) == list(range(120))


def test_a_refusal_holds_everybody_and_cuts_the_rate() -> None:
    """Promise 4: nothing leaves while the bank wants peace, from the very next call on; then less than before."""

    async def during(pacer: Pacer) -> None:
        await asyncio.sleep(2)
        assert refuse(pacer, 3.0) == Hold(seconds=3.0, cut=True)
        assert pacer.rate == pytest.approx(90, abs=2)

    left = departures(100, 8, during=during)
    assert not [moment for moment in left if 2.0 < moment < 5.0]
    after = [moment for moment in left if 5.0 <= moment < 6.0]
    assert 85 <= len(after) <= 93
    assert most_in(left) <= 100


def test_a_refusal_reaches_the_call_that_already_waits_for_its_permit() -> None:
    """At a slow rate the next call may wait for seconds: a hold that comes meanwhile holds it too."""

    async def during(pacer: Pacer) -> None:
        await asyncio.sleep(2.1)
        refuse(pacer, 10.0)

    left = departures(0.5, 30, during=during)
    assert [moment for moment in left if moment < 2.1]
    assert not [moment for moment in left if 2.1 < moment < 12.0]
    assert [moment for moment in left if moment > 12.0]


@pytest.mark.parametrize("asked_s", [None, 0.0, 0.3, 5.0])
def test_refusals_of_one_burst_count_once(asked_s: float | None) -> None:
    """Calls that were under way when the first refusal came cut nothing more, however late their own comes back."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=80, max_in_flight=8)
        rates, start = [], loop.time()
        assert refuse(pacer, asked_s).cut
        for _ in range(20):
            await asyncio.sleep(0.3)
            assert not refuse(pacer, asked_s, ago_s=loop.time() - start + 0.01).cut
        rates.append(pacer.rate)
        await asyncio.sleep(5.5)
        pacer.accepted("check", 0.01)
        assert refuse(pacer, 0.0).cut
        rates.append(pacer.rate)
        return rates

    first, second = run_virtually(main())
    assert first == pytest.approx(0.9 * 0.1 * 80)
    assert second < first


def test_refusals_within_the_second_of_a_cut_count_with_it() -> None:
    """A bank that counts by the second refuses until that is over, whatever leaves: it holds, and cuts no more."""

    async def main() -> list[bool]:
        pacer = Pacer(calls_per_second=80, max_in_flight=8)
        cuts = []
        for _ in range(5):
            cuts.append(refuse(pacer, 0.0).cut)
            await asyncio.sleep(0.4)
            pacer.accepted("check", 0.01)
        return cuts

    assert run_virtually(main()) == [True, False, False, True, False]


def test_a_longer_wait_within_a_burst_is_obeyed() -> None:
    """The longest of the waits that a burst asks for counts, a shorter one later does not cut it."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=10, max_in_flight=8)
        start = loop.time()
        for asked_s in (1.0, 9.0, 0.1, None):
            refuse(pacer, asked_s, ago_s=0.1)
        assert pacer.gate.held_s == pytest.approx(9.0)
        await leave(pacer)
        return loop.time() - start

    assert run_virtually(main()) == pytest.approx(9.0, abs=0.2)


def test_a_wait_beyond_the_cap_is_cut_to_it() -> None:
    """Whatever the bank asks, the run waits no longer than ``max_wait_s``."""

    async def main() -> float:
        pacer = Pacer(calls_per_second=10, max_in_flight=8, max_wait_s=7)
        return refuse(pacer, 3600.0).seconds

    assert run_virtually(main()) == 7.0


def test_without_a_named_wait_the_run_backs_off_by_how_often_in_a_row() -> None:
    """One step for each burst, none for the calls of a burst; a call that the bank takes starts it afresh."""

    async def main() -> list[int]:
        asked: list[int] = []

        def wait_s(times: int) -> float:
            asked.append(times)
            return 0.5

        pacer = Pacer(calls_per_second=10, max_in_flight=8, wait_s=wait_s)
        for _ in range(3):
            refuse(pacer, None)
            await asyncio.sleep(0.1)
            refuse(pacer, None, ago_s=0.2)
            await asyncio.sleep(2)
        pacer.accepted("check", 0.1)
        refuse(pacer, None)
        return asked

    assert run_virtually(main()) == [1, 2, 3, 1]


@pytest.mark.parametrize("rate", [5, 20, 200])
def test_the_climb_does_not_outrun_the_rate_in_force(rate: int) -> None:
    """While the rate climbs back, each second holds what is in force then and not a burst more at each step."""
    in_force: list[tuple[float, float]] = []

    async def watch(pacer: Pacer) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for _ in range(4):
            refuse(pacer, 0.0)
            await asyncio.sleep(1.01)
        for _ in range(100):
            in_force.append((loop.time() - start, pacer.rate))
            await asyncio.sleep(0.2)

    left = departures(rate, 25, during=watch)
    for moment, now_rate in in_force:
        calls = len([call for call in left if moment - 1 < call <= moment])
        assert calls <= now_rate * 1.08 + 1.5, (moment, now_rate)


@pytest.mark.parametrize("reason", ["rate", "hold", "gate", "slow rate"])
def test_halt_wakes_everybody_who_waits(reason: str) -> None:
    """The run stops: whoever waits, for whatever, is told soon that nothing may leave."""

    async def main() -> tuple[list[bool], float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=0.01 if reason == "slow rate" else 2, max_in_flight=8)
        await leave(pacer)
        if reason == "hold":
            refuse(pacer, 60.0)
        if reason == "gate":
            pacer.gate.shut()
        waiting = [asyncio.create_task(leave(pacer, urgent=number == 9)) for number in range(10)]
        await asyncio.sleep(0.05)
        if reason == "gate":
            assert await waiting[9]
        halted_at = loop.time()
        pacer.gate.halt()
        results = await asyncio.gather(*waiting[:9])
        assert not await leave(pacer)
        assert not await leave(pacer, urgent=True)
        return results, loop.time() - halted_at

    results, waited = run_virtually(main())
    assert results == [False] * 9
    assert waited < 0.5


def test_a_shut_gate_stops_those_who_already_queued() -> None:
    """The bank is down: not even the calls that waited for their permit before that leave, only the urgent probe."""

    async def main() -> tuple[int, bool, int]:
        pacer = Pacer(calls_per_second=10, max_in_flight=64)
        waiting = [asyncio.create_task(leave(pacer)) for _ in range(40)]
        await asyncio.sleep(0.55)
        pacer.gate.shut()
        before = pacer.counters.total
        await asyncio.sleep(30)
        leaked = pacer.counters.total - before
        probe = await leave(pacer, urgent=True)
        pacer.gate.reopen()
        await asyncio.gather(*waiting)
        return leaked, probe, pacer.counters.total

    assert run_virtually(main()) == (0, True, 41)


def test_order_survives_a_shut_gate() -> None:
    """Those who queued first leave first when the gate opens again."""

    async def main() -> list[int]:
        pacer = Pacer(calls_per_second=10, max_in_flight=64)
        order: list[int] = []

        async def call(number: int) -> None:
            await leave(pacer)
            order.append(number)

        tasks = [asyncio.create_task(call(number)) for number in range(30)]
        await asyncio.sleep(0.3)
        pacer.gate.shut()
        await asyncio.sleep(5)
        pacer.gate.reopen()
        await asyncio.gather(*tasks)
        return order

    assert run_virtually(main()) == list(range(30))


def test_a_cancelled_caller_does_not_block_the_others() -> None:
    """Whoever is cancelled while waiting gives its place up."""

    async def main() -> int:
        pacer = Pacer(calls_per_second=5, max_in_flight=64)
        tasks = [asyncio.create_task(leave(pacer)) for _ in range(20)]
        await asyncio.sleep(0.1)
        for task in tasks[1::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return pacer.counters.total

    assert run_virtually(main()) == 10


def test_in_flight_is_limited() -> None:
    """No more requests are under way than configured, and the pacer tells how many are."""

    async def main() -> tuple[int, int]:
        pacer = Pacer(calls_per_second=1000, max_in_flight=3)
        most = 0

        async def call() -> None:
            nonlocal most
            async with pacer.places:
                await leave(pacer)
                most = max(most, pacer.places.in_use)
                await asyncio.sleep(1)

        await asyncio.gather(*(call() for _ in range(10)))
        return most, pacer.places.in_use

    assert run_virtually(main()) == (3, 0)


@pytest.mark.parametrize("rate", [200])
def test_in_real_time(rate: int) -> None:
    """On the real clock, with workers that take time, the bound holds and the rate is used, busy machine or not."""

    async def main() -> list[float]:
        pacer = Pacer(calls_per_second=rate, max_in_flight=32)
        left = []

        async def work() -> None:
            while await leave(pacer):
                left.append(time.monotonic())
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(work()) for _ in range(32)]
        await asyncio.sleep(1.5)
        pacer.gate.halt()
        await asyncio.gather(*tasks)
        return left

    left = asyncio.run(main())
    assert most_in(left) <= rate
    assert len(left) >= 0.5 * 1.5 * rate  # others may use the machine; virtual time shows the 99 %


def arrivals_at_the_bank(
    rate: int,
    calls: int,
    *,
    on_the_way_s: Callable[[float], float],
    at_work_s: Callable[[], float],
    before_s: Callable[[], float] = lambda: 0.0,
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> list[float]:
    """When each call reached a bank, by how long the way takes at an instant and how long the bank works.

    ``before_s`` lies between a permit and the write.
    """
    arrivals = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=rate, max_in_flight=128)

        async def call() -> None:
            async with pacer.places:
                permit = await pacer.acquire()
                assert permit is not None
                await asyncio.sleep(before_s())
                await pacer.wait_due(permit)
                pacer.sent(permit)
                pacer.written(permit)
                await asyncio.sleep(on_the_way_s(loop.time()))
                arrivals.append(loop.time())
                await asyncio.sleep(at_work_s())
                pacer.answered(permit)

        others = asyncio.create_task(beside()) if beside else None
        await asyncio.gather(*(call() for _ in range(calls)))
        if others:
            others.cancel()

    run_virtually(main())
    return arrivals


def test_no_second_at_the_bank_has_more_though_calls_arrive_late() -> None:
    """A bank that stands still for 0.2 s sees all calls of that time at once: its own count holds even so."""
    rate, stretch_s, still_s = 200, 1.7, 0.2

    def on_the_way(now: float) -> float:
        return 0.001 + max(0.0, still_s - now % stretch_s)

    arrivals = arrivals_at_the_bank(rate, 20 * rate, on_the_way_s=on_the_way, at_work_s=lambda: 0.003)
    assert most_in(arrivals) <= rate
    assert len(arrivals) / (arrivals[-1] - arrivals[0]) >= 0.9 * rate


@pytest.mark.parametrize("seed", [1, 5, 6])
def test_no_second_at_the_bank_has_more_though_all_of_a_busy_machine_is_late(seed: int) -> None:
    """Where usual answers are late ones, too, how late the pacer itself wakes tells it."""
    rate, chance, most_s = 100, Random(seed), 0.03
    resumes = [1000.0]  # the bank runs for a moment, then stands still until one of these
    while resumes[-1] < 1040:
        resumes.append(resumes[-1] + chance.uniform(0, 0.005) + chance.uniform(0, most_s))

    def on_the_way(now: float) -> float:
        return 0.0002 + min(most_s, resumes[bisect(resumes, now)] - now)

    async def others() -> None:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        while True:
            await asyncio.sleep(chance.uniform(0, 0.05))
            loop.stand_still(chance.uniform(0, most_s))

    arrivals = arrivals_at_the_bank(rate, 30 * rate, on_the_way_s=on_the_way, at_work_s=lambda: 0.002, beside=others)
    assert most_in(arrivals) <= rate
    assert len(arrivals) / (arrivals[-1] - arrivals[0]) >= 0.9 * rate


@pytest.mark.parametrize("seed", [0, 2])
def test_no_second_at_the_bank_has_more_though_it_often_stands_still(seed: int) -> None:
    """While this process is quick: few answers are on time then, and only those tell what is usual."""
    rate, chance, most_s = 500, Random(seed), 0.03
    resumes = [1000.0]
    while resumes[-1] < 1012:
        resumes.append(resumes[-1] + chance.uniform(0, 0.005) + chance.uniform(0, most_s))

    def on_the_way(now: float) -> float:
        return 0.0002 + min(most_s, resumes[bisect(resumes, now)] - now)

    arrivals = arrivals_at_the_bank(
        rate,
        8 * rate,
        on_the_way_s=on_the_way,
        at_work_s=lambda: 0.002,
        before_s=lambda: chance.uniform(0.001, 0.008),
    )
    assert most_in(arrivals) <= rate
    assert len(arrivals) / (arrivals[-1] - arrivals[0]) >= 0.98 * rate


def test_a_bank_that_takes_its_time_costs_nothing_of_the_rate() -> None:
    """How long the bank works on a call, 20 to 80 ms here, is hardly a sign of lateness."""
    chance, rate = Random(4), 200
    arrivals = arrivals_at_the_bank(
        rate, 20 * rate, on_the_way_s=lambda _: 0.001, at_work_s=lambda: chance.uniform(0.02, 0.08)
    )
    assert most_in(arrivals) <= rate
    later = arrivals[rate:]  # at first it is not known what is usual
    assert len(later) / (later[-1] - later[0]) >= 0.985 * rate


def test_a_lone_refusal_holds_nobody_else() -> None:
    """It shows no limit: the rate stays, and the next calls leave as if nothing had been."""

    async def during(pacer: Pacer) -> None:
        for _ in range(4):
            await asyncio.sleep(1)
            assert refuse(pacer, 3.0, calls=1) == Hold(seconds=0.0, cut=False)

    assert len(departures(100, 5, during=during)) >= 0.99 * 500


def test_a_cut_that_changes_nothing_is_taken_back() -> None:
    """The same share is refused at the lower rate: the run is as fast again as before."""

    async def during(pacer: Pacer) -> list[float]:
        await asyncio.sleep(2)
        refuse(pacer, 0.1)
        rates = [pacer.rate]
        await asyncio.sleep(1.5)
        for _ in range(90):
            await asyncio.sleep(0.1)
            refuse(pacer, 0.1, calls=1)
            rates.append(pacer.rate)
        assert min(rates) < 100
        assert rates[-1] == 100
        return rates

    departures(100, 13, during=during)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.5, 1, 3, 10, 50, 200]), st.floats(0.05, 3)), min_size=2, max_size=6),
)
def test_a_change_of_the_rate_breaks_no_window(stages: list[tuple[float, float]]) -> None:
    """Whatever call leaves, the second (or more) before it holds no more calls than the rate that is in force then."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=stages[0][0], max_in_flight=32)
        left: list[float] = []

        async def work() -> None:
            while await leave(pacer):
                left.append(loop.time())
                rate = pacer.asked
                window_s = max(1.0, 1 / rate)
                assert sum(at > left[-1] - window_s for at in left) <= max(1, int(rate))

        tasks = [asyncio.create_task(work()) for _ in range(32)]
        for rate, seconds in stages:
            pacer.change(rate, {})
            await asyncio.sleep(seconds)
        pacer.gate.halt()
        await asyncio.gather(*tasks)

    run_virtually(main())


def test_another_rate_is_used_at_once() -> None:
    """Up as well as down, and no call of the burst of a new spacing goes astray."""

    async def during(pacer: Pacer) -> None:
        for rate in (500, 50):
            await asyncio.sleep(3)
            pacer.change(rate, {})

    left = departures(100, 9, during=during)
    counts = [sum(first <= moment < first + 1 for moment in left) for first in range(9)]
    assert counts[:3] == [pytest.approx(100, abs=3)] * 3
    assert counts[3:6] == [pytest.approx(500, abs=15)] * 3
    assert counts[6] <= 50
    assert most_in([moment for moment in left if 5.5 <= moment < 6.5]) >= 200  # those before the change count, too
    assert not [moment for moment in left if 6.01 < moment < 6.5]
    assert counts[7:] == [pytest.approx(50, abs=3)] * 2
