"""The bank: its customers and the rules of their eight phases.

Promises the state machine of the contract, whatever the order of calls, and to name every record that a call changed
(``take_changes``), so that it can be written before the answer leaves. Pure of HTTP, clock and disk: methods take a
call with its time and return an answer. Logins and look-ups work on this state from modules of their own.
"""

import hmac
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from finhub_onboard.sandbox import demo, magic, rules
from finhub_onboard.sandbox.chance import identifier, unit
from finhub_onboard.sandbox.forms import Errors
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.records import (
    Answer,
    Call,
    Change,
    Customer,
    Ended,
    Event,
    Lock,
    Verification,
)
from finhub_onboard.sandbox.shapes import Shapes


class Bank:
    """The state of the practice bank and the rules of the journey."""

    def __init__(
        self, scenario: Scenario, shapes: Shapes, categories: tuple[demo.DemoCategory, ...] = demo.CATEGORIES
    ) -> None:
        self.scenario = scenario
        self.shapes = shapes
        self.categories = categories
        self.resets = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.acts: Counter[str] = Counter()
        """What others did, by kind, and consents refused for their version."""
        self.forgotten: set[str] = set()
        """E-mails of customers who were lost when the data were reset."""
        self.customers: dict[str, Customer] = {}
        self.by_email: dict[str, Customer] = {}
        self.phones: set[str] = set()
        self.cases: dict[str, tuple[Customer, Verification]] = {}
        self.deliveries: list[tuple[Customer, Event]] = []
        self.admin_lock = Lock()
        self.ended: set[str] = set()
        self.consents_taken = 0
        self._session_of: dict[str, str] = {}
        self.sessions: dict[str, tuple[str, int]] = {}
        self._changes: list[Change] = []

    def lose_data(self) -> None:
        """Lose everything, as the bank's own sandbox does now and then; who registers again gets another id."""
        forgotten, acts = self.forgotten | set(self.by_email), self.acts
        self.clear()
        self.forgotten, self.acts = forgotten, acts
        self.resets += 1

    def restore(self, customers: list[Customer], admin_lock: Lock | None, ended: set[str]) -> None:
        """Take over what an earlier process wrote."""
        for customer in customers:
            self._index(customer)
        self.consents_taken = sum(consent.count for customer in customers for consent in customer.consents.values())
        told = [(customer, event) for customer in customers for event in customer.events]
        self.deliveries = sorted(told, key=lambda item: item[1].seq)
        self.admin_lock = admin_lock or Lock()
        self.ended = ended

    def take_changes(self) -> list[Change]:
        """Hand over the records that changed since the last time."""
        changes, self._changes = self._changes, []
        return changes

    def touch(self, customer: Customer) -> None:
        """Note that a customer changed."""
        if customer not in self._changes:
            self._changes.append(customer)

    def lock_changed(self, customer: Customer | None) -> None:
        """Note that a user's failed logins changed; without a customer it is the admin's."""
        if customer:
            self.touch(customer)
        else:
            self._changes.append(self.admin_lock)

    def end_session(self, session_id: str) -> None:
        """Make the tokens of a session worthless."""
        self.ended.add(session_id)
        self.sessions.pop(session_id, None)
        self._changes.append(Ended(session_id))

    def replace_session(self, user_id: str, session_id: str) -> None:
        """Let a user have this session only: the tokens of the one before are worthless."""
        if before := self._session_of.get(user_id):
            self.end_session(before)
        self._session_of[user_id] = session_id

    def concerned(self, call: Call) -> Customer | None:
        """Find the customer whom a call is about, if there is one."""
        if found := self.cases.get(call.params.get("verificationId", "")):
            return found[0]
        if found_by_id := self.customers.get(call.params.get("customerId") or str(call.body.get("customerId"))):
            return found_by_id
        return self.by_email.get(str(call.body.get("email")).casefold())

    def customer_of(self, call: Call) -> Customer | Answer:
        """Find the customer of the path, if the caller may see it."""
        customer = self.customers.get(call.params["customerId"])
        if customer is None:
            return self.unknown("Customer")
        return self.refuse_stranger(call, customer) or customer

    def unknown(self, what: str) -> Answer:
        """Answer for an id that does not exist."""
        return self.shapes.problem(404, f"{what} not found", {"error": f"{what} not found"})

    def invalid(self, errors: Errors, **more: Any) -> Answer:
        """Answer a body that breaks rules; ``more`` is what else the answer's data tell."""
        listed = [{"field": name, "message": message} for name, message in errors]
        return self.shapes.problem(400, "Request validation failed", {"errors": listed, **more})

    def conflict(self, message: str) -> Answer:
        """Answer a call that comes in a wrong state."""
        return self.shapes.problem(409, message, {"error": "State conflict"}, code="STATE_CONFLICT")

    def register(self, call: Call) -> Answer:
        """Phase 2: create customer and user."""
        body = call.body
        ages = (self.scenario.rules.min_age, self.scenario.rules.max_age)
        if errors := rules.registration(body, call.now, ages, call.tenant):
            return self.invalid(errors)
        category, why = rules.category(body, self.categories)
        wrong = {"details": why} if category is None else rules.parametrization(body, category.features)
        if category is None or wrong:
            data = {"error": "Invalid categorization", **(wrong or {})}
            return self.shapes.problem(400, "Categorization validation failed", data)
        email: str = body["email"]
        if email.casefold() in self.by_email:
            return self._duplicate("email", "DUPLICATE_EMAIL")
        if self.scenario.rules.unique_phones and body["phone"] in self.phones:
            return self._duplicate("phone", "DUPLICATE_PHONE")
        customer = self._new_customer(body, category, call.now)
        self._index(customer)
        self.touch(customer)
        self.deliver("customer.created", customer, call.now)
        return self.shapes.registered(customer, body)

    def _duplicate(self, field: str, code: str) -> Answer:
        data = {"error": "Duplicate resource", "field": field}
        return self.shapes.problem(409, f"A customer with the provided {field} already exists", data, code=code)

    def _new_customer(self, body: Mapping[str, Any], category: demo.DemoCategory, now: float) -> Customer:
        habits, seed, email = self.scenario.risk, self.scenario.seed, body["email"]
        key = email.casefold()
        high = unit(seed, "high", key) < habits.high_share or magic.is_magic(email, magic.HIGH)
        late = high and (
            habits.high_shown == "check" or (habits.high_shown == "mixed" and unit(seed, "late", key) < 0.5)  # noqa: PLR2004  (a coin)
        )
        salt = identifier(seed, "salt", key, self.resets)
        return Customer(
            number=len(self.customers) + 1,
            id=identifier(seed, "customer", key, self.resets),
            user_id=identifier(seed, "user", key, self.resets),
            email=email,
            salt=salt,
            phone=body["phone"],
            password=password_hash(body["password"], salt),
            category=category.key,
            risk="HIGH" if high else category.risk,
            late_risk=late,
            at=now,
        )

    def shown_risk(self, customer: Customer) -> str:
        """Tell the risk level as the bank knows it so far: a late one shows once the tenant has approved."""
        if customer.late_risk and customer.approved() is None:
            return next(c.risk for c in self.categories if c.key == customer.category)
        return customer.risk

    def refuse_stranger(self, call: Call, customer: Customer) -> Answer | None:
        """Keep a customer's token to its own customer."""
        if call.who is None or call.who.is_admin or call.who.customer_id == customer.id:
            return None
        return self.shapes.problem(403, "Insufficient permission", {"error": "Insufficient permission"})

    def _index(self, customer: Customer) -> None:
        self.customers[customer.id] = customer
        self.by_email[customer.email.casefold()] = customer
        self.phones.add(customer.phone)
        for case in customer.verifications:
            self.cases[case.id] = (customer, case)

    def deliver(self, kind: str, customer: Customer, now: float, verification_id: str = "") -> None:
        """Note an event as delivered to the demo subscription, unless the scenario loses it; some are told twice."""
        habits, which = self.scenario.deliveries, (self.scenario.seed, "delivery", kind, customer.id, verification_id)
        self.touch(customer)
        if unit(*which, "lost") < habits.lost_share:
            return
        first = len(self.deliveries) + 1
        for again in range(2 if unit(*which, "doubled") < habits.doubled_share else 1):
            event = Event(
                seq=first + again, first=first if again else 0, type=kind, at=now, verification_id=verification_id
            )
            customer.events.append(event)
            self.deliveries.append((customer, event))


def password_hash(password: str, salt: str) -> str:
    """Hash a password. Quick on purpose: the customers are invented, and practice at scale is the point."""
    return blake2b(password.encode(), key=salt.encode(), digest_size=32).hexdigest()


def password_matches(customer: Customer, password: str) -> bool:
    """Compare a password with the stored hash."""
    return hmac.compare_digest(password_hash(password, customer.salt), customer.password)
