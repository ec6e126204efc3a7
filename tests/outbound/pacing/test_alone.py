"""One customer who is refused for rate again and again waits alone; everybody else goes on at the rate."""

import asyncio

import httpx

from finhub_onboard.engine.bank_settings import caller_of
from finhub_onboard.finhub.calls import CallName, Reply
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.alone import Alone
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.outbound.support import HandlerTransport, customer, payloads, response, run_virtually, settings


def test_a_first_refusal_is_everybodys() -> None:
    """Nothing tells it from a limit; so is a second one where nobody else passed meanwhile."""
    alone = Alone()
    alone.accepted("b")
    assert not alone.refused("a")
    assert not alone.refused("a")


def test_who_is_refused_again_while_others_pass_is_alone() -> None:
    """And stays so until a call of its own is taken."""
    alone = Alone()
    assert not alone.refused("a")
    alone.accepted("b")
    assert alone.refused("a")
    assert alone.refused("a")
    alone.accepted("a")
    assert not alone.refused("a")


def test_refusals_of_several_are_the_rate_again() -> None:
    """A limit refuses now this one and now that one: nobody is alone then, whatever passes between."""
    alone = Alone()
    assert not alone.refused("a")
    alone.accepted("b")
    assert alone.refused("a")
    assert not alone.refused("c")
    alone.accepted("b")
    assert not alone.refused("a")
    alone.accepted("b")
    assert alone.refused("a")


def test_two_who_are_refused_for_good_are_alone_each() -> None:
    """What each of them meets again says nothing new about the other."""
    alone = Alone()
    found = []
    for _ in range(4):
        found += [alone.refused("a"), alone.refused("c")]
        alone.accepted("b")
    assert found == [False, False, False, True, True, True, True, True]


def test_calls_of_no_customer_are_everybodys() -> None:
    """A log-in that is refused is nobody's alone."""
    alone = Alone()
    for _ in range(3):
        assert not alone.refused("")
        alone.accepted("b")


def test_the_others_go_on_at_the_rate() -> None:
    """Only the one waits, with what the bank asked in its reply; from the second refusal on it is told as alone."""

    class Bank(HandlerTransport):
        """Refuses one customer."""

        async def handle(self, request: httpx.Request) -> httpx.Response:
            """Refuse by path."""
            await asyncio.sleep(0.01)
            if b"poisoned" in request.url.raw_path:
                return response(429, {"code": 429, "message": "Too many requests"}, {"Retry-After": "7"})
            return response(200, {"code": 200, "data": {"consentOk": True}})

    async def main() -> tuple[list[Reply], float, float]:
        loop = asyncio.get_running_loop()
        pacer = Pacer(calls_per_second=100, max_in_flight=64)
        client = Client(caller_of(settings()), transport=Bank(), budget=pacer)
        outgoing = payloads().hierarchy()
        refused: list[Reply] = []

        async def call(who: str) -> Reply:
            request = type(outgoing)(method="GET", path=f"/{who}", body=b"")
            reply, _ = await client.send(CallName.CHECK, request, whose=Whose(customer=customer(external_id=who)))
            return reply

        async def poisoned() -> None:
            for _ in range(6):
                refused.append(await call("poisoned"))
                await asyncio.sleep(0.2)

        start = loop.time()
        waiting = asyncio.create_task(poisoned())
        await asyncio.gather(*(call(f"C-{number}") for number in range(300)))
        took = loop.time() - start
        await waiting
        return refused, took, pacer.rate

    refused, took, rate = run_virtually(main())
    assert [reply.alone for reply in refused] == [False] + [True] * 5
    assert [reply.hold_s for reply in refused] == [None] * 6
    assert {reply.retry_after_s for reply in refused} == {7.0}
    assert took < 300 / 100 + 1
    assert rate == 100
