"""Subscribers on threads of their own: order, kinds, overflow, failures, and that emitting never waits."""

import threading
import time

from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.events import BankBack, BankDown, Envelope, Notice, RunOpened, SubscriberFailed


def notices(bus: EventBus, count: int, first: int = 0) -> None:
    """Emit numbered notices."""
    for number in range(first, first + count):
        bus.emit(Notice(message=str(number)))


def messages(told: list[Envelope]) -> list[str]:
    """Return the texts of the notices that were told."""
    return [envelope.event.message for envelope in told if isinstance(envelope.event, Notice)]


def test_every_subscriber_gets_every_event_in_order() -> None:
    """Numbered from 1, with the time, and with the run's id from its first event on."""
    bus = EventBus(clock=lambda: 7.0)
    one: list[Envelope] = []
    other: list[Envelope] = []
    bus.subscribe(one.append)
    bus.subscribe(other.append)
    bus.emit(Notice(message="before"))
    bus.emit(RunOpened(run_id="r", rows=1, out="o"))
    notices(bus, 500)
    assert bus.flush(30)
    assert one == other
    assert [envelope.sequence for envelope in one] == list(range(1, 503))
    assert [envelope.run_id for envelope in one[:3]] == ["", "r", "r"]
    assert {envelope.at for envelope in one} == {7.0}
    assert [envelope.name for envelope in one[:2]] == ["notice", "run_opened"]


def test_a_subscriber_gets_the_kinds_that_it_asked_for() -> None:
    """Nothing else is queued for it."""
    bus = EventBus()
    told: list[Envelope] = []
    bus.subscribe(told.append, kinds=[BankDown])
    for event in (Notice(message="x"), BankDown(reason="gone"), BankBack()):
        bus.emit(event)
    assert bus.flush(30)
    assert [envelope.event for envelope in told] == [BankDown(reason="gone")]


def test_a_subscriber_chooses_before_anything_is_queued() -> None:
    """One that cannot choose is dropped, and whoever emits does not notice."""
    bus = EventBus()
    odd: list[Envelope] = []
    told: list[Envelope] = []
    bus.subscribe(odd.append, where=lambda event: isinstance(event, Notice) and event.message in "13579", capacity=5)
    bus.subscribe(told.append, kinds=[SubscriberFailed])
    bus.subscribe(odd.append, kinds=[BankDown], where=lambda event: bool(1 / 0 or event), name="cannot choose")
    notices(bus, 10)
    bus.emit(BankDown(reason="gone"))
    assert bus.flush(30)
    assert messages(odd) == ["1", "3", "5", "7", "9"]
    assert [e.event for e in told] == [SubscriberFailed(subscriber="cannot choose", error="ZeroDivisionError")]


def test_one_that_comes_late_gets_what_comes_after() -> None:
    """What was before is over."""
    bus = EventBus()
    early: list[Envelope] = []
    late: list[Envelope] = []
    bus.subscribe(early.append)
    notices(bus, 3)
    bus.subscribe(late.append)
    notices(bus, 2, first=3)
    assert bus.flush(30)
    assert (messages(early), messages(late)) == (["0", "1", "2", "3", "4"], ["3", "4"])


def test_one_that_raises_is_dropped_and_the_others_are_told_once() -> None:
    """By its name and the class of its exception: the text may hold anything."""
    bus = EventBus()
    told: list[Envelope] = []

    def broken(_: Envelope) -> None:
        raise ValueError("ana.sample@example.com")

    bus.subscribe(broken)
    bus.subscribe(told.append)
    bus.emit(Notice(message="0"))
    assert bus.flush(30)
    notices(bus, 20, first=1)
    assert bus.flush(30)
    failed = [envelope.event for envelope in told if isinstance(envelope.event, SubscriberFailed)]
    assert [event.error for event in failed] == ["ValueError"]
    assert "broken" in failed[0].subscriber
    assert messages(told) == [str(number) for number in range(21)]


def test_one_that_blocks_holds_nobody_up_and_learns_what_it_missed() -> None:
    """Its queue is bounded: the oldest events go, and the next envelope says how many."""
    bus = EventBus()
    begun, free = threading.Event(), threading.Event()
    slow: list[Envelope] = []
    told: list[Envelope] = []

    def blocks(envelope: Envelope) -> None:
        slow.append(envelope)
        begun.set()
        free.wait(60)

    bus.subscribe(blocks, capacity=10)
    bus.subscribe(told.append)
    notices(bus, 1)
    assert begun.wait(30)
    notices(bus, 100, first=1)
    started = time.monotonic()
    assert not bus.flush(0.05)
    assert time.monotonic() - started < 10
    free.set()
    assert bus.flush(30)
    assert messages(told) == [str(number) for number in range(101)]
    assert messages(slow) == ["0", *(str(number) for number in range(91, 101))]
    assert [envelope.missed for envelope in slow] == [0, 90, *[0] * 9]


def test_without_subscribers_nothing_happens() -> None:
    """Nobody waits for nobody."""
    bus = EventBus()
    notices(bus, 3)
    assert bus.flush(0)
