"""The bank: its customers and the rules of their eight phases.

Promises the state machine of the contract, whatever the order of calls, and to name every record that a call changed
(``take_changes``), so that it can be written before the answer leaves. Pure of HTTP, clock and disk: methods take a
call with its time and return an answer. Logins and look-ups work on this state from modules of their own.
"""

import hmac
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from finhub_onboard.sandbox import demo, rules
from finhub_onboard.sandbox.chance import identifier, unit
from finhub_onboard.sandbox.forms import Errors
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
from finhub_onboard.sandbox.scenario import Habits
from finhub_onboard.sandbox.shapes import Shapes


class Bank:
    """The state of the practice bank and the rules of the journey."""

    def __init__(
        self, habits: Habits, shapes: Shapes, categories: tuple[demo.DemoCategory, ...] = demo.CATEGORIES
    ) -> None:
        self.habits = habits
        self.shapes = shapes
        self.categories = categories
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.customers: dict[str, Customer] = {}
        self.by_email: dict[str, Customer] = {}
        self.phones: set[str] = set()
        self.cases: dict[str, tuple[Customer, Verification]] = {}
        self.deliveries: list[tuple[Customer, Event]] = []
        self.admin_lock = Lock()
        self.ended: set[str] = set()
        self._admin_session = ""
        self.sessions: dict[str, tuple[str, int]] = {}
        self._changes: list[Change] = []

    def restore(self, customers: list[Customer], admin_lock: Lock | None, ended: set[str]) -> None:
        """Take over what an earlier process wrote."""
        for customer in customers:
            self._index(customer)
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

    def replace_admin_session(self, session_id: str) -> None:
        """Let the admin have this session only: the tokens of the one before are worthless."""
        if self._admin_session:
            self.end_session(self._admin_session)
        self._admin_session = session_id

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
        ages = (self.habits.min_age, self.habits.max_age)
        if errors := rules.registration(body, call.now, ages, call.tenant):
            return self.invalid(errors)
        category, why = rules.category(body, self.categories)
        if category is None:
            data = {"error": "Invalid categorization", "details": why}
            return self.shapes.problem(400, "Categorization validation failed", data)
        email: str = body["email"]
        if email.casefold() in self.by_email:
            return self._duplicate("email", "DUPLICATE_EMAIL")
        if self.habits.unique_phones and body["phone"] in self.phones:
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
        habits, email = self.habits, body["email"]
        key = email.casefold()
        high = unit(habits.seed, "high", key) < habits.high_share
        late = high and (
            habits.high_shown == "check" or (habits.high_shown == "mixed" and unit(habits.seed, "late", key) < 0.5)  # noqa: PLR2004  (a coin)
        )
        salt = identifier(habits.seed, "salt", key)
        return Customer(
            number=len(self.customers) + 1,
            id=identifier(habits.seed, "customer", key),
            user_id=identifier(habits.seed, "user", key),
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
        """Note an event as delivered to the demo subscription."""
        event = Event(seq=len(self.deliveries) + 1, type=kind, at=now, verification_id=verification_id)
        customer.events.append(event)
        self.deliveries.append((customer, event))
        self.touch(customer)


def password_hash(password: str, salt: str) -> str:
    """Hash a password. Quick on purpose: the customers are invented, and practice at scale is the point."""
    return blake2b(password.encode(), key=salt.encode(), digest_size=32).hexdigest()


def password_matches(customer: Customer, password: str) -> bool:
    """Compare a password with the stored hash."""
    return hmac.compare_digest(password_hash(password, customer.salt), customer.password)
