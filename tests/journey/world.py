"""A bank in memory, a ledger in memory and a process that can die at any instant: what the journey's tests share.

Nothing here ever waits, so a life of a run is driven without an event loop. The bank's answers are bytes and are read
as the job reads them. ``World.points`` counts the instants at which a process may die: before and after each ledger
write, before and after the bank's work for each call.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Protocol, TypeVar

from finhub_onboard.errors import OnboardError, RefusedError
from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step
from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.finhub.patience import Patience, backoff_s
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey import taking_up
from finhub_onboard.journey.move_kinds import JourneyRules
from finhub_onboard.journey.ports import Problem
from finhub_onboard.journey.sent_documents import SentDocument
from finhub_onboard.journey.state import record_intent
from finhub_onboard.journey.traverse import Tools, Traverser
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.journey.visit import Visit
from finhub_onboard.keys import Keys
from finhub_onboard.model import CallRecord, Customer, Disposition, Journey
from finhub_onboard.reports.projection import disposition_of
from tests.journey.promises import Promises
from tests.values import replace

KEYS = Keys("a seed", "a tenant")
AUTO = JourneyRules(auto_levels=frozenset({"LOW", "MEDIUM"}))
REQUIRED = {
    "LOW": ["GOVERNMENT_ID"],
    "MEDIUM": ["GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"],
    "HIGH": ["GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"],
}
CONSENTS = {"terms": "TERMS_AND_CONDITIONS", "privacy": "PRIVACY_POLICY", "data-processing": "DATA_PROCESSING"}
NEVER = 10**9
_ENOUGH = 400
T = TypeVar("T")


class Crash(BaseException):
    """The process dies: nothing of it is left but what was durable."""


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("the journey waited for something outside its fakes")


def a_customer(**changes: str) -> Customer:
    """Return an accepted row with all documents and consents."""
    row: dict[str, Any] = {
        "source": "book.csv",
        "row_number": 1,
        "external_id": "C-1",
        "first_name": "Ona",
        "last_name": "Kazlauskiene",
        "email": "ona@example.com",
        "phone": "+37061231001",
        "date_of_birth": "1990-10-03",
        "nationality": "Lithuania",
        "category": "STANDARD",
        "risk_level": "LOW",
        "document_type": "PASSPORT",
        "document_number": "X1",
        "identity_document": "id.pdf",
        "address_document": "address.pdf",
        "funds_document": "funds.pdf",
        "terms_accepted_at": "2026-01-01T00:00:00Z",
        "privacy_accepted_at": "2026-01-01T00:00:00Z",
        "data_processing_accepted_at": "2026-01-01T00:00:00Z",
    }
    return Customer(**row | changes)


def intend(journey: Journey, at: Step, visit: Visit | None = None) -> Journey:
    """Count one more intent."""
    return record_intent(journey, visit or Visit(), at, now=1.0)[0]


@dataclass(slots=True, kw_only=True)
class Person:
    """A customer as the bank has it."""

    id: str
    external_id: str
    email: str
    risk: str
    status: str = "CS_REGISTRATION_COMPLETED"
    verifications: int = 0
    documents: list[str] = field(default_factory=list)
    approved: bool = False
    power_approved: bool = False
    refused: bool = False
    consents: list[str] = field(default_factory=list)
    checks_since: int = 0
    told: dict[str, str] = field(default_factory=dict)


class Bank:
    """The bank's truth; it knows nothing of the job. ``work`` does what a call asks and answers in bytes."""

    def __init__(self, *, lag_checks: int = 0, users: bool = True) -> None:
        self.lag_checks = lag_checks
        self.users = users
        self.listed: Mapping[str, list[str]] | None = REQUIRED
        self.says_missing = True
        self.people: dict[str, Person] = {}
        self.carried_out: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.registered_rows: list[tuple[str, ...]] = []
        self.events: list[dict[str, Any]] = []
        self.clock: Callable[[], float] = lambda: 0.0

    def person(self, customer_id: str) -> Person | None:
        """Return the customer with this id."""
        return next((person for person in self.people.values() if person.id == customer_id), None)

    def whom(self, customer: Customer, journey: Journey) -> Person | None:
        """Return whom a call was about."""
        return self.person(journey.customer_id) or self.people.get(customer.email)

    def of(self, external_id: str) -> list[Person]:
        """Return everybody who was registered for one row."""
        return [person for person in self.people.values() if person.external_id == external_id]

    def work(self, step: Step, customer: Customer, journey: Journey) -> tuple[int, dict[str, Any]]:
        """Carry out one call."""
        if step.call.name is CallName.REGISTER:
            return self._register(customer)
        if step.call.name is CallName.LIST_DELIVERIES:
            page = self.events[int(step.item) * 2 : int(step.item) * 2 + 2]
            return 200, {"deliveries": page}
        person = self.person(journey.customer_id)
        if person is None:
            return 404, {"error": "Customer not found"}
        works: dict[CallName, Callable[[Step, Person], tuple[int, dict[str, Any]]]] = {
            CallName.OPEN_SESSION: self._session,
            CallName.OPEN_VERIFICATION: self._verification,
            CallName.UPLOAD_DOCUMENT: self._document,
            CallName.LIST_DOCUMENTS: self._documents,
            CallName.APPROVE: self._approve,
            CallName.ACCEPT_CONSENT: self._consent,
            CallName.CHECK: self._check,
            CallName.ACTIVATE: self._activate,
        }
        return works[step.call.name](step, person)

    def _register(self, customer: Customer) -> tuple[int, dict[str, Any]]:
        if customer.email in self.people:
            return 409, {"error": "Email already exists"}
        number = self.carried_out["register"] + 1
        risk = customer.risk_level or "LOW"
        person = Person(id=f"cust-{number}", external_id=customer.external_id, email=customer.email, risk=risk)
        self.people[customer.email] = person
        self.carried_out["register"] += 1
        payload = {"data": {"customerId": person.id, "email": person.email}}
        self.tell("customer.created", payload)
        return 200, {"id": person.id, "user": {"id": f"user-{number}"} if self.users else {}}

    def tell(self, event: str, payload: dict[str, Any]) -> None:
        """Deliver an event to the webhook subscription."""
        self.events.insert(
            0,
            {
                "deliveryId": f"d{len(self.events)}",
                "eventType": event,
                "payload": {"timestamp": datetime.fromtimestamp(self.clock(), UTC).isoformat(), **payload},
            },
        )

    def _session(self, _: Step, person: Person) -> tuple[int, dict[str, Any]]:
        return 200, {"token": f"token-of-{person.id}", "user": {"customerStatus": person.status}}

    def _verification(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
        if person.approved:
            return 409, {"error": "Customer is already verified"}
        person.verifications += 1
        person.refused = False
        self.carried_out[step.label] += 1
        answer = {"verificationId": f"v{person.verifications}-{person.id}", "status": "PENDING"}
        return 200, answer | ({"requiredDocuments": self.listed[person.risk]} if self.listed else {})

    def _document(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
        if person.approved:
            return 409, {"error": "Verification is already decided"}
        person.documents.append(step.item)
        self.carried_out[step.label] += 1
        return 200, {"documentId": f"doc{len(person.documents)}"}

    def _documents(self, _: Step, person: Person) -> tuple[int, dict[str, Any]]:
        return 200, {"documents": [{"documentType": f"DT_{kind}"} for kind in person.documents]}

    def _approve(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
        if person.approved:
            return 409, {"error": "Verification is already approved"}
        if person.risk == "HIGH":
            return 403, {"details": "High-risk customers need the approval of the power tenant"}
        if not set(REQUIRED[person.risk]) <= set(person.documents):
            missing = [kind for kind in REQUIRED[person.risk] if kind not in person.documents]
            return 422, {"error": "Missing documents", "details": ", ".join(missing if self.says_missing else [])}
        person.approved, person.checks_since = True, 0
        self.carried_out[step.label] += 1
        return 200, {"status": "APPROVED"}

    def _consent(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
        person.consents.append(step.item)
        person.checks_since = 0
        self.carried_out[step.label] += 1
        return 200, {"status": "PENDING"}

    def _check(self, _: Step, person: Person) -> tuple[int, dict[str, Any]]:
        person.checks_since += 1
        shown = person.checks_since > self.lag_checks
        approved = person.approved and shown
        missing = [name for path, name in CONSENTS.items() if path not in person.consents or not shown]
        high = person.risk == "HIGH"
        allowed = approved and not missing and (not high or person.power_approved)
        answer: dict[str, Any] = {"consentOk": not missing, "verificationOk": approved, "missingConsents": missing}
        answer |= {"activationAllowed": allowed and person.status != "ACTIVE", "riskLevel": person.risk}
        if high:
            answer |= {"powerTenantApprovalRequired": True, "powerTenantApprovalOk": person.power_approved}
        return 200, answer | {"verificationStatus": "REJECTED" if person.refused else "IN_PROGRESS"}

    def _activate(self, step: Step, person: Person) -> tuple[int, dict[str, Any]]:
        if person.status == "ACTIVE":
            return 409, {"error": "Customer is already active"}
        if missing := [name for path, name in CONSENTS.items() if path not in person.consents]:
            return 400, {"error": "Missing consents", "missingConsents": missing}
        if not person.approved:
            return 422, {"error": "Customer is not verified"}
        person.status = "ACTIVE"
        self.carried_out[step.label] += 1
        self.tell("customer.activated", {"data": {"customerId": person.id}})
        return 200, {}


def _answer(status: int, data: dict[str, Any]) -> bytes:
    return json.dumps({"code": status, "message": "as it is", "data": data}).encode()


Fault = Callable[[Callable[[], tuple[int, bytes]]], "tuple[int, bytes] | Reply"]
"""What becomes of a call: gets the work to do or not to do, gives what reaches the job."""


def _after(made: "tuple[int, bytes] | Reply") -> Fault:
    def fault(work: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes] | Reply:
        work()
        return made

    return fault


def _before(made: "tuple[int, bytes] | Reply") -> Fault:
    return lambda _: made


def _about_somebody_else(work: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    """The work is done, and the answer names the neighbour."""
    status, content = work()
    told = json.loads(content)
    told["data"] |= {"email": "neighbour@example.com", "customerId": "cust-of-the-neighbour"}
    return status, json.dumps(told).encode()


_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "400": (400, {"error": "Validation failed", "field": "phone"}),
    "400_category": (400, {"error": "Categorization is invalid"}),
    "400_consents": (400, {"error": "Missing consents", "missingConsents": ["PRIVACY_POLICY"]}),
    "403": (403, {"error": "Access denied"}),
    "403_high_risk": (403, {"details": "needs the approval of the power tenant"}),
    "404": (404, {"error": "Not found"}),
    "409": (409, {"error": "Conflict"}),
    "409_expired": (409, {"error": "State conflict", "details": "Verification has expired"}),
    "413": (413, {"error": "Too large"}),
    "422": (422, {"error": "Business rule"}),
    "422_documents": (422, {"error": "Missing documents", "details": "GOVERNMENT_ID"}),
    "422_refused": (422, {"error": "Verification failed"}),
    "418": (418, {"error": "Teapot"}),
}
_HTML = b"<html><h1>502 Bad Gateway</h1></html>"
FAULTS: dict[str, Fault] = {
    "unreachable": _before(Reply(sent=False, cause="connection refused")),
    "dropped_before": _before(Reply(cause="connection reset")),
    "dropped_after": _after(Reply(cause="connection reset")),
    "timeout_before": _before(Reply(cause="timeout")),
    "timeout_after": _after(Reply(cause="timeout")),
    "500_before": _before((500, _answer(500, {"error": "Server error"}))),
    "500_after": _after((500, _answer(500, {"error": "Server error"}))),
    "502_html_before": _before((502, _HTML)),
    "502_html_after": _after((502, _HTML)),
    "503_before": _before((503, b"")),
    "503_after": _after((503, b"")),
    "503_with_wait": _before(Reply(status=503, says=503, retry_after_s=7.0)),
    "504_after": _after((504, b"")),
    "429": _before((429, b"{}")),
    "429_with_wait": _before(Reply(status=429, says=429, retry_after_s=3.0, hold_s=3.0)),
    "false_200": _before((200, b'{"success": false, "message": "no"}')),
    "garbage_2xx": _after((200, b"\x00\xff{not json")),
    "truncated_2xx": _after((200, b'{"code": 200, "data": {"id": "cust')),
    "empty_2xx": _after((200, b"")),
    "no_id_2xx": _after((200, b'{"code": 200, "data": {}}')),
    "302": _before((302, b"")),
    "maintenance_before": _before((200, b'{"message": "Service is under maintenance"}')),
    "404_page_before": _before((404, b"404 page not found")),
    "403_json_before": _before((403, b'{"status": 403, "error": "Forbidden", "path": "/"}')),
    "409_json_after": _after((409, b'{"status": 409, "error": "Conflict", "path": "/"}')),
    "400_html_after": _after((400, _HTML)),
    "another's_after": _about_somebody_else,
    "no_status": _before((200, b'{"data": {"token": "t", "user": {}}}')),
    "503_long": _before(Reply(status=503, says=503, retry_after_s=9999.0)),
    "401": _before((401, _answer(401, {"error": "Token expired"}))),
    **{name: _before((status, _answer(status, data))) for name, (status, data) in _REFUSALS.items()},
}
"""Name -> what becomes of a call. ``_before``: the bank did nothing; ``_after``: it did the work all the same."""


class Plan(Protocol):
    """Which fault strikes a call; ``occurrence`` counts calls of the same name from 1."""

    def __call__(self, step: Step, occurrence: int) -> str:
        """Name a fault, or nothing."""


def no_fault(step: Step, occurrence: int) -> str:
    """Nothing goes wrong."""
    del step, occurrence
    return ""


def strike(name: CallName, fault: str, *, times: int = 1) -> Plan:
    """The first calls of one name meet the same fault."""
    return lambda step, occurrence: fault if step.call.name is name and occurrence <= times else ""


class Ledger:
    """What is durable; one life of a process writes to it.

    Nobody knows when a posted entry becomes durable before its awaitable is done. ``lazy``: as late as it may, so what
    is not awaited dies with the process; else as early as it may.
    """

    def __init__(self, point: Callable[[str], None], held: "Ledger | None" = None, *, lazy: bool = True) -> None:
        self.journeys: dict[bytes, Journey] = dict(held.journeys) if held else {}
        self.calls: dict[int, CallRecord] = dict(held.calls) if held else {}
        self._point = point
        self._lazy = lazy
        self._posted: list[tuple[Journey, Sequence[CallRecord]]] = []

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> "Posted":
        """Hand these in."""
        self._posted.append((journey, calls))
        if not self._lazy:
            self.flush()
        return Posted(self)

    def flush(self) -> None:
        """Make durable what was posted, in that order."""
        while self._posted:
            self._point("write before")
            self.write(*self._posted.pop(0))
            self._point("write after")

    def write(self, journey: Journey, calls: Sequence[CallRecord]) -> None:
        """Make these durable."""
        self.journeys[journey.key] = journey
        self.calls |= {call.number: call for call in calls}


class Posted:
    """Done once all that was posted is durable."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __await__(self) -> Generator[Any, None, None]:
        """Wait for the disk."""
        self._ledger.flush()
        yield from ()


class Life:
    """One process with its way to the bank. Fulfils the journey's protocols ``Bank`` and ``Stop``."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.requested = False
        self.reasons: list[Judgement] = []
        self.pauses: list[float] = []
        self.observed: list[Reply] = []
        self.answered: Counter[bytes] = Counter()
        self.under_way = 0
        self.generation = 1
        self.renewals = 0
        self.given: list[str] = []

    def in_flight(self, step: Step, customer: Customer) -> AbstractAsyncContextManager[None]:
        """Let one request of this customer be under way."""
        del step, customer
        return self._place()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        assert self.under_way == 0, "two requests of one customer at once"
        self.under_way = 1
        try:
            yield
        finally:
            self.under_way = 0

    async def prepare(self, step: Step, customer: Customer, journey: Journey) -> "Sending | Problem":
        """Build the request of a step."""
        if customer.category == "GONE":
            return Problem(code="category_unknown", message="no such category", hint="correct it", field="category")
        if step.call.name is CallName.UPLOAD_DOCUMENT:
            column = DOCUMENT_COLUMN_OF[step.item]
            if getattr(customer, column) == "gone.pdf" or self.world.documents_gone:
                return Problem(code="document_unreadable", message="cannot be read", hint="put it right", field=column)
        return Sending(life=self, step=step, customer=customer, journey=journey)

    async def permit(self, step: Step, reserved: object) -> object:
        """Let a request leave as long as the run goes on."""
        del step, reserved
        return None if self.requested else object()

    def give(self, journey: Journey) -> None:
        """Note an id that was found."""
        self.given.append(journey.customer_id)

    def disproved(self, journey: Journey) -> tuple[str, ...]:
        """Name the claims that are by now another customer's."""
        return tuple(name for name in journey.claimed if getattr(journey, name) in self.world.anothers)

    async def token(self, *, refused: str = "") -> str:
        """Give the admin token, a new one if it was refused."""
        if refused:
            self.renewals += 1
            if self.world.admin_refused:
                raise RefusedError("the bank refuses the admin user")
            self.generation += 1
        return f"admin-{self.generation}"

    def observe(self, reply: Reply) -> None:
        """Note every reply."""
        self.observed.append(reply)

    def weigh(self, step: Step, judgement: Judgement, key: bytes, category: str) -> Judgement:
        """There is one customer; where ``others_pass``, what looks like the run's is this row's."""
        del step, key, category
        ours = judgement.verdict is Verdict.FATAL and self.world.others_pass
        return replace(judgement, verdict=Verdict.GIVEN_UP) if ours else judgement

    def compare(self, step: Step, judgement: Judgement, facts: Facts, journey: Journey) -> None:
        """Look at nothing."""

    def fatal(self, judgement: Judgement, message: str) -> None:
        """Stop the run."""
        assert message
        self.reasons.append(judgement)
        self.requested = True

    async def pause(self, seconds: float) -> None:
        """Note a wait that was ordered."""
        assert seconds >= 0
        self.pauses.append(seconds)


@dataclass(slots=True, kw_only=True)
class Sending:
    """A request that is ready to leave; checks promises 2, 3 and 5 at the instant it does."""

    life: Life
    step: Step
    customer: Customer
    journey: Journey

    @property
    def document(self) -> str:
        """The mark of a document: its name stands for its content."""
        if self.step.call.name is not CallName.UPLOAD_DOCUMENT:
            return ""
        content: str = getattr(self.customer, DOCUMENT_COLUMN_OF[self.step.item])
        return SentDocument(self.step.item, content, "1").mark

    async def send(self, token: str, permit: object) -> Reply:
        """Send it through the world's faults."""
        del permit
        world, life, step = self.life.world, self.life, self.step
        held = world.ledger.journeys.get(self.journey.key)
        key = self.journey.key
        told = [call for call in world.ledger.calls.values() if call.key == key and call.run == world.run]
        assert sum(bool(call.outcome) for call in told) == life.answered[key], "an outcome is not durable yet"
        if step.call.changes:
            assert held is not None
            assert (held.step, held.doubts > 0) == (step.label, True), "no durable intent"
            assert [call.step for call in told if not call.outcome] == [step.label], "no durable record of the intent"
            world.promises.leaves(step, self.customer, held)
        assert life.under_way == 1
        if step.call.name in (CallName.ACCEPT_CONSENT, CallName.ACTIVATE):
            person = world.bank.person(self.journey.customer_id)
            assert person is None or person.approved, f"{step.label} comes before the approval"
        if held and step.call.changes and held.doubts > 1:
            world.assert_may_be_repeated(step, held)
        if step.call.name is CallName.REGISTER:
            assert not (held and held.customer_id), "a registration for somebody who is registered"
        world.tokens.append((step.call.name, token))
        bank = world.bank
        bank.requests[step.label] += 1
        assert bank.requests.total() < _ENOUGH, "the journey does not end"
        world.point(f"send {step.label} before the work")

        def work() -> tuple[int, bytes]:
            before = bank.carried_out.total()
            status, data = bank.work(step, self.customer, self.journey)
            if bank.carried_out.total() > before:
                world.promises.worked(step, self.customer, bank.whom(self.customer, self.journey))
            return status, _answer(status, data)

        world.occurrences[step.call.name] += 1
        fault = world.plan(step, world.occurrences[step.call.name])
        if fault == "no_status" and step.call.name is not CallName.OPEN_SESSION:
            fault = ""  # elsewhere it would be a bank that lies
        made = (world.more_faults | FAULTS)[fault](work) if fault else work()
        if not step.call.changes or fault not in CLEARLY_NOT_DONE:
            world.log.append(step.label)
        if step.call.name is CallName.REGISTER:
            bank.registered_rows.append((self.customer.external_id, self.customer.email, self.customer.phone))
            if fault.endswith(("_after", "_2xx")) or fault in UNKNOWN:
                world.unknown_registrations[self.customer.email] += 1
        world.point(f"send {step.label} after the work")
        life.answered[key] += 1
        status = made.status if isinstance(made, Reply) else made[0]
        world.promises.answered(step, status, final=fault in FINAL, over=fault == "409_expired")
        if isinstance(made, Reply):
            return made
        status, content = made
        sent = self.journey.doubt_email
        whose = Whose(
            customer=self.customer,
            item=step.item,
            customer_id=self.journey.customer_id,
            since=self.journey.doubt_at or self.journey.started_at,
            is_email=(lambda email: KEYS.email_hash(email) == sent) if sent else None,
        )
        return read(step.call.name, status, content, whose=whose)


FINAL = frozenset({"400", "404", "413", "418"})
CLEARLY_NOT_DONE = frozenset({"unreachable", "429", "429_with_wait", "401"})
UNKNOWN = frozenset({"dropped_before", "timeout_before", "500_before", "502_html_before", "503_before"}) | {
    "503_with_wait",
    "false_200",
    "302",
    "maintenance_before",
    "404_page_before",
    "403_json_before",
}
"""Faults without work that do not tell the job so."""


class World:
    """A bank, a durable ledger, and one life of the job after another."""

    def __init__(
        self,
        customer: Customer | None = None,
        *,
        rules: JourneyRules = AUTO,
        plan: Plan = no_fault,
        bank: Bank | None = None,
        lazy: bool = True,
        kept_in: type[Ledger] = Ledger,
    ) -> None:
        self.customer = customer or a_customer()
        self.rules = rules
        self.plan = plan
        self.bank = bank or Bank()
        self.run = 0
        self.clock = 1000.0
        self.bank.clock = lambda: self.now() + 0.0005  # never a whole second: those count by the second
        self.points: list[str] = []
        self.crash_at = NEVER
        self.dead = False
        self.admin_refused = False
        self.documents_gone = False
        self.restored = 0.0
        self.others_pass = False
        self.anothers: set[str] = set()
        self.keys = KEYS
        self.promises = Promises(self)
        self.more_faults: dict[str, Fault] = {}
        self.occurrences: Counter[CallName] = Counter()
        self.unknown_registrations: Counter[str] = Counter()
        """By e-mail: new data start anew."""
        self.tokens: list[tuple[CallName, str]] = []
        self.log: list[str] = []
        self.crash_on: Callable[[str], bool] = lambda _: False
        self.lazy = lazy
        self.kept_in = kept_in
        self.ledger = kept_in(self.point, lazy=lazy)
        self.life = Life(self)

    @property
    def key(self) -> bytes:
        """The ledger key of the customer at hand."""
        return KEYS.customer(self.customer.external_id)

    @property
    def journey(self) -> Journey:
        """Where the customer stands, as far as it is durable."""
        return self.ledger.journeys[self.key]

    @property
    def disposition(self) -> Disposition:
        """What became of the row in the last run."""
        journey = self.ledger.journeys.get(self.key)
        return disposition_of(journey, KEYS.fingerprint(self.customer), run=self.run)

    def point(self, name: str) -> None:
        """An instant at which the process may die; a dead one does nothing more."""
        if self.dead or len(self.points) == self.crash_at or self.crash_on(name):
            self.dead = True
            raise Crash(name)
        self.points.append(name)

    def assert_may_be_repeated(self, step: Step, held: Journey) -> None:
        """API.md, section 9: how often a step in doubt may leave again, and what must have been read before."""
        since = list(takewhile(lambda label: label != step.label, reversed(self.log)))
        match step.call.name:
            case CallName.APPROVE:
                assert held.doubts <= 2, "an approval is repeated once"
                assert "check" in since, "an approval is repeated without a look"
            case CallName.ACCEPT_CONSENT:
                assert "check" in since, "a consent is repeated without a look"
            case CallName.ACTIVATE:
                assert "open_session" in since or not held.user_id, "an activation is repeated without a read"
            case _:
                assert held.doubts <= 2, f"{step.label} is repeated once"

    def now(self) -> float:
        """Return a clock that only goes forward."""
        self.clock += 0.001
        return self.clock

    def change(self, **columns: str) -> None:
        """Give the row other values."""
        self.customer = replace(self.customer, **columns)

    def live(self) -> Journey | None:
        """One run: start from what is durable, carry the customer, end. ``None``: no visit was needed."""
        self.dead = False
        self.run += 1
        self.ledger = self.kept_in(self.point, self.ledger, lazy=self.lazy)
        self.life = Life(self)
        known, fingerprint = self.ledger.journeys.get(self.key), KEYS.fingerprint(self.customer)
        if not taking_up.needs_visit(known, fingerprint):
            return None
        email = KEYS.email_hash(self.customer.email)
        entered = taking_up.enter(
            known,
            key=self.key,
            fingerprint=fingerprint,
            email=email,
            run=self.run,
            now=self.now(),
            restored=bool(self.restored),
        )
        visit = taking_up.begin_visit(entered, row=fingerprint, email=email, restored=self.restored)
        numbers = iter(range(max(self.ledger.calls, default=0) + 1, NEVER))
        tools = Tools(
            bank=self.life,
            ledger=self.ledger,
            stop=self.life,
            rules=self.rules,
            patience=Patience(wait_s=lambda tries: backoff_s(tries, max_wait_s=60.0, random=lambda: 0.5)),
            run=self.run,
            now=self.now,
            number=lambda: next(numbers),
        )
        try:
            carried = finish(Traverser(tools, self.customer, entered, visit).carry())
        except OnboardError:
            # The run ends in good order: what was posted is written before the process goes.
            self.ledger.flush()
            raise
        assert self.ledger.journeys[self.key] == carried, "the ledger does not hold what was returned"
        return carried

    def live_or_die(self) -> bool:
        """One run that may die; whether it came to its end."""
        try:
            self.live()
        except Crash:
            return False
        return True
