"""What a run says of its progress, in virtual time."""

import asyncio

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.engine.progress import ProgressMeter
from finhub_onboard.engine.stop_rules import StopRules
from finhub_onboard.engine.tally import Tally
from finhub_onboard.engine.tasks import beside
from finhub_onboard.events import Event, Progress
from finhub_onboard.model import Disposition, Journey, Phase, Standing, Violation
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.outbound.support import run_virtually


def meter(pacer: Pacer, tally: Tally, rules: StopRules, events: list[Event]) -> ProgressMeter:
    """Read these."""
    return ProgressMeter(
        tally=tally, rules=rules, budget=pacer, counters=pacer.counters, places=pacer.places, emit=events.append
    )


def violation(code: str) -> Violation:
    """Of some row."""
    return Violation(source="a.csv", row_number=1, external_id="", field="", code=code, message="", hint="")


def test_progress_adds_up_rows_phases_and_calls() -> None:
    """A customer under way counts for the phases it has done; the time left goes by those carried."""
    events: list[Event] = []
    complete = Journey(key=b"k", fingerprint=b"", standing=Standing.COMPLETE, done=8)

    async def main() -> None:
        pacer = Pacer(calls_per_second=50, max_in_flight=4)
        tally, rules = Tally(total=10), StopRules(load(None, environ={}))
        tally.count(Disposition.ONBOARDED, complete)
        tally.count(Disposition.REJECTED, None)
        tally.under_way[b"other"] = 2
        parked = Journey(key=b"p", fingerprint=b"", standing=Standing.PARKED, phase="approval", code="high_risk")
        tally.count(Disposition.PARKED, parked)
        tally.count(Disposition.REJECTED, None, [violation("email_invalid")] * 2 + [violation("phone_invalid")])
        rules.feed(complete)
        permit = await pacer.acquire()
        assert permit is not None
        pacer.sent(permit)
        pacer.written(permit)
        pacer.refused(permit, None)
        async with pacer.places:
            meter(pacer, tally, rules, events).report()

    run_virtually(main())
    [said] = events
    assert isinstance(said, Progress)
    assert (said.rows_done, said.rows_total, said.calls, said.in_flight, said.places) == (4, 10, 1, 1, 4)
    assert (said.rate_asked, said.rate_limit, said.calls_per_second, said.refused) == (50, 50, 1.0, 1)
    assert said.dispositions == {Disposition.REJECTED: 2, Disposition.ONBOARDED: 1, Disposition.PARKED: 1}
    assert [said.phases[phase] for phase in Phase] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert {(cause.stage, cause.code): cause.rows for cause in said.causes} == {
        ("approval", "high_risk"): 1,
        ("intake", "email_invalid"): 1,
        ("intake", "phone_invalid"): 1,
    }
    assert said.eta_s == pytest.approx(6 * said.at)


def test_progress_is_said_twice_a_second_while_a_run_lives() -> None:
    """Without anybody carried there is no telling how long it takes."""
    events: list[Event] = []

    async def main() -> None:
        pacer = Pacer(calls_per_second=50, max_in_flight=4)
        async with beside(meter(pacer, Tally(total=1), StopRules(load(None, environ={})), events).watch()):
            await asyncio.sleep(5.2)

    run_virtually(main())
    assert len(events) == 10
    assert all(isinstance(said, Progress) and said.eta_s is None for said in events)
