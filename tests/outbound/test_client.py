"""One request: its headers, its permit, and what becomes of whatever comes back."""

import asyncio
from typing import Any

import httpx
import pytest

from finhub_onboard import __version__
from finhub_onboard.engine.bank_settings import caller_of
from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.events import Event, Slowed
from finhub_onboard.finhub.calls import OF_THE_RUN, STOPPED, CallName, Facts, Kind, Reply, Step, step
from finhub_onboard.finhub.requests import Outgoing
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.verdicts import Verdict
from finhub_onboard.model import Disposition
from finhub_onboard.outbound.client import Client, asked_s, own_address
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.transport import Answer
from tests.journey.world import Bank, Person, World
from tests.outbound.support import (
    CATEGORY,
    TENANT,
    HandlerTransport,
    Scripted,
    ScriptedTransport,
    Wire,
    client,
    customer,
    journey,
    payloads,
    quick_pacer,
    raw_bank,
    response,
    run_virtually,
    settings,
)
from tests.values import replace

REGISTER = Outgoing(method="POST", path="/customer/individual/registration", body=b"{}")
CREATED = (200, {"code": 200, "data": {"id": "c-1", "user": {"id": "u-1"}}})


def sending(answer: Scripted, request: Outgoing = REGISTER, **more: Any) -> tuple[Reply, bytes, ScriptedTransport]:
    """Send one request to a bank that gives ``answer``."""
    transport = ScriptedTransport([answer])
    sections = {"api": more.pop("api", {})}

    async def main() -> tuple[Reply, bytes]:
        return await client(transport, **sections).send(CallName.REGISTER, request, **more)

    reply, content = run_virtually(main())
    return reply, content, transport


def test_every_call_carries_the_required_headers() -> None:
    """API.md, section 2: all of them on every call, Content-Type with a body and only then."""
    made = payloads()
    steps = [step(name) for name in CallName if name not in OF_THE_RUN | {CallName.UPLOAD_DOCUMENT}]
    steps = [
        step(CallName.ACCEPT_CONSENT, "terms") if one.call.name is CallName.ACCEPT_CONSENT else one for one in steps
    ]
    requests = [made.build(one, customer(), journey(), category=CATEGORY) for one in steps]
    for request in (made.login(), made.hierarchy(), *requests):
        _, _, transport = sending(CREATED, request, token="t")
        (sent,) = transport.sent
        assert sent.headers["X-Tenant-ID"] == TENANT
        assert sent.headers["X-Forwarded-For"] == "203.0.113.10"
        assert sent.headers["X-Forwarded-From"] == "finhub-onboard"
        assert sent.headers["platform"] == "web"
        assert sent.headers["deviceId"] == "finhub-onboard"
        assert sent.headers["User-Agent"] == f"finhub-onboard/{__version__}"
        assert sent.headers["Host"] == "bank.example.com"
        assert sent.headers["Authorization"] == "Bearer t"
        assert sent.headers.get("Content-Type") == ("application/json" if request.body else None)
        assert str(sent.url) == "https://bank.example.com/api/v2.1" + request.path
        assert (sent.method, sent.content) == (request.method, request.body)


def test_a_login_carries_no_authorization() -> None:
    """API.md, section 10, 15: without a token there is no such header, not even an empty one."""
    _, _, transport = sending(CREATED, payloads().login())
    assert "Authorization" not in transport.sent[0].headers


@pytest.mark.parametrize("name", TRANSPORTS)
def test_names_arrive_on_the_wire(name: str) -> None:
    """The same through each real transport: each required header once, in bytes."""

    async def answer(wire: Wire, _: int) -> bool:
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return False

    async def main() -> bytes:
        async with raw_bank(answer) as bank:
            made = settings(api={"base_url": f"http://127.0.0.1:{bank.port}/api/v2.1"})
            pacer = Pacer(calls_per_second=100, max_in_flight=1)
            transport = TRANSPORTS[name](made.api.base_url, timeout_s=2, direct=True)
            one = Client(caller_of(made), transport=transport, budget=pacer)
            await one.send(CallName.REGISTER, REGISTER, token="secret-token")
            await one.aclose()
            return bank.requests[0]

    head = asyncio.run(main()).split(b"\r\n\r\n")[0].lower()
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]
    required = [b"authorization", b"x-tenant-id", b"x-forwarded-for", b"x-forwarded-from", b"platform", b"deviceid"]
    for header in (
        *required,
        b"user-agent",
        b"content-type",
        b"content-length",
        b"host",
        b"accept",
        b"accept-encoding",
    ):
        assert names.count(header) == 1, header
    assert b"user-agent: finhub-onboard/" in head
    assert head.startswith(b"post /api/v2.1/customer/individual/registration http/1.1")


def test_our_own_address_is_sent_where_none_is_set() -> None:
    """A server-side job sends its own address; nothing about the host being unknown stops it."""
    assert own_address("http://127.0.0.1:9/api") == "127.0.0.1"
    assert own_address("http://bank.invalid/api") == "127.0.0.1"
    assert own_address("http://" + "x" * 70 + ".example.com") == "127.0.0.1"
    assert own_address("http://[::1]:9/api") in ("::1", "127.0.0.1")
    _, _, transport = sending(CREATED, api={"base_url": "http://127.0.0.1:9", "forwarded_for": ""})
    assert transport.sent[0].headers["X-Forwarded-For"] == "127.0.0.1"


def test_a_request_may_be_made_for_another_address() -> None:
    """The one where a customer gave a consent; the next request has the job's own again."""
    request = replace(payloads().hierarchy(), forwarded_for="192.0.2.7")
    _, _, transport = sending(CREATED, request, token="t")
    assert transport.sent[0].headers["X-Forwarded-For"] == "192.0.2.7"


def test_an_answer_is_read() -> None:
    """Facts, the bank's wait and the time it took come with the reply, and the body for who needs more."""
    reply, content, _ = sending(response(*CREATED, headers={"Retry-After": "7"}))
    assert (reply.status, reply.accepted, reply.readable, reply.sent) == (200, True, True, True)
    assert (reply.facts.customer_id, reply.facts.user_id, reply.retry_after_s) == ("c-1", "u-1", 7)
    assert reply.seconds > 0
    assert b'"c-1"' in content


@pytest.mark.parametrize(
    ("value", "wait"),
    [("30", 30), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("soon", None), ("-1", None)],
)
def test_retry_after_is_read_in_its_forms(value: str, wait: float | None) -> None:
    """The header's forms are those of RFC 9110; anything else asks for nothing."""
    assert sending(response(429, {"code": 429}, headers={"Retry-After": value}))[0].retry_after_s == wait


@pytest.mark.parametrize(
    ("error", "sent", "cause"),
    [
        (httpx.ConnectError("x"), False, "no connection"),
        (httpx.ConnectTimeout("x"), True, "no answer in time"),
        (httpx.ReadTimeout("x"), True, "no answer in time"),
        (httpx.WriteTimeout("x"), True, "no answer in time"),
        (TimeoutError("x"), True, "no answer in time"),
        (httpx.ReadError("x"), True, "the connection broke"),
        (httpx.WriteError("x"), True, "the connection broke"),
        (httpx.RemoteProtocolError("x"), True, "the connection broke"),
        (httpx.DecodingError("x"), True, "the connection broke"),
        (OSError("x"), True, "the connection broke"),
        (ValueError("a surprise"), True, "the connection broke"),
    ],
)
def test_every_failure_is_a_reply(error: Exception, cause: str, *, sent: bool) -> None:
    """Only ``ConnectError`` means unsent; whatever else is raised, the request may have been carried out."""
    reply, content, transport = sending(error)
    kind = Kind.SILENT if isinstance(error, httpx.TimeoutException | TimeoutError) else Kind.NONE
    assert reply == Reply(sent=sent, cause=cause, kind=kind, seconds=reply.seconds)
    assert (content, len(transport.sent)) == (b"", 1)


def test_a_failure_tells_nothing_of_the_request() -> None:
    """The words of a failed call are ours: an exception's text may hold the address or the body."""
    reply, _, _ = sending(httpx.ReadError("ana.sample@example.com"))
    assert "ana" not in repr(reply)


def test_cancelling_is_not_swallowed() -> None:
    """A second signal stops calls under way: cancellation is no answer."""

    class Silent(HandlerTransport):
        async def handle(self, request: httpx.Request) -> httpx.Response:
            del request
            await asyncio.sleep(10)
            raise AssertionError

    async def main() -> None:
        task = asyncio.create_task(client(Silent()).send(CallName.REGISTER, REGISTER))
        await asyncio.sleep(0.1)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run_virtually(main())


def test_nothing_leaves_after_a_halt() -> None:
    """The run stops: a call that waited for its permit is told so, and never was sent."""
    transport = ScriptedTransport([CREATED])

    async def main() -> Reply:
        pacer = quick_pacer()
        one = client(transport, pacer)
        pacer.gate.halt()
        return (await one.send(CallName.REGISTER, REGISTER, urgent=True))[0]

    assert run_virtually(main()) == STOPPED
    assert transport.sent == []


def test_only_an_urgent_call_passes_a_shut_gate() -> None:
    """While the bank is down the probe leaves and the others wait."""
    transport = ScriptedTransport([CREATED])

    async def main() -> None:
        pacer = quick_pacer()
        one = client(transport, pacer)
        pacer.gate.shut()
        waiting = asyncio.create_task(one.send(CallName.REGISTER, REGISTER))
        await one.send(CallName.HIERARCHY, payloads().hierarchy(), urgent=True)
        assert [request.method for request in transport.sent] == ["GET"]
        pacer.gate.reopen()
        await waiting
        assert [request.method for request in transport.sent] == ["GET", "POST"]

    run_virtually(main())


def test_every_send_takes_a_permit() -> None:
    """Nothing leaves beside the rate budget: its count is the transport's."""
    transport = ScriptedTransport([CREATED])

    async def main() -> int:
        pacer = quick_pacer()
        one = client(transport, pacer)
        await asyncio.gather(*(one.send(CallName.REGISTER, REGISTER) for _ in range(25)))
        await one.aclose()
        return pacer.counters.total

    assert run_virtually(main()) == len(transport.sent) == 25
    assert transport.closed


@pytest.mark.parametrize(
    ("status", "asked", "held_s"),
    [
        (429, "0", 1.0),
        (429, "2", 2.0),
        (429, None, 1.0),
        (429, "soon", 1.0),
        (503, "2", 2.0),
        (503, None, None),
        (500, "2", None),
        (200, None, None),
        (409, "2", None),
    ],
)
def test_a_refusal_for_rate_holds_all_calls_and_is_said(status: int, asked: str | None, held_s: float | None) -> None:
    """A 429, and a 503 that names a wait: the reply tells for how long; nothing else slows anybody. 0 is no wait."""
    reply, events, rate, _ = slowed(status, asked)
    assert reply.hold_s == (None if held_s is None else pytest.approx(held_s))
    assert (rate < 4) is (held_s is not None)
    assert [event for event in events if isinstance(event, Slowed)] == (
        [] if held_s is None else [Slowed(reason=f"the bank asked for less ({status})", seconds=held_s, rate=rate)]
    )


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_wait_that_is_longer_than_allowed_is_cut_and_said(status: int) -> None:
    """Capped with a visible reason, in the events and in what the ledger and errors.csv tell of the call."""
    reply, events, _, held_s = slowed(status, "3600")
    assert "it asks to wait 3600 s, retry.max_wait_s allows 60 s" in reply.message
    if status == 500:
        assert events == []
        return
    assert held_s == pytest.approx(60.0)
    [event] = events
    assert isinstance(event, Slowed)
    assert event.reason == f"the bank asked for less ({status}) and a pause of 3600 s, more than retry.max_wait_s"


def test_a_lone_refusal_waits_by_itself() -> None:
    """One refusal among many calls shows no limit: the reply tells what was asked, and nobody else is slowed."""
    reply, events, rate, held_s = slowed(429, "2", asked_rate=100)
    assert (reply.retry_after_s, reply.hold_s, reply.alone) == (2.0, None, False)
    assert (events, rate, held_s) == ([], 100, 0.0)


@pytest.mark.parametrize(
    ("date", "asked", "wait_s"),
    [
        ("Mon, 04 May 2026 10:00:00 GMT", "Mon, 04 May 2026 10:00:07 GMT", 7.0),
        ("Mon, 04 May 2026 10:00:00 GMT", "Mon, 04 May 2026 09:59:00 GMT", 0.0),
        ("Mon, 04 May 2026 10:00:00 GMT", "7", 7.0),
        ("nonsense", "7", 7.0),
        (None, "Mon, 04 May 2026 10:00:07 GMT", 0.0),
        ("Mon, 04 May 2026 10:00:00 GMT", None, None),
    ],
)
def test_a_date_to_wait_for_is_by_the_banks_own_clock(
    date: str | None, asked: str | None, wait_s: float | None
) -> None:
    """The answer's ``Date`` is what it is measured against; without one it is our clock."""
    assert asked_s(Answer(status=429, content=b"", retry_after=asked, date=date)) == wait_s


def slowed(status: int, asked: str | None, *, asked_rate: float = 4) -> tuple[Reply, list[Event], float, float]:
    """Let the bank answer one call like this: the reply, what was said, the rate and the hold after it.

    At a few calls a second each refusal shows a limit.
    """
    transport = ScriptedTransport([response(status, {"code": status}, headers={"Retry-After": asked} if asked else {})])
    events: list[Event] = []

    async def main() -> tuple[Reply, float, float]:
        pacer = Pacer(calls_per_second=asked_rate, max_in_flight=4, wait_s=float, max_wait_s=60)
        one = Client(caller_of(settings()), transport=transport, budget=pacer, emit=events.append)
        reply, _ = await one.send(CallName.REGISTER, REGISTER, token="t")
        return reply, pacer.rate, pacer.gate.held_s

    reply, rate, held_s = run_virtually(main())
    return reply, events, rate, held_s


def dated(status: int, body: Any) -> float:
    """By how much the bank seems to be ahead after one answer whose ``Date`` is an hour later than ours."""
    transport = ScriptedTransport([response(status, body, headers={"Date": "Mon, 04 May 2026 10:00:00 GMT"})])

    async def main() -> float:
        pacer = Pacer(calls_per_second=100_000, max_in_flight=4, wait_s=float)
        ours = 1_777_885_200.0  # 2026-05-04T09:00:00Z
        one = Client(caller_of(settings()), transport=transport, budget=pacer, wall_clock=lambda: ours)
        assert one.bank_ahead_s == 0
        await one.send(CallName.REGISTER, REGISTER, token="t")
        return one.bank_ahead_s

    return run_virtually(main())


def test_the_banks_clock_is_measured() -> None:
    """Whether a customer was made after the first attempt is told by the clock of whoever made it."""
    assert dated(*CREATED) == 3600
    assert dated(409, {"code": 409, "message": "Exists", "data": {}}) == 3600


def test_a_gateways_clock_is_not_the_banks() -> None:
    """Its page proves nothing about the bank's time."""
    assert dated(403, b"<html>Forbidden</html>") == 0


@pytest.mark.parametrize(
    ("call", "data"),
    [
        (CallName.REGISTER, {"id": "ana-sample", "user": {"id": "u-1"}}),
        (CallName.OPEN_VERIFICATION, {"verificationId": "ana.sample.1991-02-03", "status": "PENDING"}),
        (CallName.OPEN_VERIFICATION, {"id": b"Ana Sample".hex()}),
    ],
)
def test_an_id_that_is_not_believed_leaves_the_call_in_doubt(call: CallName, data: dict[str, Any]) -> None:
    """No success without an id, and the code tells why; nothing of the answer is used."""
    transport = ScriptedTransport([(200, {"code": 200, "message": "Success", "data": data})])

    async def main() -> Reply:
        whose = Whose(customer=customer())
        return (await client(transport).send(call, REGISTER, token="t", whose=whose))[0]

    reply = run_virtually(main())
    assert (reply.accepted, reply.readable, reply.kind, reply.facts) == (True, False, Kind.PERSONAL_ID, Facts())
    judgement = judge(step(call), reply)
    assert (judgement.verdict, judgement.code) == (Verdict.DOUBT, "personal_id")


def test_a_verification_without_an_id_that_is_kept_gets_no_documents() -> None:
    """Nothing ever leaves for ``/verifications//documents``; the customer waits for a person."""

    class Telling(Bank):
        def _verification(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
            status, data = super()._verification(step, person)
            return status, data | {"verificationId": f"{person.email}-{person.verifications}"}

    bank = Telling()
    world = World(bank=bank)
    for _ in range(3):
        world.live()
    assert {label for label in bank.requests if label.startswith(("upload_document", "approve"))} == set()
    assert bank.carried_out["open_verification"] == 2, "the one repeat"
    assert world.disposition is Disposition.IN_DOUBT
    assert world.journey.verification_id == ""
