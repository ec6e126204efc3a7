"""The sandbox over ASGI: the contract's calls, the control plane, and the readable contract.

Promises the contract below ``/api/v2.1``, production's log-ins beside it, and nothing of the control plane there. The
contract's calls go through one plain ASGI callable, because practice at scale needs speed; everything for people goes
through Starlette's routes.
"""

import asyncio
import math
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from finhub_onboard.sandbox import delivery, demo, page, production_logins, trouble
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.exchange import Exchange
from finhub_onboard.sandbox.faults import Faults
from finhub_onboard.sandbox.gate import Gate
from finhub_onboard.sandbox.habits import KINDS, Fault, Scenario
from finhub_onboard.sandbox.onlooker import NOBODY, Onlooker, Seen
from finhub_onboard.sandbox.operations import Operation, match
from finhub_onboard.sandbox.records import Answer, Customer
from finhub_onboard.sandbox.shapes import SHAPES
from finhub_onboard.sandbox.store import Store
from finhub_onboard.sandbox.tally import Limiter, Tally

CONTRACT: Final = Path(__file__).parent / "contract" / "openapi.yaml"
_BELOW: Final = demo.BASE_PATH + "/"
MAX_BODY: Final = 15 * 1024 * 1024
_STOPS_BEFORE: Final = frozenset(
    {kind for kind in KINDS if kind.endswith("_before")}
    | {"too_many", "false_200", "unauthorized", "expired_token", "refuse"}
)
_DROP: Final = Fault(kind="drop_after")  # what befalls a call that the onlooker wants unanswered


class Sandbox:
    """A running practice bank: its state, its scenario and its counts."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        shapes: str | None = None,
        store: Store | None = None,
        categories: tuple[demo.DemoCategory, ...] = demo.CATEGORIES,
        onlooker: Onlooker = NOBODY,
    ) -> None:
        self.scenario = scenario
        self.shapes = SHAPES[shapes or scenario.shapes]
        self.bank = Bank(scenario, self.shapes, categories)
        self.store = store
        self.onlooker = onlooker
        if store is not None:
            held = store.load()
            self.bank.restore(held.customers, held.admin_lock, held.ended)
        self.gate = Gate(self.bank, store)
        self.tally = Tally()
        self.reset_scenario()
        self._encode = msgspec.json.Encoder().encode

    def reset_scenario(self) -> None:
        """Start the scenario again from its first call."""
        self.faults = Faults(self.scenario)
        limit, minute_s = self.scenario.rate_limit, self.scenario.minute_s
        self.limiter = Limiter((limit.per_second, 1.0), (limit.per_minute, minute_s), (limit.per_hour, 60 * minute_s))
        self._began: float | None = None
        self._calls = 0
        self.exchange = Exchange()

    def reset(self) -> None:
        """Forget everything, on disk too."""
        self.bank.clear()
        if self.store is not None:
            self.store.clear()
        self.tally.clear()
        self.reset_scenario()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one call of the contract."""
        arrived = scope.get("extensions", {}).get(delivery.ARRIVED) or time.monotonic()
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1")
        operation, params, allowed = match(scope["method"], path.removeprefix(demo.BASE_PATH))
        operation = operation or production_logins.match(scope["method"], path)
        if operation is None:
            await self._outside(allowed, arrived, receive, send)
            return
        number = self.tally.arrive(operation.id, arrived)
        self._began = arrived if self._began is None else self._began
        self._calls += 1
        if 0 < self.scenario.reset.after_calls == self._calls - 1:
            self._lose_data()
        body = await delivery.read_body(receive, MAX_BODY)
        seen = Seen(operation=operation.id, params=params, body=body or b"")
        if not self.onlooker.arrived(seen):
            await self._fail(operation, _DROP, scope, receive, send)
            return
        email = self.gate.whose(operation, params, body) if self.faults.name_customers else ""
        wait_s = self.limiter.wait_s(arrived)
        if not wait_s:
            fault = self.faults.pick(operation.id, number, email, arrived - self._began)
            if delay := self.faults.delay_s():
                await asyncio.sleep(delay)
        else:
            fault = self._too_fast(wait_s)
        answer: Answer | None = None
        if fault is None or fault.kind not in _STOPS_BEFORE:
            headers, query = dict(scope["headers"]), scope["query_string"]
            answer = self.gate.answer(operation, params, headers, body, query, time.time())
        refused = fault.status if fault and fault.kind == "refuse" else 0
        if not self.onlooker.settled(seen, fault.kind if fault else "", answer.status if answer else refused):
            fault = _DROP
        if fault is not None:
            self.tally.faults[fault.kind] += 1
        if answer is None or (fault is not None and fault.kind.endswith("_after")):
            assert fault is not None
            await self._fail(operation, fault, scope, receive, send)
        elif fault is None:
            self.tally.answer(operation.id, answer.status)
            await delivery.whole(send, answer.status, self._encode(answer.body))
        else:
            await self._spoil(operation, fault, answer, email, scope, receive, send)

    def _lose_data(self) -> None:
        """Let all customers be gone, on disk too."""
        self.bank.lose_data()
        if self.store is not None:
            self.store.clear()

    def _too_fast(self, wait_s: float) -> Fault:
        """Refuse a call for the rate; beyond a second's limit the wait is what is left of the minute or hour."""
        limit = self.scenario.rate_limit
        left = limit.retry_after_s if wait_s <= 1 else math.ceil(wait_s)
        return Fault(kind="too_many", retry_after=limit.retry_after, retry_after_s=left)

    async def _outside(self, allowed: str, arrived: float, receive: Receive, send: Send) -> None:
        """Answer for what is no call of the contract."""
        self.tally.arrive("(unknown)", arrived)
        await delivery.read_body(receive, MAX_BODY)
        headers = ((b"allow", allowed.encode()),) if allowed else ()
        status, message = (405, "Method not allowed") if allowed else (404, "No such call")
        self.tally.answer("(unknown)", status)
        body = {"code": status, "message": message, "data": None}
        await delivery.whole(send, status, self._encode(body), headers=headers)

    async def _fail(self, operation: Operation, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the fault instead of an answer."""
        kind = fault.kind.removesuffix("_before").removesuffix("_after")
        if kind in ("drop", "hang"):
            self.tally.answer(operation.id, None)
            await (delivery.drop(scope, receive) if kind == "drop" else delivery.hang(receive))
            return
        if kind in ("bad_gateway", "gateway"):
            status = 502 if kind == "bad_gateway" else fault.status
            self.tally.answer(operation.id, status)
            sent = trouble.page(status, fault.page)
            await delivery.whole(send, status, sent.body, sent.kind, sent.headers)
            return
        answer = self._failure(kind, fault, scope)
        self.tally.answer(operation.id, answer.status)
        headers: delivery.Headers = ()
        if kind in ("unavailable", "too_many"):
            headers = self.faults.retry_after(fault.retry_after, fault.retry_after_s, time.time())
        await delivery.whole(send, answer.status, self._encode(answer.body), headers=headers)

    def _failure(self, kind: str, fault: Fault, scope: Scope) -> Answer:
        if kind == "expired_token":
            return self.gate.expire(dict(scope["headers"]))
        return trouble.failure(self.shapes, kind, fault)

    async def _spoil(
        self,
        operation: Operation,
        fault: Fault,
        answer: Answer,
        email: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Send a good answer badly."""
        if fault.kind == "mixed_up" and answer.status == HTTPStatus.OK:
            answer = await self.exchange.swap(operation.id, trouble.exchanged(answer), fault.over_s)
        self.tally.answer(operation.id, answer.status)
        body = self._encode(answer.body)
        if fault.kind == "truncated_body":
            await delivery.truncated(scope, receive, send, answer.status, body)
        elif fault.kind == "slow_body":
            await delivery.dripping(send, answer.status, body, fault.over_s)
        elif fault.kind == "close_after_answer":
            await delivery.last(scope, send, answer.status, body)
        else:
            wrong = trouble.spoiled(fault.kind, answer, self.bank.customers.values(), email)
            await delivery.whole(send, answer.status, wrong if isinstance(wrong, bytes) else self._encode(wrong))

    async def record(self, request: Request) -> Response:
        """Tell the bank's own truth."""
        bank, tally = self.bank, self.tally
        told: dict[str, Any] = {
            "customers": [_customer(customer) for customer in bank.customers.values()],
            "calls": tally.calls(),
            "faults": dict(sorted(tally.faults.items())),
            "forgotten": sorted(bank.forgotten),
            "acts": dict(sorted(bank.acts.items())),
            "logins": tally.received["createAdminSession"],
            "max_calls_in_1s": tally.max_in_1s,
        }
        if request.query_params.get("arrivals") == "1":
            told |= tally.arrivals_told()
        return Response(self._encode(told), media_type="application/json")

    async def reset_all(self, request: Request) -> Response:
        """Start from nothing."""
        del request
        self.reset()
        return JSONResponse({"reset": True})

    async def approve(self, request: Request) -> Response:
        """Let a person at the bank approve, high risk included."""
        return self._settle(request, "APPROVED")

    async def reject(self, request: Request) -> Response:
        """Let a person at the bank reject."""
        return self._settle(request, "REJECTED")

    def _settle(self, request: Request, status: str) -> Response:
        verification_id = request.path_params["verification_id"]
        if not self.gate.cases.settle_by_person(verification_id, status, time.time()):
            return JSONResponse({"error": "no such verification"}, status_code=404)
        self.gate.keep()
        return JSONResponse({"verificationId": verification_id, "status": status})


def _customer(customer: Customer) -> dict[str, Any]:
    """Show a customer as the record tells it."""
    cases = customer.verifications
    return {
        "customerId": customer.id,
        "userId": customer.user_id,
        "email": customer.email,
        "status": customer.status,
        "risk": customer.risk,
        "registrations": customer.registrations,
        "verificationIds": [case.id for case in cases],
        "verificationStatuses": [case.status for case in cases],
        "documents": [
            {"documentId": d.id, "documentType": d.type, "verificationId": case.id, "size": d.size, "sha256": d.sha256}
            for case in cases
            for d in case.documents
        ],
        "approvals": sum(case.approvals for case in cases),
        "consents": {path: consent.count for path, consent in customer.consents.items()},
        "activations": customer.activations,
    }


def build(sandbox: Sandbox) -> ASGIApp:
    """Put the contract, the control plane and the readable contract together."""

    async def docs(request: Request) -> Response:
        del request
        return HTMLResponse(page.render())

    async def contract(request: Request) -> Response:
        del request
        return FileResponse(CONTRACT, media_type="application/yaml")

    async def home(request: Request) -> Response:
        del request
        return RedirectResponse("/docs")

    people = Starlette(
        routes=[
            Route("/", home),
            Route("/docs", docs),
            Route("/openapi.yaml", contract),
            Route("/sandbox/record", sandbox.record),
            Route("/sandbox/reset", sandbox.reset_all, methods=["POST"]),
            Route("/sandbox/approve/{verification_id}", sandbox.approve, methods=["POST"]),
            Route("/sandbox/reject/{verification_id}", sandbox.reject, methods=["POST"]),
        ]
    )

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        """Part the calls of the contract from the rest before any router sees them."""
        here = scope["type"] == "http" and (
            scope["path"].startswith(_BELOW) or production_logins.match(scope["method"], scope["path"]) is not None
        )
        await (sandbox if here else people)(scope, receive, send)

    return front
