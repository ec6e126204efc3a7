"""The way to the bank: categories by any of their names, requests that cannot be built, a bank that is down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from pipeline.calls import CallName, Reply, step
from pipeline.config import load
from pipeline.customer_ids import CustomerIds
from pipeline.errors import OnboardError, RefusedError, StoppedEarlyError
from pipeline.events import BankBack, BankDown, Event, Slowed
from pipeline.gateway import Gateway, Health, Ready, index_categories, is_answer
from pipeline.intake.documents import DocumentError
from pipeline.journey.traverse import Problem
from pipeline.keys import Keys
from pipeline.model import Category, Journey
from pipeline.outbound.pacing import Pacer
from pipeline.outbound.payloads import Payloads
from tests.journey.world import a_customer

if TYPE_CHECKING:
    from pipeline.outbound.client import Client
    from pipeline.outbound.session import AdminSession

STANDARD = Category(key="INDIVIDUAL_STANDARD", id="101", name="Individual Standard")
PLUS = Category(key="INDIVIDUAL_PLUS", id="102", name="Individual Plus")
JOURNEY = Journey(key=b"k", fingerprint=b"", customer_id="c", user_id="u", verification_id="v")
FINE = Reply(status=200, says=200, accepted=True, readable=True)
DEAD = Reply(cause="no answer in time")


def not_now(said: object) -> None:
    """Fail: this end was not due."""
    pytest.fail(f"the run was ended: {said}")


@pytest.mark.parametrize("name", ["INDIVIDUAL_PLUS", "individual_plus", "102", "Individual Plus", "INDIVIDUAL PLUS"])
def test_a_category_is_found_by_key_id_or_name_in_any_case(name: str) -> None:
    """DESIGN 3.3: the hierarchy's key, id or name."""
    assert index_categories((STANDARD, PLUS))[name.casefold()] is PLUS


def test_keys_win_over_ids_and_ids_over_names() -> None:
    """A tenant may name one category like another's key."""
    confusing = Category(key="X", id="INDIVIDUAL_PLUS", name="101")
    index = index_categories((confusing, STANDARD, PLUS))
    assert index["individual_plus"] is PLUS
    assert index["101"] is STANDARD
    assert index["x"] is confusing


@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        (FINE, True),
        (Reply(status=400, says=400), True),
        (Reply(status=401, says=401), True),
        (Reply(status=409, says=409), True),
        (Reply(status=200, says=503), False),
        (Reply(status=429, says=429), False),
        (Reply(status=500, says=500), False),
        (Reply(status=503, says=503), False),
        (DEAD, False),
        (Reply(sent=False, cause="no connection"), False),
    ],
)
def test_only_an_answer_of_the_bank_itself_shows_that_it_is_there(reply: Reply, answers: bool) -> None:  # noqa: FBT001
    """Refusals are answers; server errors, refusals for rate and silence are not."""
    assert is_answer(reply) is answers


def gateway(read_document: Callable[[str], tuple[bytes, str]]) -> Gateway:
    """Return a gateway whose client never sends."""
    payloads = Payloads(load(None, environ={}), Keys("s", "t"))
    return Gateway(
        client=cast("Client", SimpleNamespace()),
        payloads=payloads,
        session=cast("AdminSession", SimpleNamespace()),
        categories=(STANDARD,),
        read_document=read_document,
        health=cast("Health", SimpleNamespace()),
        ids=CustomerIds(Keys("s", "t"), sharing=lambda _: {}, identify=lambda _: None),
    )


def test_a_row_whose_category_vanished_is_a_problem_of_that_field() -> None:
    """Nothing is built for a category that the hierarchy does not have."""
    made = asyncio.run(
        gateway(lambda _: (b"", "")).prepare(step(CallName.REGISTER), a_customer(category="GOLD"), JOURNEY)
    )
    assert isinstance(made, Problem)
    assert (made.code, made.field) == ("category_unknown", "category")


@pytest.mark.parametrize(
    ("kind", "path"),
    [("GOVERNMENT_ID", "id.pdf"), ("PROOF_OF_ADDRESS", "address.pdf"), ("SOURCE_OF_FUNDS", "funds.pdf")],
)
def test_a_document_is_read_from_the_column_of_its_kind(kind: str, path: str) -> None:
    """The bytes that the requirement's column names are what leaves."""
    read: list[str] = []

    def reader(wanted: str) -> tuple[bytes, str]:
        read.append(wanted)
        return b"%PDF-1.4", "application/pdf"

    customer = a_customer(category="individual_standard")
    made = asyncio.run(gateway(reader).prepare(step(CallName.UPLOAD_DOCUMENT, kind), customer, JOURNEY))
    assert read == [path]
    assert isinstance(made, Ready)
    assert b"JVBERi0xLjQ" in made.outgoing.body


def test_a_document_that_cannot_be_read_is_a_problem_of_its_column() -> None:
    """The row fails with the document's own code; nothing is raised."""

    def reader(_: str) -> tuple[bytes, str]:
        raise DocumentError("document_missing", "there is no such file")

    customer = a_customer(category="101")
    made = asyncio.run(gateway(reader).prepare(step(CallName.UPLOAD_DOCUMENT, "PASSPORT"), customer, JOURNEY))
    assert isinstance(made, Problem)
    assert (made.code, made.field) == ("document_missing", "identity_document")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """A patience without waits."""

    max_attempts: int = 3
    wait_s: Callable[[int], float] = lambda _: 0.0


def health(events: list[Event], *, max_in_flight: int = 1) -> tuple[Health, Pacer]:
    """Return a health over a real pacer."""
    pacer = Pacer(calls_per_second=1000, max_in_flight=max_in_flight)
    client = cast("Client", SimpleNamespace(pacer=pacer))
    return Health(client, max_in_flight=max_in_flight, cap_s=60, emit=events.append), pacer


def test_a_bank_that_only_fails_is_left_alone_until_a_probe_works() -> None:
    """Five failures in a row shut the gate; a probe that is answered opens it and is said."""

    async def scenario() -> None:
        events: list[Event] = []
        watched, pacer = health(events)
        probes = iter([DEAD, Reply(status=502, says=502), FINE])

        async def probe() -> Reply:
            return next(probes)

        watch = asyncio.create_task(watched.watch(probe, AtOnce(), not_now, not_now))
        for _ in range(4):
            watched.observe(DEAD, wait_s=0)
        watched.observe(FINE, wait_s=0)
        for _ in range(4):
            watched.observe(DEAD, wait_s=0)
        assert await asyncio.wait_for(pacer.turn(), 5)
        watched.observe(DEAD, wait_s=0)
        turn = asyncio.create_task(pacer.turn())
        await asyncio.sleep(0)
        assert not turn.done()
        assert await asyncio.wait_for(turn, 5)
        assert events == [BankDown(reason="no answer in time"), BankBack()]
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    asyncio.run(scenario())


def test_a_bank_that_stays_away_is_given_up_after_the_probes() -> None:
    """The reason is the last thing that was seen of it."""

    async def scenario() -> None:
        events: list[Event] = []
        watched, _ = health(events, max_in_flight=7)
        given_up: list[str] = []
        probes = 0

        async def probe() -> Reply:
            nonlocal probes
            probes += 1
            return Reply(status=429, says=429)

        for _ in range(7):
            watched.observe(Reply(status=503, says=503), wait_s=0)
        await asyncio.wait_for(watched.watch(probe, AtOnce(max_attempts=4), given_up.append, not_now), 5)
        assert (given_up, probes) == (["it answers 503"], 4)

    asyncio.run(scenario())


def test_what_the_stop_itself_kept_back_is_no_failure_of_the_bank() -> None:
    """A halted run turns its waiting requests away: that says nothing of the bank."""

    async def scenario() -> None:
        watched, pacer = health([])
        for _ in range(20):
            watched.observe(Reply(sent=False, cause="stopped"), wait_s=0)
        assert await asyncio.wait_for(pacer.turn(), 5)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("reply", "slows"),
    [
        (Reply(status=429, says=429), True),
        (Reply(status=429, says=429, retry_after_s=0.5), True),
        (Reply(status=503, says=503, retry_after_s=2.0), True),
        (Reply(status=200, says=429), True),
        (Reply(status=503, says=503), False),
        (Reply(status=500, says=500, retry_after_s=2.0), False),
        (FINE, False),
    ],
)
def test_a_refusal_for_rate_slows_the_whole_run_at_once(reply: Reply, slows: bool) -> None:  # noqa: FBT001
    """A 429, and a 503 that asks to wait, halve the rate once for all that were under way; nothing else does."""

    async def scenario() -> None:
        events: list[Event] = []
        watched, pacer = health(events, max_in_flight=50)
        for _ in range(10):
            watched.observe(reply, wait_s=0.5)
        assert pacer.rate == (500 if slows else 1000)
        assert [type(event) for event in events] == ([Slowed] if slows else [])

    asyncio.run(scenario())


def test_a_wait_longer_than_the_cap_is_said() -> None:
    """Issue 4: capped with a visible reason."""

    async def scenario() -> None:
        events: list[Event] = []
        watched, _ = health(events)
        watched.observe(Reply(status=429, says=429, retry_after_s=3600.0), wait_s=60)
        [event] = events
        assert isinstance(event, Slowed)
        assert (event.seconds, "3600" in event.reason) == (60, True)

    asyncio.run(scenario())


def test_a_bank_that_is_down_and_refuses_the_log_in_ends_the_run() -> None:
    """A probe that needs a new session and cannot have one is a failed probe, or the end; never a run that hangs."""
    ends: list[str] = []

    async def main(error: OnboardError) -> None:
        watched, _ = health([])
        for _ in range(9):
            watched.observe(DEAD, wait_s=0)

        async def probe() -> Reply:
            raise error

        await asyncio.wait_for(
            watched.watch(probe, AtOnce(), lambda _: ends.append("down"), lambda found: ends.append(str(found))), 5
        )

    asyncio.run(main(StoppedEarlyError("no session")))
    asyncio.run(main(RefusedError("wrong password")))
    assert ends == ["down", "wrong password"]
