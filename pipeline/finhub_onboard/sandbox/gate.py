"""What every call passes before the rules: required headers, tenant, token, a JSON body; and the way to its rule.

Promises that an answer leaves only after what it changed is in the store. Knows header names and JSON, but no socket
and no fault.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec

from finhub_onboard.sandbox import demo, production_logins
from finhub_onboard.sandbox.activation import Activations
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.cases import Cases
from finhub_onboard.sandbox.forms import header_address, header_word
from finhub_onboard.sandbox.logins import Logins
from finhub_onboard.sandbox.lookups import Lookups
from finhub_onboard.sandbox.meanwhile import Others
from finhub_onboard.sandbox.operations import Operation, Token
from finhub_onboard.sandbox.production_logins import ProductionLogins
from finhub_onboard.sandbox.records import Answer, Call, Claims
from finhub_onboard.sandbox.store import Store
from finhub_onboard.sandbox.tokens import Tokens

REQUIRED_HEADERS: Final = (
    ("X-Tenant-ID", (b"x-tenant-id",), header_word),
    ("X-Forwarded-For", (b"x-forwarded-for",), header_address),
    ("X-Forwarded-From", (b"x-forwarded-from",), header_word),
    ("platform", (b"platform", b"sec-ch-ua-platform"), header_word),
    ("deviceId", (b"deviceid", b"x-device-id", b"device-id"), header_word),
    ("User-Agent", (b"user-agent",), header_word),
)
"""Required headers, the names (lower case) that are taken for each, and what says what is wrong with a value."""

_RequestHeaders = dict[bytes, bytes]
_Rule = Callable[[Call], Answer]


class Gate:
    """The way of a call from its headers to the rule that answers it."""

    __slots__ = ("_bank", "_decode", "_others", "_production", "_rules", "_store", "_tokens", "cases")

    def __init__(self, bank: Bank, store: Store | None) -> None:
        self._bank = bank
        self._store = store
        self._tokens = Tokens()
        self._decode = msgspec.json.Decoder().decode
        self.cases = Cases(bank)
        self._others = Others(bank, self.cases)
        logins, activations, lookups = Logins(bank, self._tokens), Activations(bank), Lookups(bank)
        self._production = ProductionLogins(bank, logins)
        self._rules: dict[str, _Rule] = {
            "createAdminSession": logins.admin,
            "getCategorizationHierarchy": lookups.hierarchy,
            "registerIndividual": bank.register,
            "createCustomerSession": logins.customer,
            "deleteCustomerSession": logins.end,
            "startIndividualVerification": self.cases.start_verification,
            "createVerification": self.cases.create_verification,
            "uploadVerificationDocument": self.cases.upload_document,
            "approveVerification": self.cases.approve,
            "acceptIndividualConsent": activations.accept_consent,
            "checkActivation": activations.check,
            "activateIndividual": activations.activate,
            "listCustomerDocuments": lookups.documents,
            "getConsentStatus": lookups.consent,
            "listWebhookDeliveries": lookups.deliveries,
            "getWebhookDelivery": lookups.delivery,
        }

    def answer(
        self,
        operation: Operation,
        params: dict[str, str],
        headers: _RequestHeaders,
        body: bytes | None,
        query: bytes,
        now: float,
    ) -> Answer:
        """Answer one call; what it changed is in the store when this returns."""
        refusal = self._refuse_headers(operation, headers)
        if production_logins.is_one(operation):
            answer = self._production.answer(operation.path, headers, refusal, body or b"", now)
            self.keep()
            return answer
        if refusal:
            return refusal
        call = Call(params=params, tenant=headers[b"x-tenant-id"].decode("latin-1"), now=now, query=query)
        if refusal := self._admit(operation, headers, call):
            return refusal
        if operation.has_body:
            if body is None:
                return self._bank.shapes.problem(413, "Payload too large", {"error": "Payload too large"})
            content = self._object(body)
            if content is None:
                return self._bank.invalid([("body", "must be a JSON object")])
            call.body = content
        answer = self._act(operation.id, call)
        self.keep()
        return answer

    def _act(self, operation_id: str, call: Call) -> Answer:
        """Carry the call out, with what others do before and after it."""
        customer = self._bank.concerned(call)
        if customer is not None:
            self._others.before(operation_id, customer, call.now)
        answer = self._rules[operation_id](call)
        if answer.status == HTTPStatus.OK and (concerned := customer or self._bank.concerned(call)):
            self._others.after(operation_id, concerned, call.now)
        return answer

    def whose(self, operation: Operation, params: dict[str, str], body: bytes | None) -> str:
        """E-mail of the customer whom a call concerns, in lower case; empty if it is nobody's or cannot be told."""
        content = (self._object(body) if body and operation.has_body else None) or {}
        if operation.id == "registerIndividual":
            email = content.get("email")
            return email.casefold() if isinstance(email, str) else ""
        if case := self._bank.cases.get(params.get("verificationId", "")):
            return case[0].email.casefold()
        customer = self._bank.customers.get(params.get("customerId") or str(content.get("customerId")))
        return customer.email.casefold() if customer else ""

    def keep(self) -> None:
        """Write what changed."""
        changes = self._bank.take_changes()
        if changes and self._store is not None:
            self._store.save(changes)

    def expire(self, headers: _RequestHeaders) -> Answer:
        """Make the caller's token worthless, as if its time had run out."""
        claims = self._tokens.read(headers.get(b"authorization", b"")[7:])
        if claims is not None:
            self._bank.end_session(claims.jti)
            self.keep()
        return self._unauthorized("Token expired")

    def _refuse_headers(self, operation: Operation, headers: _RequestHeaders) -> Answer | None:
        """Name the required headers that are missing, else those whose value cannot be right."""
        missing, wrong = [], []
        for name, aliases, problem_of in REQUIRED_HEADERS:
            value = next((headers[alias] for alias in aliases if headers.get(alias, b"").strip()), None)
            if value is None:
                missing.append(name)
            elif why := problem_of(value):
                wrong.append(f"{name}: {why}")
        if operation.has_body and not headers.get(b"content-type", b"").lower().startswith(b"application/json"):
            missing.append("Content-Type")
        if missing:
            return self._bad_headers("Missing required header(s)", missing)
        return self._bad_headers("Invalid required header(s)", wrong) if wrong else None

    def _bad_headers(self, message: str, named: list[str]) -> Answer:
        return self._bank.shapes.problem(400, message, {"error": message, "details": ", ".join(named)})

    def _admit(self, operation: Operation, headers: _RequestHeaders, call: Call) -> Answer | None:
        """Check tenant and token; ``None`` lets the call pass."""
        if operation.token is Token.NONE:
            return None if call.tenant == demo.TENANT_ID else self._wrong_tenant(operation, call.tenant)
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        claims = self._tokens.read(token.strip()) if scheme.lower() == b"bearer" else None
        if claims is None:
            return self._unauthorized("Missing or invalid token")
        if claims.exp <= call.now or claims.jti in self._bank.ended:
            return self._unauthorized("Token expired")
        if claims.tenant_id != call.tenant:
            return self._wrong_tenant(operation, call.tenant)
        if operation.token is Token.ADMIN and not claims.is_admin:
            return self._wrong_role(operation, claims)
        call.who = claims
        return None

    def _unauthorized(self, message: str) -> Answer:
        return self._bank.shapes.problem(401, message, {"error": "Unauthorized"})

    def _wrong_tenant(self, operation: Operation, tenant: str) -> Answer:
        data = {"error": "Tenant access denied", "tenantId": tenant}
        status = 403 if operation.forbids else 401
        return self._bank.shapes.problem(status, "Tenant access denied or categorization not available", data)

    def _wrong_role(self, operation: Operation, claims: Claims) -> Answer:
        del claims
        if operation.id == "activateIndividual":
            message = "Activation requires the ADMIN_USER role"
            return self._bank.shapes.problem(400, message, {"error": "Missing ADMIN_USER role"})
        data = {"error": "Insufficient permission", "details": "Requires COMPLIANCE_OFFICER or ADMIN_USER role"}
        return self._bank.shapes.problem(403 if operation.forbids else 401, "Insufficient permission", data)

    def _object(self, body: bytes) -> dict[str, Any] | None:
        try:
            content = self._decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None
        return content if isinstance(content, dict) else None
