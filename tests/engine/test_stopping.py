"""Stopping a run: the first reason, a deadline, signals, and calls that do not end."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from finhub_onboard.config.settings import Stop
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tasks import beside
from finhub_onboard.errors import ExitCode, LedgerError
from finhub_onboard.events import Event, Stopping
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.pacing.long_wait import LongWait
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.outbound.support import run_virtually


def test_the_first_reason_to_stop_wins() -> None:
    """Later reasons change neither the exit code nor the words, and one event is emitted."""

    async def scenario() -> None:
        events: list[Event] = []
        pacer = Pacer(calls_per_second=1000, max_in_flight=1)
        stopper = Stopper(pacer.gate, events.append)
        assert (stopper.requested, stopper.exit_code) == (False, ExitCode.OK)
        judgement = Judgement(verdict=Verdict.FATAL, code="forbidden", hint="do", exit_code=ExitCode.REFUSED)
        stopper.fatal(judgement, "denied")
        stopper.error(LedgerError("full", hint="make room"))
        stopper.bank_is_down("gone")
        stopper.request("deadline", ExitCode.STOPPED_EARLY)
        assert (stopper.requested, stopper.reason, stopper.exit_code, stopper.hint) == (
            True,
            "denied",
            ExitCode.REFUSED,
            "do",
        )
        assert events == [Stopping(reason="denied")]
        assert await pacer.acquire() is None
        await asyncio.wait_for(stopper.pause(3600), 5)

    asyncio.run(scenario())


async def for_ever() -> None:
    """Work that does not end by itself."""
    await asyncio.Event().wait()


def stopping(
    story: Callable[[Stopper], Awaitable[Any]], *, deadline: datetime | None = None
) -> tuple[Stopper, list[Event], float]:
    """Let work that never ends be stopped by ``story``, in virtual time; how long it took."""
    events: list[Event] = []

    async def main() -> tuple[Stopper, float]:
        loop = asyncio.get_running_loop()
        stopper, start = Stopper(Gate(loop.time), events.append), loop.time()
        telling = asyncio.ensure_future(story(stopper))
        await stopper.carry_out(for_ever(), deadline=deadline)
        await telling
        return stopper, loop.time() - start

    stopper, seconds = run_virtually(main())
    return stopper, events, seconds


async def nothing(_: Stopper) -> None:
    """Let happen what happens."""


def test_a_deadline_that_has_come_stops_the_run() -> None:
    """An instant in the past stops at once with exit 4 and names the deadline."""
    stopper, events, seconds = stopping(nothing, deadline=datetime(2020, 1, 1, tzinfo=UTC))
    assert (stopper.exit_code, "2020-01-01" in stopper.reason) == (ExitCode.STOPPED_EARLY, True)
    assert isinstance(events[0], Stopping)
    assert seconds < Stop().grace_s + 1


def test_a_bank_that_asks_again_for_a_long_wait_stops_the_run() -> None:
    """Exit 4, and it says until when: from now on, by the wall clock of this machine."""
    long_wait = LongWait(60.0)

    async def story(stopper: Stopper) -> None:
        async with beside(stopper.heed(long_wait)):
            for left_at in (0.0, 100.0):
                await asyncio.sleep(1)
                assert not stopper.requested
                long_wait.refused(7200.0, left_at=left_at, now=left_at)
            await asyncio.sleep(1)

    stopper, _, _ = stopping(story)
    assert stopper.exit_code is ExitCode.STOPPED_EARLY
    found = re.search(r"left alone until (\S+),", stopper.reason)
    assert found, stopper.reason
    left_s = (datetime.fromisoformat(found[1]) - datetime.now(UTC)).total_seconds()
    assert 7200 - 60 < left_s <= 7200


def test_what_does_not_end_within_the_grace_is_cut_off() -> None:
    """A bank that hangs does not hold up a stop for longer; it is said."""

    async def story(stopper: Stopper) -> None:
        await asyncio.sleep(5)
        stopper.request("enough", ExitCode.STOPPED_EARLY)

    _, events, seconds = stopping(story)
    assert seconds == pytest.approx(5 + Stop().grace_s, abs=0.1)
    assert [type(event).__name__ for event in events] == ["Stopping", "Notice"]


@pytest.mark.parametrize("before", ["", "a stop rule"])
def test_the_first_signal_drains_and_the_second_stops_now(before: str) -> None:
    """Also where the run was stopping already: one Ctrl-C never cuts off what would have ended in good order."""

    async def story(stopper: Stopper) -> None:
        await asyncio.sleep(1)
        if before:
            stopper.request(before, ExitCode.STOPPED_EARLY)
        stopper.signalled("SIGTERM", ExitCode.TERMINATED)
        await asyncio.sleep(2)
        stopper.signalled("SIGINT", ExitCode.INTERRUPTED)

    stopper, _, seconds = stopping(story)
    assert seconds == pytest.approx(3, abs=0.1)
    assert stopper.exit_code is (ExitCode.STOPPED_EARLY if before else ExitCode.TERMINATED)
    assert stopper.reason.startswith(before or "SIGTERM")
