"""What kind of refusal the bank's words amount to: a row's values that it repeats decide nothing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, Kind, Reply
from finhub_onboard.finhub.whose import Whose
from tests.outbound.support import customer

TELLING: tuple[str, ...] = (
    "Carole",
    "Roleson",
    "Locke",
    "Missing",
    "Consents",
    "Missing Consents",
    "Role",
    "Rolé",
    "Locked",
    "Power",
)
TELLING += ("Missing Documents", "Document Missing")
TELLING += ("Category", "Refused", "Declined", "Permission", "High Risk", "Verification Failed", "Blocked", "Controle")
COLUMNS = ("first_name", "last_name", "place_of_birth", "document_number", "pincode")


def refusal(message: str, who: dict[str, str], status: int = 400, **data: Any) -> Reply:
    """Read a refusal with this message."""
    body = {"code": status, "message": message, "data": {"error": message, "details": message, **data}}
    return read(CallName.ACTIVATE, status, json.dumps(body).encode(), whose=Whose(customer=customer(**who)))


def spellings(value: str) -> list[str]:
    """How a bank may repeat a value."""
    snake = value.lower().replace(" ", "_")
    return [value, value.upper(), value.lower(), f"'{value}'", f"({value})", value.replace(" ", ""), snake]


@settings(max_examples=300, deadline=None)
@given(
    column=st.sampled_from(COLUMNS),
    value=st.sampled_from(TELLING),
    spelling=st.integers(0, 6),
    before=st.sampled_from(["Invalid value", "Field", "No customer", "", "Not accepted:"]),
    status=st.sampled_from([400, 403, 404, 409, 422]),
)
def test_a_value_of_the_row_never_decides(column: str, value: str, spelling: int, before: str, status: int) -> None:
    """Whatever is quoted, in whatever case, the kind is that of the bank's own words: none."""
    said = f"{before} {spellings(value)[spelling]} invalid"
    assert refusal(said, {column: value}, status).kind is Kind.NONE


@pytest.mark.parametrize(
    "email",
    ["carole@example.com", "role@example.com", "high.risk@example.com", "missing-consents@locked.example"],
)
@pytest.mark.parametrize("form", ["{}", "'{}'", "<{}>", "email={}", "e-mail {}, please"])
def test_an_address_never_decides(email: str, form: str) -> None:
    """``carole@`` holds ``role``: one customer's address must not end the run."""
    assert refusal(f"Invalid {form.format(email)}", {"email": email}).kind is Kind.NONE


@pytest.mark.parametrize("word", ["Carole", "Roleson", "parole", "controller", "unlocked", "Lockedown", "Blocked"])
def test_a_word_within_another_decides_nothing(word: str) -> None:
    """Word boundaries, also where the word is nobody's value."""
    assert refusal(f"Invalid {word}", {}).kind is Kind.NONE


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Missing required header(s)", Kind.MISSING_HEADER),
        ("Invalid required header(s)", Kind.MISSING_HEADER),
        ("Requires COMPLIANCE_OFFICER or ADMIN_USER role", Kind.ROLE),
        ("Insufficient permissions", Kind.ROLE),
        ("Account locked due to multiple failed login attempts", Kind.LOCKED),
        ("Customer is not verified", Kind.NOT_VERIFIED),
        ("Required consents are missing", Kind.MISSING_CONSENTS),
        ("missingConsents", Kind.MISSING_CONSENTS),
        ("Categorization validation failed", Kind.CATEGORIZATION),
        ("High-risk customer", Kind.HIGH_RISK),
        ("needs POWER_TENANT approval", Kind.HIGH_RISK),
        ("Verification rejected", Kind.VERIFICATION_REFUSED),
        ("Verification has expired", Kind.VERIFICATION_EXPIRED),
        ("The document has expired", Kind.NONE),
    ],
)
def test_the_banks_own_words_decide(message: str, kind: Kind) -> None:
    """Control: the documented words are recognised, also beside the values of somebody called almost like them."""
    for said in (message, f"{message} (Carole Roleson)"):
        assert refusal(said, {"first_name": "Carole", "last_name": "Roleson"}).kind is kind


@pytest.mark.parametrize(
    ("message", "details", "missing"),
    [
        (
            "Required documents are missing: PROOF_OF_ADDRESS, SOURCE_OF_FUNDS",
            "",
            {"PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"},
        ),
        ("Verification failed", "missing document: GOVERNMENT_ID", {"GOVERNMENT_ID"}),
        ("MISSING_DOCUMENTS", "", set()),
        ("Document required", "Proof of address", {"PROOF_OF_ADDRESS"}),
    ],
)
def test_missing_documents_are_told_by_name(message: str, details: str, missing: set[str]) -> None:
    """Whatever the row's own files are called; a bank that calls the verification failed for it means the documents."""
    found = refusal(message, {"address_document": "proof_of_address.pdf"}, 422, details=details)
    assert (found.kind, set(found.facts.required or ())) == (Kind.MISSING_DOCUMENTS, missing)


@pytest.mark.parametrize(
    "message", ["Document number is invalid", "missing document number", "documentNumber required"]
)
def test_a_word_about_the_number_is_the_field(message: str) -> None:
    """Also where the refusal names no field as such: it is about the number, and no document is missing."""
    found = refusal(message, {}, 422)
    assert (found.kind, found.field) == (Kind.NONE, "document_number")


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Phone number already exists", "phone"),
        ("Customer with this email or phone already exists", ""),
        ("Customer already exists", ""),
        ("Invalid document number", "document_number"),
    ],
)
def test_a_column_that_is_named_in_words_only_is_found(message: str, field: str) -> None:
    """A phone beside an e-mail is not what must be unique."""
    assert refusal(message, {}).field == field
