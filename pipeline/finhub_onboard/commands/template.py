"""``onboard template``: an empty input with the canonical header, and a description of each column.

Promises: every canonical column is described once, in canonical order; its rule comes from the schema and the hints of
the violation codes, and its example is valid. Knows no rows.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from textwrap import wrap

from finhub_onboard.intake.checking.documents import MIME_TYPES
from finhub_onboard.intake.checking.schema import DOCUMENT_TYPES, LONGEST
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model import Risk
from finhub_onboard.model.columns import CANONICAL_COLUMNS, CONSENTS, DOCUMENT_COLUMNS, REQUIRED_COLUMNS

_RULE_WIDTH = 38
_EXAMPLES = {
    "external_id": "C-1001",
    "first_name": "Rūta",
    "last_name": "O'Neill-Šimkus",
    "email": "name@example.com",
    "phone": "+37061231001",
    "date_of_birth": "1990-10-03",
    "nationality": "LT",
    "category": "INDIVIDUAL_STANDARD",
    "gender": "FEMALE",
    "place_of_birth": "Vilnius",
    "pincode": "08014",
    "risk_level": Risk.LOW.value,
    "document_type": DOCUMENT_TYPES[0],
    "document_number": "A12345678",
    "identity_document": "identity.pdf",
    "address_document": "address.jpg",
    "funds_document": "funds.png",
    **{f"{consent}_version": "1.0" for consent in CONSENTS},
    **{f"{consent}_accepted_at": "2025-06-30T09:15:00Z" for consent in CONSENTS},
    "identity_document_back": "identity.jpg",
    "document_issued_on": "2024-05-14",
    "document_expires_on": "2034-05-13",
    "street": "Didžioji",
    "city": "Vilnius",
    "region": "Vilnius",
    "postal_code": "01103",
    "country": "LT",
    "consent_ip_address": "192.0.2.10",
}
"""Invented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The description of a canonical column."""

    name: str
    required: bool
    rule: str
    example: str


def header_csv() -> str:
    """Return the canonical header as a line of CSV: an input without rows."""
    return ",".join(CANONICAL_COLUMNS) + "\n"


def fields() -> tuple[Field, ...]:
    """Describe all canonical columns in their order: the single source of these descriptions."""
    return tuple(
        Field(
            name=name,
            required=name in REQUIRED_COLUMNS,
            rule="; ".join((_rule(name), *_longest(name))),
            example=_EXAMPLES[name],
        )
        for name in CANONICAL_COLUMNS
    )


def as_json() -> str:
    """Return the columns, rules and examples for programs."""
    return json.dumps({"columns": [asdict(field) for field in fields()]}, indent=2, ensure_ascii=False)


def describe() -> str:
    """Return the table of columns, rules and examples as plain text of less than 100 columns."""
    rows = [("column", "required", "rule", "example"), *(_row(field) for field in fields())]
    widths = [max(len(row[place]) for row in rows) for place in range(2)] + [_RULE_WIDTH]
    lines = [line for row in rows for line in _lines(row, widths)]
    lines.insert(1, "  ".join("-" * width for width in (*widths, max(map(len, _EXAMPLES.values())))))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(field: Field) -> tuple[str, str, str, str]:
    return field.name, "yes" if field.required else "no", field.rule, field.example


def _lines(row: tuple[str, str, str, str], widths: list[int]) -> Iterator[str]:
    """Lay out a row of the table; its rule may take several lines."""
    name, required, rule, example = row
    first, *others = wrap(rule, _RULE_WIDTH)
    yield "  ".join((name.ljust(widths[0]), required.ljust(widths[1]), first.ljust(widths[2]), example))
    indent = " " * (widths[0] + widths[1] + 4)
    yield from (indent + other for other in others)


def _rule(name: str) -> str:
    if name in DOCUMENT_COLUMNS:
        kinds = _listed([kind.partition("/")[2].upper() for kind in MIME_TYPES])
        return f"a file below documents.root, {kinds} by its content"
    for consent in CONSENTS:
        if name == f"{consent}_version":
            return f"the version that was accepted; absent: consents.{name}"
        if name == f"{consent}_accepted_at":
            return f"the evidence; {_hint(ViolationCode.INSTANT_FORMAT)}, {_hint(ViolationCode.INSTANT_WITHOUT_OFFSET)}"
    return {
        "external_id": "your own key of the customer; each customer has one of its own",
        "first_name": _hint(ViolationCode.NAME_WITHOUT_LETTER),
        "last_name": _hint(ViolationCode.NAME_WITHOUT_LETTER),
        "email": f"{_hint(ViolationCode.EMAIL_INVALID)}; a different one per customer",
        "phone": _hint(ViolationCode.PHONE_WITHOUT_COUNTRY_CODE),
        "date_of_birth": f"YYYY-MM-DD, a day of the calendar; {_hint(ViolationCode.BIRTH_DATE_UNDER_AGE)}",
        "nationality": _hint(ViolationCode.NATIONALITY_UNKNOWN),
        "category": f"{_hint(ViolationCode.CATEGORY_UNKNOWN)} in the bank's hierarchy",
        "gender": "sent in upper case; the bank documents MALE",
        "place_of_birth": "sent when there",
        "pincode": "the postal code; leading zeros stay",
        "risk_level": f"{_listed(list(Risk))}; absent: as the bank's answers say",
        "document_type": f'{_listed(DOCUMENT_TYPES)}; needed with verification_path = "customer"',
        "document_number": 'needed with verification_path = "customer"',
        "document_issued_on": "YYYY-MM-DD; not in the future",
        "document_expires_on": "YYYY-MM-DD; not in the past",
        "street": "of the address; sent when there",
        "city": "of the address; sent when there",
        "region": "of the address; sent when there",
        "postal_code": "of the address; absent: pincode",
        "country": f"of the address; {_hint(ViolationCode.COUNTRY_UNKNOWN)}",
        "consent_ip_address": "where the consents were given: an IPv4 or IPv6 address",
    }[name]


def _hint(code: ViolationCode) -> str:
    """Return the first part of a violation's hint: what to do."""
    return code.hint.partition(";")[0]


def _longest(name: str) -> tuple[str, ...]:
    return (f"at most {LONGEST[name]} characters",) if name in LONGEST else ()


def _listed(words: list[str] | tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
