"""The job as a coroutine: inside somebody's event loop, with subscribers of all kinds, cancelled and refused."""

import asyncio
import json
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from finhub_onboard import events, job
from finhub_onboard.config.credentials import Credentials
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.errors import ConfigurationError, ExitCode, UnreadableInputError
from finhub_onboard.events import Envelope, Notice
from finhub_onboard.ledger import connect
from finhub_onboard.model import Disposition
from finhub_onboard.reports.outcome import Written
from finhub_onboard.sandbox import demo
from tests.intake.helpers import a_row, write

ROWS = 12


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a practice bank and a ledger of the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return Settings.model_validate(
        {
            "api": {"base_url": "sandbox:"},
            "journey": {"until": "session"},
            "limits": {"calls_per_second": 1000},
            "ledger": {"url": f"sqlite:///{tmp_path / 'ledger.db'}"},
        }
    )


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A small input and a folder for its reports."""
    rows = [a_row(number) for number in range(1, ROWS + 1)]
    return Order(inputs=[write(tmp_path / "x.csv", rows)], out=tmp_path / "out")


def runs(settings: Settings) -> int:
    """Return how many runs the ledger has; there may be none."""
    path = settings.ledger.path
    if not path.exists():
        return 0
    with connect.look_into(f"sqlite:///{path}", tenant_id=demo.TENANT_ID, seed="") as ledger:
        return len(ledger.runs())


def reported(order: Order) -> dict[str, int]:
    """Return the dispositions that the summary tells."""
    assert order.out
    summary = json.loads((order.out / "summary.json").read_text(encoding="utf-8"))
    return {name: rows for name, rows in summary["dispositions"].items() if rows}


def test_a_run_works_inside_a_running_loop_and_leaves_the_signals_alone(order: Order, settings: Settings) -> None:
    """Other tasks of the loop go on meanwhile, and what the process does on SIGINT stays as it was."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def main() -> Written:
        ticking = asyncio.create_task(tick())
        handler = signal.getsignal(signal.SIGINT)
        running = asyncio.create_task(job.run(order, settings))
        await asyncio.sleep(0.05)
        assert signal.getsignal(signal.SIGINT) is handler
        written = await running
        ticking.cancel()
        return written

    written = asyncio.run(main())
    assert written.dispositions[Disposition.PENDING] == ROWS
    assert ticks > 50
    assert runs(settings) == 1


@pytest.mark.parametrize("fault", ["no input", "no credentials", "a folder in the way"])
def test_a_run_that_cannot_start_leaves_no_entry(fault: str, order: Order, settings: Settings) -> None:
    """It raises what is wrong, inside a running loop as well, and the ledger has no run that died."""
    expected: type[Exception] = ConfigurationError
    if fault == "no input":
        order.inputs[0].unlink()
        expected = UnreadableInputError
    elif fault == "no credentials":
        settings = settings.model_copy(update={"credentials": Credentials()})
    else:
        assert order.out
        order.out.write_text("in the way", encoding="utf-8")
    with pytest.raises(expected):
        asyncio.run(job.run(order, settings))
    assert runs(settings) == 0


def test_subscribers_that_raise_block_or_come_late_do_the_run_no_harm(order: Order, settings: Settings) -> None:
    """The run ends in time with its reports; a good subscriber gets all events and learns of the one that failed."""
    bus, free = EventBus(), threading.Event()
    told: list[Envelope] = []
    late: list[Envelope] = []

    def fails(_: Envelope) -> None:
        raise ValueError("ana.sample@example.com")

    def blocks(_: Envelope) -> None:
        free.wait(60)

    def joins_late(envelope: Envelope) -> None:
        if isinstance(envelope.event, events.RunOpened):
            bus.subscribe(late.append)

    for subscriber in (fails, blocks, told.append, joins_late):
        bus.subscribe(subscriber)
    written = asyncio.run(asyncio.wait_for(job.run(order, settings, bus), timeout=50))
    free.set()
    assert reported(order) == {"pending": ROWS}
    kinds = [envelope.name for envelope in told]
    assert [kinds.count(kind) for kind in ("run_opened", "finished", "subscriber_failed")] == [1, 1, 1]
    assert "ana.sample" not in repr(told)
    assert kinds.count("customer_finished") == ROWS
    assert {event.phase for e in told if isinstance(event := e.event, events.CallFinished)} == {
        "registration",
        "session",
    }
    (finished,) = (e.event for e in told if isinstance(e.event, events.RunFinished))
    assert finished.exit_code == written.exit_code
    assert {Path(name).name for name in finished.files} >= {"results.csv", "summary.json", "report.html"}
    assert [envelope.sequence for envelope in told] == sorted({envelope.sequence for envelope in told})
    assert all(envelope.run_id == finished.run_id for envelope in told[kinds.index("run_opened") :])
    assert "finished" in [envelope.name for envelope in late]


def test_a_request_before_the_start_abandons_the_run(order: Order, settings: Settings) -> None:
    """Nothing was sent and no run is in the ledger."""
    interrupts = Interrupts()

    async def main() -> None:
        running = asyncio.create_task(job.run(order, settings, interrupts=interrupts))
        await asyncio.sleep(0)
        interrupts.request("SIGTERM", ExitCode.TERMINATED)
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert interrupts.abandoned == ("SIGTERM", ExitCode.TERMINATED)
    assert runs(settings) == 0


def test_a_request_while_customers_are_carried_ends_in_good_order(order: Order, settings: Settings) -> None:
    """The run drains, reports, and has the exit code that was asked for."""
    interrupts, bus = Interrupts(), EventBus()
    bus.subscribe(lambda _: interrupts.request("SIGTERM", ExitCode.TERMINATED), kinds=[events.RunOpened])
    written = asyncio.run(job.run(order, settings, bus, interrupts))
    assert written.exit_code is ExitCode.TERMINATED
    assert sum(reported(order).values()) == ROWS


def test_a_cancelled_run_is_resumed_by_the_next(order: Order, settings: Settings) -> None:
    """Whoever cancels the coroutine gets the cancellation, the lock is free, and nobody is lost or done twice."""

    async def main() -> Written:
        bus = EventBus()
        loop, opened = asyncio.get_running_loop(), asyncio.Event()

        def open_gate(_: Envelope) -> None:
            loop.call_soon_threadsafe(opened.set)

        bus.subscribe(open_gate, kinds=[events.RunOpened])
        running = asyncio.create_task(job.run(order, settings, bus))
        await opened.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return await job.run(order, settings)

    assert asyncio.run(main()).dispositions[Disposition.PENDING] == ROWS
    assert runs(settings) == 2


def test_a_time_of_day_that_passes_while_the_input_is_read_is_still_todays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins at 05:59:40 and reads until after 06:00 stops before its first call."""
    six = datetime.now().astimezone().replace(second=0, microsecond=0)
    began = iter([six - timedelta(seconds=20)])
    now = SimpleNamespace(now=lambda zone: next(began, datetime.now(UTC)).astimezone(zone))
    monkeypatch.setattr(job, "datetime", now)  # who asks later has the true time, when it is over
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    settings = Settings.model_validate(
        {
            "api": {"base_url": "sandbox:"},
            "stop": {"deadline": f"{six:%H:%M}"},
            "ledger": {"url": f"sqlite:///{tmp_path / 'ledger.db'}"},
        }
    )
    told: list[Envelope] = []
    bus = EventBus()
    bus.subscribe(told.append, kinds=[Notice])
    order = Order(inputs=[write(tmp_path / "x.csv", [a_row(1)])], out=tmp_path / "out")
    written = asyncio.run(job.run(order, settings, bus))
    assert written.exit_code is ExitCode.STOPPED_EARLY
    assert told
    assert not any("is over" in str(envelope.event) for envelope in told)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["dispositions"]["pending"] == 1
    assert not any(phase["sent"] for phase in summary["calls"].values())
