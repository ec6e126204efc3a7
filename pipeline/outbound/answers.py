"""From bytes to a ``Reply``: tolerant reading as ``openapi.yaml`` asks for, and nothing personal kept.

Unknown members are ignored, both generations of every shape are read, an identifier is any short visible ASCII string.
What the bank says in words goes through the redactor. Pure: bytes in, values out.
"""

import binascii
import re
from base64 import urlsafe_b64decode
from dataclasses import fields
from typing import Any

import msgspec

from pipeline.calls import CallName, Facts, Kind, Reply
from pipeline.model import Category, Customer
from pipeline.outbound.redact import redact

_MAX_ID = 200
_MAX_ERRORS = 5
_MAX_NUMBER = 1e12
_PERSONAL = tuple(field.name for field in fields(Customer) if not field.repr or field.name == "external_id")
_CONTRACT_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "username": "email",
    "phone": "phone",
    "dateOfBirth": "date_of_birth",
    "nationality": "nationality",
    "gender": "gender",
    "placeOfBirth": "place_of_birth",
    "pincode": "pincode",
    "customerCategory": "category",
    "documentType": "document_type",
    "documentNumber": "document_number",
    "fileContent": "identity_document",
    "fileName": "identity_document",
    "mimeType": "identity_document",
}
_HIGH_RISK_DOCUMENTS = frozenset({"BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"})
_LEGACY_CODES = (
    ("DUPLICATE_EMAIL", 409),
    ("EMAIL_ALREADY_EXISTS", 409),
    ("INVALID_CREDENTIALS", 401),
    ("SESSION_EXPIRED", 401),
    ("ACCOUNT_LOCKED", 401),
    ("INSUFFICIENT_PERMISSIONS", 403),
    ("VERIFICATION_FAILED", 422),
    ("WEAK_PASSWORD", 400),
    ("INVALID_", 400),
)
"""Codes of the older guides (API.md, section 7) and the status each amounts to."""
_KINDS = (
    (Kind.MISSING_HEADER, ("missing required header",)),
    (Kind.HIGH_RISK, ("high risk", "high-risk", "power tenant", "power_tenant", "power-tenant")),
    (Kind.MISSING_CONSENTS, ("missing consent", "consents are missing", "missingconsents")),
    (Kind.VERIFICATION_REFUSED, ("verification_failed", "verification failed", "rejected", "declined", "refused")),
    (Kind.NOT_VERIFIED, ("not verified", "not approved")),
    (Kind.LOCKED, ("locked",)),
    (Kind.ROLE, ("role", "permission")),
    (Kind.CATEGORIZATION, ("categori",)),
)


def read(
    call: CallName, status: int, content: bytes, *, customer: Customer | None = None, customer_id: str = ""
) -> Reply:
    """Read the answer to ``call``; never raises, whatever the bytes are."""
    body = _object(content)
    data = _dict(body.get("data")) if body is not None and "data" in body else body or {}
    accepted = 200 <= status < 300 and not _says_failure(body or {}, data)  # noqa: PLR2004 - RFC 9110 success
    facts, complete = _facts(call, body or {}, data, customer, customer_id) if accepted else (Facts(), True)
    kind, field, message = ("", "", "") if accepted else _trouble(body or {}, data, customer)
    empty_is_fine = call in (CallName.ACCEPT_CONSENT, CallName.ACTIVATE) and not content.strip()
    return Reply(
        status=status,
        accepted=accepted,
        says=status if accepted else _meant_status(status, body or {}, data),
        readable=complete and (body is not None or empty_is_fine),
        facts=facts,
        kind=Kind(kind),
        field=field,
        message=message,
    )


def read_categories(content: bytes) -> tuple[Category, ...]:
    """The hierarchy's categories, wrapped or not; empty if the answer has none."""
    body = _object(content) or {}
    data = _dict(body.get("data")) or body
    return tuple(
        Category(key=key, id=identifier, name=_text(entry.get("categoryName")) or key)
        for key, entry in _dict(data.get("categories")).items()
        if isinstance(entry, dict) and (identifier := _id(entry.get("databaseId")))
    )


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))  # some servers begin with a mark
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _says_failure(body: dict[str, Any], data: dict[str, Any]) -> bool:
    if any(_lower(place.get("success")) in ("false", "0") for place in (body, data)) or _dict(body.get("error")):
        return True
    code = _code(body)
    return bool(_legacy_status(_text(body.get("code")))) or (code is not None and not 200 <= code < 300)  # noqa: PLR2004


def _meant_status(status: int, body: dict[str, Any], data: dict[str, Any]) -> int:
    """The status that a refusal means: HTTP's own, but for a 200 that is none (API.md, section 7)."""
    if not 200 <= status < 300:  # noqa: PLR2004
        return status
    code = _code(body)
    if code is not None and 400 <= code < 600:  # noqa: PLR2004
        return code
    name = _text(_dict(body.get("error")).get("code")) or _text(data.get("errorCode")) or _text(body.get("code"))
    meant = _legacy_status(name) or status
    return 400 if meant == status and (data.get("errors") or data.get("field")) else meant


def _legacy_status(name: str) -> int:
    return next((meant for start, meant in _LEGACY_CODES if name.startswith(start)), 0)


def _facts(
    call: CallName, body: dict[str, Any], data: dict[str, Any], customer: Customer | None, customer_id: str
) -> tuple[Facts, bool]:
    """What the answer tells, and whether everything is there that this call must bring."""
    match call:
        case CallName.LOGIN | CallName.OPEN_SESSION:
            facts = _session(body, data)
            return facts, bool(facts.token)
        case CallName.REGISTER:
            user = _dict(data.get("user"))
            facts = Facts(
                customer_id=_id(data.get("id")) or _id(data.get("customerId")),
                user_id=_id(user.get("id")) or _id(data.get("userId")),
            )
            return facts, bool(facts.customer_id)
        case CallName.OPEN_VERIFICATION:
            facts = _verification(data)
            return facts, bool(facts.verification_id)
        case CallName.UPLOAD_DOCUMENT:
            return Facts(), bool(_id(data.get("documentId")) or _id(data.get("id")))
        case CallName.APPROVE:
            return Facts(status=_word(data.get("status"))), True
        case CallName.CHECK:
            facts = _check(data)
            return facts, facts.activation_allowed is not None or facts.consent_ok is not None
        case CallName.LIST_DOCUMENTS:
            listed = data.get("documents")
            types = tuple(_word(entry.get("documentType")).removeprefix("DT_") for entry in _dicts(listed))
            return Facts(uploaded=types), isinstance(listed, list)
        case CallName.LIST_DELIVERIES:
            return _deliveries(data, customer, customer_id)
        case CallName.HIERARCHY | CallName.ACCEPT_CONSENT | CallName.ACTIVATE:
            return Facts(), True


def _session(body: dict[str, Any], data: dict[str, Any]) -> Facts:
    found = (_text(place.get(name)) for name in ("token", "accessToken") for place in (data, body))
    token = next((text for text in found if text), "")
    user = _dict(data.get("user"))
    return Facts(
        token=token if token.isascii() and token.isprintable() and " " not in token else "",
        token_life_s=token_life_s(token, data.get("expiresIn")),
        customer_status=_word(user.get("customerStatus")),
    )


def token_life_s(token: str, expires_in: Any) -> float | None:
    """Life of a token in seconds: the JWT's own, else ``expiresIn``; ``expiresAt`` is wrong in the bank's own pages."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""  # noqa: PLR2004 - header.payload.signature
    try:
        claims = _object(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) or {}
    except (binascii.Error, ValueError):
        claims = {}
    expires, issued = _number(claims.get("exp")), _number(claims.get("iat"))
    if expires is not None and issued is not None and expires > issued:
        return expires - issued
    said = _number(expires_in)
    return said if said is not None and said > 0 else None


def _verification(data: dict[str, Any]) -> Facts:
    listed = data.get("requiredDocuments")
    required = tuple(_word(name) for name in listed if _text(name)) if isinstance(listed, list) else None
    levels = {_word(data.get("verificationLevel")), _word(data.get("level"))}
    risk = _word(data.get("riskLevel"))
    high = "POWER_TENANT_VERIFIED" in levels or bool(_HIGH_RISK_DOCUMENTS & set(required or ())) or risk == "HIGH"
    return Facts(
        verification_id=_id(data.get("verificationId")) or _id(data.get("id")),
        required=required,
        status=_word(data.get("status")),
        risk="HIGH" if high else risk,
    )


def _check(data: dict[str, Any]) -> Facts:
    risk = _word(data.get("riskLevel"))
    needs_power = _flag(data.get("powerTenantApprovalRequired"))
    missing = data.get("missingConsents")
    high = risk == "HIGH" or _flag(data.get("isHighRisk")) is True or needs_power is True
    allowed = _flag(data.get("activationAllowed"))
    return Facts(
        activation_allowed=_flag(data.get("canActivate")) if allowed is None else allowed,
        consent_ok=_flag(data.get("consentOk")),
        verification_ok=_flag(data.get("verificationOk")),
        missing_consents=tuple(_word(name) for name in missing) if isinstance(missing, list) else None,
        risk="HIGH" if high else risk,
        high_risk=True if high else None,
        power_approval_ok=_flag(data.get("powerTenantApprovalOk")) if needs_power is not False else True,
        status=_word(data.get("verificationStatus")),
    )


def _deliveries(data: dict[str, Any], customer: Customer | None, customer_id: str) -> tuple[Facts, bool]:
    """Find this customer among the deliveries of one page, by e-mail or, once known, by id."""
    listed = data.get("deliveries")
    email = customer.email.casefold() if customer else ""
    created: set[str] = set()
    activated = False
    for delivery in _dicts(listed):
        payload = _dict(_dict(delivery.get("payload")).get("data"))
        event = _text(delivery.get("eventType")) or _text(_dict(delivery.get("payload")).get("type"))
        identifier = _id(payload.get("customerId"))
        if identifier and event == "customer.created" and email and _text(payload.get("email")).casefold() == email:
            created.add(identifier)
        activated = activated or (event == "customer.activated" and bool(customer_id) and identifier == customer_id)
    # Two customers with one e-mail cannot be: which of them is ours is for a person to say.
    found = created.pop() if len(created) == 1 else ""
    marks = tuple(_id(delivery.get("deliveryId")) for delivery in _dicts(listed)[:1])
    return Facts(customer_id=found, activated=activated, uploaded=marks), isinstance(listed, list)


def _trouble(body: dict[str, Any], data: dict[str, Any], customer: Customer | None) -> tuple[str, str, str]:
    """The kind, canonical field and redacted words of a refusal."""
    legacy = _dict(body.get("error"))
    errors = _dicts(data.get("errors"))
    said = [
        _text(body.get("message")),
        _text(data.get("error")),
        _text(data.get("details")),
        _text(data.get("message")),
    ]
    said += [_text(legacy.get("code")), _text(legacy.get("message")), _text(data.get("errorCode"))]
    text = " ".join(said).lower()
    kind = next((kind for kind, words in _KINDS if any(word in text for word in words)), Kind.NONE)
    if isinstance(data.get("missingConsents"), list) and data.get("missingConsents"):
        kind = Kind.MISSING_CONSENTS
    if data.get("missingKeys") and kind is Kind.NONE:
        kind = Kind.CATEGORIZATION
    named = [_text(data.get("field")), *(_text(entry.get("field")) for entry in errors)]
    ends = (name.split(".")[-1] for name in named)
    field = next((_CONTRACT_FIELDS[name] for name in ends if name in _CONTRACT_FIELDS), "")
    values = [getattr(customer, name) for name in _PERSONAL] if customer else []
    words = [_text(legacy.get("message")) or _text(body.get("message")), _text(data.get("details"))]
    words += [f"{_text(entry.get('field'))}: {_text(entry.get('message'))}" for entry in errors[:_MAX_ERRORS]]
    redacted = (redact(text, values) for text in words)
    return kind, field, "; ".join(dict.fromkeys(text for text in redacted if text))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _lower(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | int | str) else ""


def _code(body: dict[str, Any]) -> int | None:
    """The body's own status, also where it stands as text."""
    code = body.get("code")
    if isinstance(code, str) and re.fullmatch("[0-9]{3}", code):
        return int(code)
    number = _number(code)
    return None if number is None else int(number)


def _number(value: Any) -> float | None:
    """A number that arithmetic can bear; JSON knows larger ones."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    return float(value) if fits else None


def _word(value: Any) -> str:
    """A word of the protocol such as ``HIGH``. It is stored, so free text, which may be personal, is not let in."""
    text = _text(value).upper()
    return text if re.fullmatch(r"([A-Z][A-Z0-9_-]{0,63})?", text) else "UNKNOWN"


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _id(value: Any) -> str:
    """An identifier: a short string of visible ASCII that can be a path segment, or a number as one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _text(value).strip()
    return text if len(text) <= _MAX_ID and re.fullmatch(r"[!-~]+", text) and text not in (".", "..") else ""
