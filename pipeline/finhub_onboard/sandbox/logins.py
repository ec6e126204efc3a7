"""Sessions of admins and customers: logging in, being locked out, logging out.

Promises that five wrong logins lock a user for thirty minutes, the right password included. Does not know HTTP; works
on the bank's state.
"""

import hmac
from typing import Final
from uuid import uuid4

from finhub_onboard.sandbox import demo, rules
from finhub_onboard.sandbox.bank import Bank, password_matches
from finhub_onboard.sandbox.records import Answer, Call, Claims, Customer, Lock
from finhub_onboard.sandbox.shapes import instant
from finhub_onboard.sandbox.tokens import Tokens

MAX_ATTEMPTS: Final = 5
LOCK_S: Final = 30 * 60
_MAX_SESSIONS: Final = 100_000


class Logins:
    """The rules of sessions."""

    __slots__ = ("_bank", "_tokens")

    def __init__(self, bank: Bank, tokens: Tokens) -> None:
        self._bank = bank
        self._tokens = tokens

    def admin(self, call: Call) -> Answer:
        """Phase 0: log the admin in."""
        if errors := rules.login(call.body, call.tenant):
            return self._bank.invalid(errors)
        if call.params["organizationId"] != demo.ORGANIZATION_ID:
            return self._bank.unknown("Organization")
        if call.params["userId"] != demo.USER_ID:
            return self._no_user()
        body = call.body
        right = body["username"].casefold() == demo.USERNAME and _same(body["password"], demo.PASSWORD)
        return self._attempt(call, right=right, lock=self._bank.admin_lock, customer=None)

    def customer(self, call: Call) -> Answer:
        """Phase 3: log a customer's user in."""
        if errors := rules.login(call.body, call.tenant):
            return self._bank.invalid(errors)
        customer = self._bank.customers.get(call.params["customerId"])
        if customer is None:
            return self._bank.unknown("Customer")
        if call.params["userId"] != customer.user_id:
            return self._no_user()
        body = call.body
        right = body["username"].casefold() == customer.email.casefold() and password_matches(
            customer, body["password"]
        )
        return self._attempt(call, right=right, lock=customer.lock, customer=customer)

    def end(self, call: Call) -> Answer:
        """Log out: end one session of the customer."""
        customer = self._bank.customers.get(call.params["customerId"])
        session_id, who = call.params["sessionId"], call.who
        if customer is None or customer.user_id != call.params["userId"] or who is None:
            return self._bank.unknown("User")
        owner = self._bank.sessions.get(session_id, ("", 0))[0]
        if who.jti == session_id:  # a token says itself whose it is, also after a restart of the bank
            owner = who.customer_id
        if owner != customer.id or not (who.is_admin or who.customer_id == customer.id):
            return self._bank.unknown("Session")
        self._bank.end_session(session_id)
        return self._bank.shapes.success({})

    def _attempt(self, call: Call, *, right: bool, lock: Lock, customer: Customer | None) -> Answer:
        keys = _same(call.body["tenantKey"], demo.TENANT_KEY) and _same(call.body["tenantSecret"], demo.TENANT_SECRET)
        if refusal := self.refusal(call.now, right=right and keys, lock=lock, customer=customer):
            return refusal
        claims, token = self.open(call.now, customer)
        return self._bank.shapes.session(claims, token, customer)

    def refusal(self, now: float, *, right: bool, lock: Lock, customer: Customer | None) -> Answer | None:
        """Count a log-in, and refuse it if it is wrong or its user locked; ``right``: its credentials are good."""
        if lock.until > now:
            return self._locked(lock)
        if lock.until:
            lock.until, lock.attempts = 0.0, 0
        if not right:
            return self._wrong(now, lock, customer)
        if lock.attempts:
            lock.attempts = 0
            self._bank.lock_changed(customer)
        return None

    def open(self, now: float, customer: Customer | None) -> tuple[Claims, str]:
        """Open a session, without a customer the admin's: what its token says, and the token."""
        claims = self._claims(now, customer)
        habits = self._bank.scenario.logins
        if habits.single_customer_session if customer else habits.single_session:
            self._bank.replace_session(claims.user_id, claims.jti)
        if customer is not None:
            self._remember(claims)
        return claims, self._tokens.issue(claims)

    def _wrong(self, now: float, lock: Lock, customer: Customer | None) -> Answer:
        lock.attempts += 1
        if lock.attempts >= MAX_ATTEMPTS:
            lock.until = now + LOCK_S
        self._bank.lock_changed(customer)
        if lock.until:
            return self._locked(lock)
        data = {
            "success": False,
            "errorType": "AUTHENTICATION",
            "message": "Invalid username or password",
            "attempts": lock.attempts,
            "maxAttempts": MAX_ATTEMPTS,
            "lockoutTime": None,
        }
        return self._bank.shapes.problem(401, "Authentication failed", data)

    def _locked(self, lock: Lock) -> Answer:
        data = {
            "success": False,
            "errorType": "AUTHENTICATION",
            "message": "Account locked due to multiple failed login attempts",
            "attempts": lock.attempts,
            "maxAttempts": MAX_ATTEMPTS,
            "lockoutTime": instant(lock.until),
            "lockoutDuration": f"{LOCK_S // 60} minutes",
        }
        return self._bank.shapes.problem(401, "Account locked", data)

    def _no_user(self) -> Answer:
        return self._bank.shapes.problem(404, "User not found", {"success": False, "errorType": "NOT_FOUND"})

    def _claims(self, now: float, customer: Customer | None) -> Claims:
        user_id = customer.user_id if customer else demo.USER_ID
        return Claims(
            iss="finhub-sandbox",
            aud="finhub",
            sub=customer.email if customer else demo.USERNAME,
            iat=int(now),
            exp=int(now) + self._bank.scenario.token_lifetime_s,
            tenant_id=demo.TENANT_ID,
            customer_id=customer.id if customer else demo.ORGANIZATION_ID,
            user_id=user_id,
            user_type="CONSUMER" if customer else "ADMIN",
            roles=("USER",) if customer else ("ADMIN_USER", "COMPLIANCE_OFFICER"),
            jti=str(uuid4()),
        )

    def _remember(self, claims: Claims) -> None:
        """Keep open sessions for log-out by an admin; the expired ones go when there are many."""
        sessions = self._bank.sessions
        if len(sessions) >= _MAX_SESSIONS:
            alive = {key: value for key, value in sessions.items() if value[1] > claims.iat}
            sessions.clear()
            sessions.update(alive if len(alive) < _MAX_SESSIONS else {})
        sessions[claims.jti] = (claims.customer_id, claims.exp)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
