"""The way to the bank: requests that cannot be built, and what an answer must be about."""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.engine.bank_settings import tenant_of
from finhub_onboard.engine.document_bytes import DocumentBytes
from finhub_onboard.engine.gateway import Broken, Gateway, Ready
from finhub_onboard.engine.id_owners import IdOwners
from finhub_onboard.finhub.calls import CallName, Facts, Reply, step
from finhub_onboard.finhub.requests import Outgoing, Payloads
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.intake.checking.documents import DocumentError
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.journey.ports import Problem
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.matching.evidence import Opened
from finhub_onboard.model import Category, Customer, Journey
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.journey.world import a_customer
from tests.outbound.support import run_virtually
from tests.values import replace

if TYPE_CHECKING:
    from finhub_onboard.engine.bank_health import Health
    from finhub_onboard.matching.evidence import Evidence
    from finhub_onboard.outbound import client as outbound
    from finhub_onboard.outbound.pacing.places import Places
    from finhub_onboard.outbound.pacing.ports import Permit, RateBudget
    from finhub_onboard.outbound.session import AdminSession

KEYS = Keys("s", "t")
STANDARD = Category(key="INDIVIDUAL_STANDARD", id="101", name="Individual Standard")
PLUS = Category(key="INDIVIDUAL_PLUS", id="102", name="Individual Plus")
JOURNEY = Journey(key=b"k", fingerprint=b"", customer_id="c", user_id="u", verification_id="v")


def gateway(
    read_document: Callable[[str], tuple[bytes, str]],
    pacer: Pacer | None = None,
    document_bytes: DocumentBytes | None = None,
) -> Gateway:
    """Return a gateway whose client never sends."""

    def opened(customer: Customer, column: str, item: str) -> Opened:
        content, mime_type = read_document(getattr(customer, column))
        return Opened(content=content, mime_type=mime_type, mark=f"{item}=hash@1")

    payloads = Payloads(tenant_of(load(None, environ={})), KEYS)
    return Gateway(
        client=cast("outbound.Client", SimpleNamespace()),
        budget=cast("RateBudget", pacer),
        places=cast("Places", pacer and pacer.places),
        document_bytes=document_bytes or DocumentBytes(1000, largest=0),
        payloads=payloads,
        session=cast("AdminSession", SimpleNamespace()),
        categories=(STANDARD,),
        evidence=cast("Evidence", SimpleNamespace(opened=opened, size=lambda *_: 60)),
        health=cast("Health", SimpleNamespace()),
        ids=IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None),
        keys=KEYS,
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
        raise DocumentError(ViolationCode.DOCUMENT_NOT_FOUND, "there is no such file")

    customer = a_customer(category="101")
    made = asyncio.run(gateway(reader).prepare(step(CallName.UPLOAD_DOCUMENT, "PASSPORT"), customer, JOURNEY))
    assert isinstance(made, Problem)
    assert (made.code, made.field) == ("document_not_found", "identity_document")


class Client:
    """Gives one reply, and keeps who it had to be about."""

    bank_ahead_s = 2.5

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.whose: list[Whose] = []

    async def send(self, *_: object, whose: Whose, **__: object) -> tuple[Reply, bytes]:
        """Answer at once."""
        self.whose.append(whose)
        return self._reply, b""


def sent(reply: Reply, journey: Journey, call: CallName = CallName.REGISTER) -> tuple[Whose, IdOwners]:
    """Send one request of this journey: who was expected, and the owners of ids after it."""
    client, ids = Client(reply), IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None)
    ready = Ready(
        client=cast("outbound.Client", client),
        ids=ids,
        keys=KEYS,
        step=step(call),
        outgoing=Outgoing(method="GET", path="/"),
        customer=a_customer(),
        journey=journey,
        own_names=frozenset({"admin"}),
        broken=Broken(),
    )
    asyncio.run(ready.send("t", cast("Permit", None)))
    return client.whose[0], ids


def test_ids_of_both_kinds_are_the_customers_from_the_answer_on() -> None:
    """What an answer brings is remembered before anybody else's is read."""
    _, ids = sent(Reply(facts=Facts(customer_id="c-9", verification_id="v-9")), JOURNEY)
    for kind, identifier in ((IdKind.CUSTOMER, "c-9"), (IdKind.VERIFICATION, "v-9")):
        assert ids.is_anothers(b"other", kind, identifier)
        assert not ids.is_anothers(JOURNEY.key, kind, identifier)


def test_an_answer_must_be_about_what_was_asked_for() -> None:
    """The ids of the journey, the job's own user, and by the bank's clock the instant from which a customer is ours."""
    whose, _ = sent(Reply(), replace(JOURNEY, started_at=100.0))
    assert (whose.customer_id, whose.user_id, whose.verification_id) == ("c", "u", "v")
    assert (whose.own, whose.since) == (frozenset({"admin"}), 102.5)
    assert whose.has_email(a_customer().email.upper())
    assert not whose.has_email("")


def test_a_doubt_is_looked_up_by_what_was_sent_then() -> None:
    """Its first instant and its e-mail, whatever the row says by now."""
    doubt = replace(JOURNEY, started_at=100.0, doubt_at=200.0, doubt_email=KEYS.email_hash("before@x.example"))
    whose, _ = sent(Reply(), doubt)
    assert whose.since == 202.5
    assert whose.has_email("Before@x.example")
    assert not whose.has_email(a_customer().email)


def test_a_doubt_of_an_older_ledger_is_looked_up_by_the_row_as_it_was_sent() -> None:
    """That ledger does not know the e-mail: the row's counts, and nobody's once it was changed."""
    for before, found in ((a_customer(), True), (a_customer(email="before@x.example"), False)):
        doubt = replace(JOURNEY, fingerprint=KEYS.fingerprint(before), step="register", doubts=1, doubt_at=200.0)
        whose, _ = sent(Reply(), doubt, CallName.LIST_DELIVERIES)
        assert whose.has_email(a_customer().email) is found


def test_what_an_operator_gave_is_a_claim() -> None:
    """It counts against nobody, and is disproved by somebody else's proved id."""
    made = gateway(lambda _: (b"", ""))
    claim = replace(JOURNEY, claimed=("customer_id",))
    made.give(claim)
    rival = replace(JOURNEY, key=b"r")
    assert made.disproved(replace(rival, claimed=("customer_id", "user_id"))) == ()
    assert made.disproved(replace(rival, claimed=("verification_id",))) == ("verification_id",)
    made.give(rival)
    assert made.disproved(claim) == ("customer_id",)


def sender(asked: list[bool], replies: Iterator[Reply], broken: Broken) -> Callable[[CallName, int], None]:
    """Send a call of the customer with so many doubts; ``asked`` tells which opened a connection of their own."""

    async def send(*_: object, **how: object) -> tuple[Reply, bytes]:
        asked.append(bool(how["fresh"]))
        return next(replies), b""

    def ready(call: CallName, doubts: int) -> None:
        one = Ready(
            client=cast("outbound.Client", SimpleNamespace(send=send, bank_ahead_s=0.0)),
            ids=IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None),
            keys=KEYS,
            own_names=frozenset(),
            broken=broken,
            step=step(call),
            outgoing=Outgoing(method="POST", path="/x"),
            customer=a_customer(),
            journey=replace(JOURNEY, doubts=doubts),
        )
        asyncio.run(one.send("t", cast("Permit", object())))

    return ready


@pytest.mark.parametrize(
    ("call", "doubts", "fresh"),
    [
        (CallName.REGISTER, 0, False),
        (CallName.REGISTER, 1, True),
        (CallName.ACTIVATE, 1, True),
        (CallName.CHECK, 1, False),
    ],
)
def test_only_the_repeat_of_what_is_in_doubt_opens_a_connection_of_its_own(
    call: CallName, doubts: int, *, fresh: bool
) -> None:
    """The one repeat must be read by the bank; first tries and reads take the connections that are there."""
    asked: list[bool] = []
    sender(asked, iter([Reply(status=200)]), Broken())(call, doubts)
    assert asked == [fresh]


def test_what_follows_a_call_without_an_answer_opens_a_connection_of_its_own() -> None:
    """Also a read, once: an answer, or a request that never left, leaves the kept ones to the next."""
    asked: list[bool] = []
    replies = [Reply(), Reply(), Reply(status=500), Reply(sent=False), Reply(status=200)]
    send = sender(asked, iter(replies), Broken())
    for _ in replies:
        send(CallName.CHECK, 0)
    assert asked == [False, True, True, False, False]


def test_who_waits_for_the_budget_of_its_phase_holds_no_place() -> None:
    """Else calls of other phases would wait behind it; the next of its own waits until it has left a second ago."""

    async def main() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=1000, max_in_flight=1, by_kind={"registration": 1})
        way, done = gateway(lambda _: (b"", ""), pacer), []

        async def call(name: CallName) -> None:
            async with way.in_flight(step(name), a_customer()) as reserved:
                permit = await way.permit(step(name), reserved)
                assert permit is not None
                pacer.sent(permit)
                pacer.answered(permit)
                done.append(str(name))

        started = loop.time()
        names = [CallName.REGISTER, CallName.REGISTER, CallName.CHECK, CallName.CHECK]
        await asyncio.gather(*map(call, names))
        return done, loop.time() - started

    done, seconds = run_virtually(main())
    assert done == ["register", "check", "check", "register"]
    assert seconds == pytest.approx(1.0, abs=0.11)


def test_a_call_that_is_not_sent_gives_back_what_was_reserved() -> None:
    """A request that cannot be built, or a run that stops, uses nothing up for good."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=1000, max_in_flight=1, by_kind={"registration": 1})
        way, started = gateway(lambda _: (b"", ""), pacer), loop.time()
        for _ in range(3):
            async with way.in_flight(step(CallName.REGISTER), a_customer()):
                pass
        return loop.time() - started

    assert run_virtually(main()) == pytest.approx(2.0, abs=0.3)


def test_who_waits_for_room_for_a_document_holds_no_place() -> None:
    """Other calls go on beside it, and it goes when the document before it is through."""

    async def main() -> list[str]:
        pacer = Pacer(calls_per_second=1000, max_in_flight=2)
        way = gateway(lambda _: (b"", ""), pacer, DocumentBytes(100, largest=200))
        begun: list[str] = []
        is_sent, is_answered = asyncio.Event(), asyncio.Event()

        async def upload(item: str) -> None:
            async with way.in_flight(step(CallName.UPLOAD_DOCUMENT, item), a_customer()):
                begun.append(item)
                is_sent.set()
                await is_answered.wait()

        uploads = [asyncio.create_task(upload(item)) for item in ("GOVERNMENT_ID", "PROOF_OF_ADDRESS")]
        await is_sent.wait()
        for _ in range(3):
            async with way.in_flight(step(CallName.CHECK), a_customer()):
                begun.append("check")
        is_answered.set()
        await asyncio.gather(*uploads)
        return begun

    first, *checks, last = asyncio.run(asyncio.wait_for(main(), 30))
    assert {first, last} == {"GOVERNMENT_ID", "PROOF_OF_ADDRESS"}  # the size of either may be known first
    assert checks == ["check"] * 3
