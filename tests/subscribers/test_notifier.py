"""When somebody is told, and that nobody waits for it longer than is allowed."""

import threading
import time
from collections.abc import Callable

from finhub_onboard.config.alerts import Notify
from finhub_onboard.events import (
    BankDown,
    Envelope,
    Event,
    Notice,
    Progress,
    RunFinished,
    RunOpened,
    StageProgress,
    Stopping,
)
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.subscribers.alert import Alert
from finhub_onboard.subscribers.channels import UndeliveredError
from finhub_onboard.subscribers.notifier import Notifier

FINISHED = RunFinished(run_id="r", exit_code=3, dispositions={Disposition.FAILED: 2}, out="o", seconds=1.0)


class Wire:
    """A channel that keeps what it gets; ``act`` happens on each try."""

    name = "wire"

    def __init__(self, act: Callable[[int], object] = lambda _: None) -> None:
        self.tries = 0
        self.told: list[Alert] = []
        self._act = act

    def send(self, alert: Alert, timeout_s: float) -> None:
        """Take it, if nothing is raised."""
        del timeout_s
        self.tries += 1
        self._act(self.tries)
        self.told.append(alert)


def envelope(event: Event, run_id: str = "r") -> Envelope:
    """An event as a subscriber gets it."""
    return Envelope(run_id=run_id, sequence=1, at=5.0, event=event)


def progress(rows: int, calls: int = 0) -> Progress:
    """So many rows are done."""
    return Progress(
        at=1.0,
        rows_done=rows,
        rows_total=10,
        dispositions={},
        phases={Phase.REGISTRATION: rows},
        calls=calls,
        calls_per_second=0,
        in_flight=0,
        places=1,
        rate_asked=1,
    )


def notices(said: list[Event]) -> list[str]:
    """What was said."""
    return [event.message for event in said if isinstance(event, Notice)]


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


def test_the_end_and_a_stop_are_told_with_what_is_known() -> None:
    """In order."""
    wire = Wire()
    notifier = Notifier([wire], Notify(), lambda _: None)
    notifier(envelope(RunOpened(run_id="r", rows=1, out="o")))
    notifier(envelope(Stopping(reason="too many failed")))
    notifier(envelope(FINISHED))
    notifier.close()
    stopping, finished = wire.told
    assert (stopping.event, stopping.reason) == ("stopping", "too many failed")
    assert (finished.event, finished.exit_code, finished.dispositions) == ("finished", 3, {"failed": 2})


def test_only_the_occasions_that_were_asked_for_are_told() -> None:
    """Others are not."""
    wire = Wire()
    notifier = Notifier([wire], Notify(on=("stop",)), lambda _: None)
    notifier(envelope(FINISHED))
    notifier.fail("the bank refused", "correct it", 5)
    notifier.close()
    assert wire.told == []


def test_a_run_that_cannot_begin_is_told() -> None:
    """With the error's words and exit code."""
    wire = Wire()
    notifier = Notifier([wire], Notify(), lambda _: None)
    notifier.fail("the bank refused", "correct it", 5)
    notifier.close()
    assert wire.told[0].text.splitlines() == [
        "finhub-onboard: a run that had not begun failed with exit code 5",
        "the bank refused",
        "Next: correct it",
    ]


def test_a_standstill_is_told_once_and_again_after_movement() -> None:
    """Calls alone are no movement, and the bank's silence is named; a standstill after movement is a new one."""
    now = [0.0]
    wire = Wire()
    notifier = Notifier([wire], Notify(stall_minutes=2), lambda _: None, clock=lambda: now[0], look_s=0.005)
    notifier(envelope(progress(1)))
    notifier(envelope(BankDown(reason="it refuses connections")))
    now[0] = 119.0
    notifier(envelope(progress(1, calls=50)))
    time.sleep(0.05)
    assert wire.told == []
    now[0] = 120.0
    until(lambda: wire.told)
    notifier(envelope(progress(1, calls=99)))
    now[0] = 500.0
    time.sleep(0.05)
    assert [alert.reason for alert in wire.told] == [
        "nothing has moved for 2 minutes; the bank does not answer: it refuses connections"
    ]
    notifier(envelope(StageProgress(stage="reports", rows_done=1, rows_total=2, seconds=1.0)))
    now[0] = 620.0
    until(lambda: len(wire.told) == 2)
    notifier.close()


def test_a_try_that_fails_is_repeated_and_then_said() -> None:
    """A passing fault costs nothing; a lasting one is a notice, and one that no repeat can help is said at once."""

    def first_fails(number: int) -> None:
        if number == 1:
            raise UndeliveredError("the answer was 503")

    def refuses(_: int) -> None:
        raise UndeliveredError("the answer was 404", again=False)

    def breaks(_: int) -> None:
        raise ZeroDivisionError("a name")

    said: list[Event] = []
    passing, lasting, broken = Wire(first_fails), Wire(refuses), Wire(breaks)
    notifier = Notifier([passing, lasting, broken], Notify(), said.append)
    notifier(envelope(FINISHED))
    notifier.close()
    assert (passing.tries, len(passing.told), lasting.tries) == (2, 1, 1)
    assert sorted(notices(said)) == [
        "a notification was not delivered (wire): ZeroDivisionError",
        "a notification was not delivered (wire): the answer was 404",
    ]


def test_the_end_says_why_the_last_try_failed() -> None:
    """Also where there was no time for another one."""

    def fails(_: int) -> None:
        raise UndeliveredError("ConnectError")

    said: list[Event] = []
    notifier = Notifier([Wire(fails)], Notify(timeout_s=0.2), said.append)
    notifier(envelope(FINISHED))
    notifier.close()
    assert notices(said) == ["a notification was not delivered (wire): ConnectError, within 0.2 s"]


def test_the_end_waits_for_a_hanging_channel_no_longer_than_allowed() -> None:
    """And the others are not held up by it; it is said."""
    release = threading.Event()
    said: list[Event] = []
    hanging, quick = Wire(lambda _: release.wait(60)), Wire()
    notifier = Notifier([hanging, quick], Notify(timeout_s=0.3), said.append)
    began = time.monotonic()
    for _ in range(100):
        notifier(envelope(Stopping(reason="again and again")))
    assert time.monotonic() - began < 0.3
    notifier(envelope(FINISHED))
    until(lambda: quick.told and quick.told[-1].event == "finished")
    notifier.close()
    assert time.monotonic() - began < 10
    assert notices(said) == ["a notification was not delivered (wire): no answer, within 0.3 s"]
    release.set()
