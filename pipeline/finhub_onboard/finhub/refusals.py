"""Parses refusals: their kind, the field that they are about, and their words, redacted.

Both documented forms of an error body are read, also with a 200 (API.md, section 7). Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from itertools import islice
from typing import Any

from finhub_onboard.finhub import json_fields
from finhub_onboard.finhub.calls import Facts, Kind, Redacted
from finhub_onboard.finhub.documents import DocumentKind
from finhub_onboard.finhub.envelopes import UNTRUE, legacy_status
from finhub_onboard.finhub.redact import known_words, redact_all
from finhub_onboard.model import Customer

_MAX_ERRORS = 5
_MAX_READ = 4000
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
_KINDS = tuple(
    (kind, re.compile(rf"\b(?:{words})\b"))
    for kind, words in (
        (Kind.MISSING_HEADER, "(?:missing|invalid) required headers?"),
        (Kind.HIGH_RISK, "high risk|power tenant"),
        (
            Kind.MISSING_DOCUMENTS,
            r"missing ?documents?(?! number| type)|documents? (?:is |are )?(?:missing|required|incomplete)",
        ),
        (Kind.MISSING_CONSENTS, "missing ?consents?|consents? (?:is |are )?missing"),
        (Kind.VERIFICATION_EXPIRED, "verification (?:has |is |was )?(?:already )?expired|expired verification"),
        (Kind.VERIFICATION_REFUSED, "verification failed|rejected|declined|refused"),
        (Kind.NOT_VERIFIED, "not (?:yet )?(?:verified|approved)"),
        (Kind.LOCKED, "locked"),
        (Kind.ROLE, "roles?|permissions?"),
        (Kind.CATEGORIZATION, r"categori\w+"),
    )
)
"""The first match counts. Only known words are searched: values of the row that a refusal repeats decide nothing."""

_VERSION = re.compile(r"(?<![\w.])[vV]?\d{1,2}\.\d{1,2}(?![\w.]*\w)")
"""A version as the contract's examples have it; no date, address or number of a person looks so."""
_ABOUT = (
    ("document_number", re.compile(r"\bdocument ?number\b")),
    ("phone", re.compile(r"^(?!.*\be ?mail\b).*\bphone\b")),
)
"""Columns that a refusal names in words only; an e-mail beside a phone is the one that must be unique."""
_DOCUMENT_NAMES = {kind: re.compile(rf"\b{kind.replace('_', ' ').lower()}\b") for kind in DocumentKind}


def says_failure(body: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether the body of a 2xx reports a failure."""
    if any("success" in place and json_fields.lower(place["success"]) in UNTRUE for place in (body, data)):
        return True
    if json_fields.record(body.get("error")) or json_fields.records(body.get("errors")):
        return True
    code = json_fields.code(body)
    if code is None:
        return bool(legacy_status(json_fields.text(body.get("code"))))
    return not 200 <= code < 300  # noqa: PLR2004


def meant_status(status: int, body: dict[str, Any], data: dict[str, Any]) -> int:
    """The effective status of a refusal: HTTP's own, except for a 200 that reports a failure (API.md, section 7)."""
    if not 200 <= status < 300:  # noqa: PLR2004
        return status
    code = json_fields.code(body)
    if code is not None and 400 <= code < 600:  # noqa: PLR2004
        return code
    name = (
        json_fields.text(json_fields.record(body.get("error")).get("code"))
        or json_fields.text(data.get("errorCode"))
        or json_fields.text(body.get("code"))
    )
    meant = legacy_status(name) or status
    return 400 if meant == status and (data.get("errors") or data.get("field")) else meant


def trouble(
    body: dict[str, Any], data: dict[str, Any], customer: Customer | None, secrets: Sequence[str] = ()
) -> tuple[Kind, str, Redacted, Facts]:
    """The kind, canonical field and redacted words of a refusal, and the documents that it misses.

    ``secrets`` are masked like the customer's values.
    """
    legacy = json_fields.record(body.get("error"))
    errors = json_fields.records(data.get("errors"))
    texts = [
        json_fields.text(body.get("message")),
        json_fields.text(data.get("error")),
        json_fields.text(data.get("details")),
        json_fields.text(data.get("message")),
    ]
    texts += [
        json_fields.text(legacy.get("code")),
        json_fields.text(legacy.get("message")),
        json_fields.text(data.get("errorCode")),
    ]
    values = own_values(customer, secrets)
    text = ". ".join(known_words(words, values) for words in texts)
    kind = next((kind for kind, words in _KINDS if words.search(text)), Kind.NONE)
    if isinstance(data.get("missingConsents"), list) and data.get("missingConsents"):
        kind = Kind.MISSING_CONSENTS
    if data.get("missingKeys") and kind is Kind.NONE:
        kind = Kind.CATEGORIZATION
    missing = _named_documents(texts) if kind is Kind.MISSING_DOCUMENTS else ()
    named = [json_fields.text(data.get("field")), *(json_fields.text(entry.get("field")) for entry in errors)]
    ends = (name.split(".")[-1] for name in named)
    field = next((_CONTRACT_FIELDS[name] for name in ends if name in _CONTRACT_FIELDS), "")
    field = field or next((column for column, words in _ABOUT if words.search(text)), "")
    words = [
        json_fields.text(legacy.get("message")) or json_fields.text(body.get("message")),
        json_fields.text(data.get("details")),
    ]
    words += [
        f"{json_fields.text(entry.get('field'))}: {json_fields.text(entry.get('message'))}"
        for entry in errors[:_MAX_ERRORS]
    ]
    return kind, field, redact_all(words, values), Facts(required=missing or None)


def _named_documents(texts: Sequence[str]) -> tuple[str, ...]:
    """The documents of the contract that a refusal names; a file of the row may be named like one."""
    text = ". ".join(map(known_words, texts))
    return tuple(kind for kind, name in _DOCUMENT_NAMES.items() if name.search(text))


def wanted_versions(
    body: dict[str, Any], data: dict[str, Any], customer: Customer | None, refused: str
) -> tuple[str, ...] | None:
    """The versions that the refusal of a consent asks for: suggestions, else those in its words.

    ``None``: the refusal is not about the version. ``refused`` is the row's own, if it names one.
    """
    errors = json_fields.records(data.get("errors"))
    named = [json_fields.text(data.get("field")), *(json_fields.text(entry.get("field")) for entry in errors)]
    places = (body, data, json_fields.record(body.get("error")), *errors)
    told = " ".join(json_fields.text(place.get(name)) for place in places for name in ("message", "error", "details"))
    if "version" not in (*named, *re.findall(r"\w+", told.lower())):
        return None
    suggestions = data.get("suggestions")
    words = map(json_fields.text, suggestions) if isinstance(suggestions, list) else ()
    suggested = [word for word in words if _VERSION.fullmatch(word)]
    own = own_values(customer, (refused,))
    found = (word for word in suggested or _VERSION.findall(told[:_MAX_READ]) if word not in own)
    return tuple(islice(dict.fromkeys(found), _MAX_ERRORS))


def gateway_words(content: bytes, customer: Customer | None, secrets: Sequence[str] = ()) -> Redacted:
    """The words of an answer that is not the bank's, redacted; markup and JSON are treated as text."""
    text = content[:_MAX_READ].decode(errors="ignore")
    words = re.sub(r"(?is)<(style|script)\b.*?</\1>|<[^>]*>|[{}\"]", " ", text)
    return redact_all([words], own_values(customer, secrets))


def own_values(customer: Customer | None, secrets: Sequence[str]) -> list[str]:
    """The values that must not appear in the bank's words: the customer's and the secrets."""
    return [*secrets, *(getattr(customer, name) for name in PERSONAL if customer)]
