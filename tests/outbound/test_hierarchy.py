"""Phase 1: the categories of the tenant, once a run."""

import asyncio
from typing import Any

import httpx
import pytest

from finhub_onboard.errors import RefusedError, StoppedEarlyError
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.model import Category
from finhub_onboard.outbound.admin_calls import AdminCalls
from finhub_onboard.outbound.hierarchy import Hierarchy
from finhub_onboard.outbound.session import AdminSession
from tests.outbound.support import (
    Scripted,
    ScriptedTransport,
    client,
    example,
    payloads,
    quick_pacer,
    response,
    run_virtually,
)

GOOD = (200, example("01-categorization.response.200.json"))
EXPIRED = (401, example("90-error.response.401.expired.json"))
FOUND = (
    Category(key="INDIVIDUAL_STANDARD", id="sample-cat-b2c-low-001", name="Individual Standard"),
    Category(key="B2B_SMALL_BUSINESS", id="sample-cat-b2b-small-001", name="Small Business", risk="B2B"),
)


def token(name: str) -> Scripted:
    """Answer a log-in."""
    return 200, {"data": {"token": name}}


class Told:
    """What a read of the hierarchy amounted to."""

    def __init__(self, answers: list[Scripted], *, max_attempts: int = 3, halt_after: float | None = None) -> None:
        self.transport = ScriptedTransport([token("a"), *answers])
        self.found: Any = None
        self.error: Exception | None = None
        self.took = 0.0
        run_virtually(self._main(max_attempts, halt_after))

    async def _main(self, max_attempts: int, halt_after: float | None) -> None:
        pacer, made, loop = quick_pacer(), payloads(), asyncio.get_running_loop()
        one = client(self.transport, pacer)
        patience = Patience(max_attempts=max_attempts, wait_s=float)
        session = AdminSession(one, made, patience, pacer.gate, clock=loop.time)
        self.calls = AdminCalls(one, session, pacer.gate)
        hierarchy = Hierarchy(self.calls, made)
        if halt_after is not None:
            loop.call_later(halt_after, pacer.gate.halt)
        start = loop.time()
        try:
            self.found = await hierarchy.read(patience)
        except (RefusedError, StoppedEarlyError) as error:
            self.error = error
        self.took = loop.time() - start

    @property
    def counts(self) -> tuple[int, int, int]:
        """What the report tells of this phase."""
        return self.calls.sent, self.calls.retried, self.calls.refused_for_rate


def test_the_categories_are_read() -> None:
    """One log-in and one call with its token, for this tenant."""
    told = Told([GOOD])
    assert told.found == FOUND
    assert told.counts == (1, 0, 0)
    request = told.transport.sent[1]
    assert request.headers["Authorization"] == "Bearer a"
    assert request.url.path.endswith(
        "/customer/individual/categorization/hierarchy/7d0c0a52-6c1e-4b5e-9a63-2f1f5a1b0c01"
    )


def test_the_unwrapped_form_is_read() -> None:
    """The January reference has no wrapper."""
    told = Told([(200, example("01-categorization.response.200.unwrapped.json"))])
    assert told.found == (Category(key="INDIVIDUAL_BASIC", id="sample-cat-ind-001", name="Individual Basic"),)


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_an_expired_token_is_renewed_once(max_attempts: int) -> None:
    """A 401 costs one renewal and one replay, also where no retry is configured."""
    told = Told([EXPIRED, token("b"), GOOD], max_attempts=max_attempts)
    assert told.found == FOUND
    assert told.counts == (2, 1, 0)
    assert told.transport.sent[3].headers["Authorization"] == "Bearer b"


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_another_log_in_of_the_same_user_is_survived(max_attempts: int) -> None:
    """API.md, section 7: with nobody else to tell there is one more renewal, after a pause."""
    told = Told([EXPIRED, token("b"), EXPIRED, token("c"), GOOD], max_attempts=max_attempts)
    assert told.found == FOUND
    assert told.took == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_a_third_401_stops_the_run(max_attempts: int) -> None:
    """Then the run is refused, not merely stopped."""
    told = Told([EXPIRED, token("b"), EXPIRED, token("c"), EXPIRED, token("d"), GOOD], max_attempts=max_attempts)
    assert isinstance(told.error, RefusedError)
    assert len(told.transport.sent) == 6


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_stops_the_run_at_once(status: int) -> None:
    """Tenant denied or unknown: no retry, a plain message with the bank's redacted words."""
    told = Told([(status, {"code": status, "message": "Tenant access denied for Ana Sample"}), GOOD])
    assert isinstance(told.error, RefusedError)
    assert f"({status}): Tenant access denied for …" in str(told.error)
    assert told.counts == (1, 0, 0)


@pytest.mark.parametrize(
    "trouble",
    [
        (500, {}),
        (502, b"<html>"),
        (408, {}),
        (200, b""),
        (200, {"data": {"categories": {}}}),
        (200, {"success": False}),
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
    ],
    ids=lambda answer: str(answer)[:24],
)
def test_trouble_is_tried_again(trouble: Scripted) -> None:
    """The call changes nothing: faults of the bank, the network, or an empty answer are tried again, then named."""
    assert Told([trouble, trouble, GOOD]).found == FOUND
    told = Told([trouble])
    assert isinstance(told.error, StoppedEarlyError)
    assert told.took == pytest.approx(1 + 2, abs=0.2)
    assert told.counts[0] == (0 if isinstance(trouble, httpx.ConnectError) else 3)


def test_a_refusal_for_rate_is_obeyed_and_capped() -> None:
    """A 429 here is waited for as the bank asks, up to the cap."""
    told = Told([response(429, {}, headers={"Retry-After": "86400"}), GOOD])
    assert told.found == FOUND
    assert told.took == pytest.approx(60, abs=0.5)
    assert told.counts == (2, 1, 1)


def test_a_halt_ends_the_waiting() -> None:
    """The run stops: nothing more is sent and the waiting is over."""
    told = Told([(503, {})], halt_after=0.4)
    assert isinstance(told.error, StoppedEarlyError)
    assert told.took < 1
    assert told.counts == (1, 0, 0)


@pytest.mark.parametrize("answer", [GOOD, EXPIRED, (503, {})])
def test_a_probe_changes_nothing_and_is_counted(answer: tuple[int, Any]) -> None:
    """One look whether the bank is there: one call, whatever the answer, also through a shut gate."""
    transport = ScriptedTransport([token("a"), answer])

    async def main() -> tuple[int | None, int, int]:
        pacer, made, loop = quick_pacer(), payloads(), asyncio.get_running_loop()
        one = client(transport, pacer)
        session = AdminSession(one, made, Patience(max_attempts=3, wait_s=float), pacer.gate, clock=loop.time)
        calls = AdminCalls(one, session, pacer.gate)
        hierarchy = Hierarchy(calls, made)
        await session.token()
        pacer.gate.shut()
        reply = await hierarchy.probe()
        return reply.status, calls.sent, calls.retried

    assert run_virtually(main()) == (answer[0], 1, 1)
    assert transport.sent[-1].method == "GET"
