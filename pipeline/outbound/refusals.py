"""How the bank says no: what a refusal's body means, which field it is about, and its words, redacted.

Both documented forms of an error body are read, also where they come with a 200 (API.md, section 7). Pure.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pipeline.calls import Kind, Redacted
from pipeline.model import Customer
from pipeline.outbound import members
from pipeline.outbound.redact import redact_all

_MAX_ERRORS = 5
PERSONAL = tuple(field.name for field in fields(Customer) if not field.repr or field.name == "external_id")
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


def says_failure(body: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether the body of a 2xx tells a failure all the same."""
    if any(members.lower(place.get("success")) in ("false", "0") for place in (body, data)) or members.record(
        body.get("error")
    ):
        return True
    code = members.code(body)
    return bool(_legacy_status(members.text(body.get("code")))) or (code is not None and not 200 <= code < 300)  # noqa: PLR2004


def meant_status(status: int, body: dict[str, Any], data: dict[str, Any]) -> int:
    """The status that a refusal means: HTTP's own, but for a 200 that is none (API.md, section 7)."""
    if not 200 <= status < 300:  # noqa: PLR2004
        return status
    code = members.code(body)
    if code is not None and 400 <= code < 600:  # noqa: PLR2004
        return code
    name = (
        members.text(members.record(body.get("error")).get("code"))
        or members.text(data.get("errorCode"))
        or members.text(body.get("code"))
    )
    meant = _legacy_status(name) or status
    return 400 if meant == status and (data.get("errors") or data.get("field")) else meant


def _legacy_status(name: str) -> int:
    return next((meant for start, meant in _LEGACY_CODES if name.startswith(start)), 0)


def trouble(
    body: dict[str, Any], data: dict[str, Any], customer: Customer | None, secrets: Sequence[str] = ()
) -> tuple[str, str, Redacted]:
    """The kind, canonical field and redacted words of a refusal; ``secrets`` are masked like the customer's values."""
    legacy = members.record(body.get("error"))
    errors = members.records(data.get("errors"))
    said = [
        members.text(body.get("message")),
        members.text(data.get("error")),
        members.text(data.get("details")),
        members.text(data.get("message")),
    ]
    said += [members.text(legacy.get("code")), members.text(legacy.get("message")), members.text(data.get("errorCode"))]
    text = " ".join(said).lower()
    kind = next((kind for kind, words in _KINDS if any(word in text for word in words)), Kind.NONE)
    if isinstance(data.get("missingConsents"), list) and data.get("missingConsents"):
        kind = Kind.MISSING_CONSENTS
    if data.get("missingKeys") and kind is Kind.NONE:
        kind = Kind.CATEGORIZATION
    named = [members.text(data.get("field")), *(members.text(entry.get("field")) for entry in errors)]
    ends = (name.split(".")[-1] for name in named)
    field = next((_CONTRACT_FIELDS[name] for name in ends if name in _CONTRACT_FIELDS), "")
    values = [*secrets, *(getattr(customer, name) for name in PERSONAL if customer)]
    words = [
        members.text(legacy.get("message")) or members.text(body.get("message")),
        members.text(data.get("details")),
    ]
    words += [
        f"{members.text(entry.get('field'))}: {members.text(entry.get('message'))}" for entry in errors[:_MAX_ERRORS]
    ]
    return kind, field, redact_all(words, values)
