"""From bytes to a ``Reply``: tolerant reading as ``openapi.yaml`` asks for, and nothing personal kept.

Unknown members are ignored, both generations of every shape are read, an identifier is any short visible ASCII string.
What the bank says in words goes through the redactor. Pure: bytes in, values out.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.calls import CallName, Facts, Kind, Reply
from pipeline.model import Category, Customer
from pipeline.outbound import members, refusals
from pipeline.outbound.identifiers import impersonal

_CLOCKS_DIFFER_S = 600.0
_RISKS = frozenset({"LOW", "MEDIUM", "HIGH"})
_REQUIREMENTS = frozenset(
    {
        "PASSPORT",
        "NATIONAL_ID",
        "ID_CARD",
        "DRIVERS_LICENSE",
        "GOVERNMENT_ID",
        "PROOF_OF_ADDRESS",
        "SOURCE_OF_FUNDS",
        "BENEFICIAL_OWNERSHIP",
        "PEP_DECLARATION",
        "BANK_STATEMENT",
        "INCOME_PROOF",
        "SELFIE",
    }
)
"""The document types of the contract; what a bank may ask for beyond them is UNKNOWN and parks the row."""
_HIGH_RISK_DOCUMENTS = frozenset({"BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"})


def never_taken(customer_id: str) -> bool:
    """No id is known to be another customer's."""
    del customer_id
    return False


def read(
    call: CallName,
    status: int,
    content: bytes,
    *,
    customer: Customer | None = None,
    customer_id: str = "",
    since: float = 0.0,
    taken: Callable[[str], bool] = never_taken,
    secrets: Sequence[str] = (),
) -> Reply:
    """Read the answer to ``call``; never raises, whatever the bytes are. ``since`` is when the journey began.

    ``taken`` tells whether an id of a customer belongs to another one: such an id is none. ``secrets`` are masked in
    the bank's words like the customer's values.
    """
    body = _object(content)
    data = members.record(body.get("data")) if body is not None and "data" in body else body or {}
    accepted = 200 <= status < 300 and not refusals.says_failure(body or {}, data)  # noqa: PLR2004 - RFC 9110 success
    facts, complete = (
        _facts(call, body or {}, data, customer, customer_id, since, taken) if accepted else (Facts(), True)
    )
    if facts.customer_id or facts.user_id or facts.verification_id:
        facts = _impersonal(facts, customer)
    kind, field, message = (
        ("", "", Reply().message) if accepted else refusals.trouble(body or {}, data, customer, secrets)
    )
    if call is CallName.REGISTER and facts.customer_id and taken(facts.customer_id):
        facts, kind = Facts(), Kind.ANOTHERS
    complete = complete and (call is not CallName.REGISTER or not accepted or bool(facts.customer_id))
    empty_is_fine = call in (CallName.ACCEPT_CONSENT, CallName.ACTIVATE) and not content.strip()
    return Reply(
        status=status,
        accepted=accepted,
        says=status if accepted else refusals.meant_status(status, body or {}, data),
        readable=complete and (body is not None or empty_is_fine),
        facts=facts,
        kind=Kind(kind),
        field=field,
        message=message,
    )


def read_categories(content: bytes) -> tuple[Category, ...]:
    """The hierarchy's categories, wrapped or not; empty if the answer has none."""
    body = _object(content) or {}
    data = members.record(body.get("data")) or body
    return tuple(
        Category(key=key, id=identifier, name=members.text(entry.get("categoryName")) or key)
        for key, entry in members.record(data.get("categories")).items()
        if isinstance(entry, dict) and (identifier := members.identifier(entry.get("databaseId")))
    )


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))  # some servers begin with a mark
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _facts(
    call: CallName,
    body: dict[str, Any],
    data: dict[str, Any],
    customer: Customer | None,
    customer_id: str,
    since: float,
    taken: Callable[[str], bool],
) -> tuple[Facts, bool]:
    """What the answer tells, and whether everything is there that this call must bring."""
    match call:
        case CallName.LOGIN | CallName.OPEN_SESSION:
            facts = _session(body, data)
            return facts, bool(facts.token)
        case CallName.REGISTER:
            user = members.record(data.get("user"))
            facts = Facts(
                customer_id=members.identifier(data.get("id")) or members.identifier(data.get("customerId")),
                user_id=members.identifier(user.get("id")) or members.identifier(data.get("userId")),
            )
            return facts, bool(facts.customer_id)
        case CallName.OPEN_VERIFICATION:
            facts = _verification(data)
            return facts, bool(facts.verification_id)
        case CallName.UPLOAD_DOCUMENT:
            return Facts(), bool(members.identifier(data.get("documentId")) or members.identifier(data.get("id")))
        case CallName.APPROVE:
            return Facts(status=members.word(data.get("status"))), True
        case CallName.CHECK:
            facts = _check(data)
            return facts, facts.activation_allowed is not None or facts.consent_ok is not None
        case CallName.LIST_DOCUMENTS:
            listed = data.get("documents")
            types = tuple(
                members.word(entry.get("documentType")).removeprefix("DT_") for entry in members.records(listed)
            )
            return Facts(uploaded=types), isinstance(listed, list)
        case CallName.LIST_DELIVERIES:
            return _deliveries(data, customer, customer_id, since, taken)
        case CallName.HIERARCHY | CallName.ACCEPT_CONSENT | CallName.ACTIVATE:
            return Facts(), True


def _session(body: dict[str, Any], data: dict[str, Any]) -> Facts:
    found = (members.text(place.get(name)) for name in ("token", "accessToken") for place in (data, body))
    token = next((text for text in found if text), "")
    user = members.record(data.get("user"))
    return Facts(
        token=token if token.isascii() and token.isprintable() and " " not in token else "",
        token_life_s=token_life_s(token, data.get("expiresIn")),
        customer_status=members.word(user.get("customerStatus")),
    )


def token_life_s(token: str, expires_in: Any) -> float | None:
    """Life of a token in seconds: the JWT's own, else ``expiresIn``; ``expiresAt`` is wrong in the bank's own pages."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""  # noqa: PLR2004 - header.payload.signature
    try:
        claims = _object(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) or {}
    except (binascii.Error, ValueError):
        claims = {}
    expires, issued = members.number(claims.get("exp")), members.number(claims.get("iat"))
    if expires is not None and issued is not None and expires > issued:
        return expires - issued
    said = members.number(expires_in)
    return said if said is not None and said > 0 else None


def _verification(data: dict[str, Any]) -> Facts:
    listed = data.get("requiredDocuments")
    required = tuple(_requirement(name) for name in listed) if isinstance(listed, list) else None
    levels = {members.word(data.get("verificationLevel")), members.word(data.get("level"))}
    risk = _risk(data.get("riskLevel"))
    high = "POWER_TENANT_VERIFIED" in levels or bool(_HIGH_RISK_DOCUMENTS & set(required or ())) or risk == "HIGH"
    return Facts(
        verification_id=members.identifier(data.get("verificationId")) or members.identifier(data.get("id")),
        required=required,
        status=members.word(data.get("status")),
        risk="HIGH" if high else risk,
    )


def _check(data: dict[str, Any]) -> Facts:
    risk = _risk(data.get("riskLevel"))
    needs_power = members.flag(data.get("powerTenantApprovalRequired"))
    missing = data.get("missingConsents")
    high = risk == "HIGH" or members.flag(data.get("isHighRisk")) is True or needs_power is True
    allowed = members.flag(data.get("activationAllowed"))
    return Facts(
        activation_allowed=members.flag(data.get("canActivate")) if allowed is None else allowed,
        consent_ok=members.flag(data.get("consentOk")),
        verification_ok=members.flag(data.get("verificationOk")),
        missing_consents=tuple(members.word(name) for name in missing) if isinstance(missing, list) else None,
        risk="HIGH" if high else risk,
        high_risk=True if high else None,
        power_approval_ok=members.flag(data.get("powerTenantApprovalOk")) if needs_power is not False else True,
        status=members.word(data.get("verificationStatus")),
    )


def _deliveries(
    data: dict[str, Any], customer: Customer | None, customer_id: str, since: float, taken: Callable[[str], bool]
) -> tuple[Facts, bool]:
    """Find this customer among the deliveries of one page, by e-mail or, once known, by id.

    A customer that was created before this journey began (``since``), or whose id belongs to another customer of the
    ledger, is somebody else with the same e-mail.
    """
    listed = data.get("deliveries")
    email = customer.email.casefold() if customer else ""
    created: set[str] = set()
    activated = False
    for delivery in members.records(listed):
        envelope = members.record(delivery.get("payload"))
        payload = members.record(envelope.get("data"))
        event = members.text(delivery.get("eventType")) or members.text(envelope.get("type"))
        identifier = members.identifier(payload.get("customerId"))
        same = bool(email) and members.text(payload.get("email")).casefold() == email
        fresh = event == "customer.created" and same and not _is_before(envelope.get("timestamp"), since)
        if identifier and fresh and not taken(identifier):
            created.add(identifier)
        activated = activated or (event == "customer.activated" and bool(customer_id) and identifier == customer_id)
    # Two customers with one e-mail cannot be: which of them is ours is for a person to say.
    found = created.pop() if len(created) == 1 else ""
    marks = tuple(members.identifier(delivery.get("deliveryId")) for delivery in members.records(listed)[:1])
    facts = Facts(created=(found,) if found else (), activated=activated, page_mark=marks[0] if marks else "")
    return facts, isinstance(listed, list)


def _is_before(timestamp: Any, since: float) -> bool:
    """Whether the bank's clock says that this was clearly earlier; what cannot be read proves nothing."""
    try:
        at = datetime.fromisoformat(members.text(timestamp))
    except ValueError:
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() < since - _CLOCKS_DIFFER_S


def _risk(value: Any) -> str:
    """A risk level; another word could be anything, and it would be stored."""
    said = members.word(value)
    return said if said in _RISKS or not said else "UNKNOWN"


def _requirement(value: Any) -> str:
    """A document type that the bank asks for. One that cannot be read is still one that is asked for."""
    said = members.word(value)
    return said if said in _REQUIREMENTS else "UNKNOWN"


def _impersonal(facts: Facts, customer: Customer | None) -> Facts:
    """Ids are stored: one that is made of the customer's own data is not taken."""
    return replace(
        facts,
        customer_id=impersonal(facts.customer_id, customer),
        user_id=impersonal(facts.user_id, customer),
        verification_id=impersonal(facts.verification_id, customer),
    )
