"""Identifiers that tell who the customer is are not taken, in whatever form; those of a usual bank are."""

import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest

from pipeline.outbound.identifiers import impersonal
from tests.journey.world import a_customer
from tests.values import replace

CUSTOMER = replace(
    a_customer(),
    external_id="100017",
    first_name="José María",
    last_name="Kazlauskaitė",
    email="jose.maria@example.com",
    phone="+37061231001",
    date_of_birth="1990-03-10",
    document_number="LT 900-310",
    place_of_birth="Kaunas",
    pincode="1000",
    nationality="Chad",
    gender="MALE",
)
TELLING = (
    "José",
    "jose",
    "MARÍA",
    "Kazlauskaitė",
    "kazlauskaite",
    "jose.maria@example.com",
    "jose.maria",
    "josemaria",
    "+37061231001",
    "37061231001",
    "1990-03-10",
    "19900310",
    "LT 900-310",
    "LT900310",
    "Kaunas",
)
FORMS: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "after a prefix": lambda text: f"cus_{text}",
    "within": lambda text: f"2026-{text}-17",
    "percent": lambda text: quote(text, safe=""),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal after a prefix": lambda text: f"cus_{text.encode().hex()}",
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 after a prefix": lambda text: f"cus_{b64encode(text.encode()).decode()}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", TELLING)
def test_an_identifier_that_tells_is_not_taken(value: str, form: str) -> None:
    """A bank whose ids are made of names, numbers or addresses."""
    assert impersonal(FORMS[form](value), CUSTOMER) == ""


@pytest.mark.parametrize(
    "identifier",
    ["", "1000", "1001000", "100017", "cust-male-0001", "CHAD-1", "sample-cust-001", "9a1f-3310", "ana-199003"],
)
def test_what_many_people_share_tells_nobody(identifier: str) -> None:
    """Post code, country, gender and our own key of the customer are no reason to lose an id."""
    assert impersonal(identifier, CUSTOMER) == identifier
    assert impersonal(identifier, None) == identifier


def test_random_identifiers_are_taken() -> None:
    """Ten thousand of each usual kind: none looks like somebody by accident."""
    chance = Random(7)
    for _ in range(10_000):
        number = chance.getrandbits(128)
        identifiers = (
            str(uuid.UUID(int=number)),
            f"cus_{number:x}",
            str(number % 10**9),
            b64encode(number.to_bytes(16, "big")).decode(),
        )
        assert all(impersonal(identifier, CUSTOMER) for identifier in identifiers)


SHORT = [
    ("Ona", "Li"),
    ("Jo", "Abed"),
    ("Dada", "Fae"),
    ("Amal", "Reed"),
    ("Ülle", "Kõiv"),
    ("محمد", "حسن"),
    ("Rosa", "May"),
    ("Ada", "Face"),
]


def test_random_identifiers_are_taken_whatever_the_name() -> None:
    """Twenty thousand over short names, names of hexadecimal letters, dates and numbers of documents."""
    chance = Random(9)
    people = [
        replace(
            CUSTOMER,
            first_name=first,
            last_name=last,
            email=f"{first}{number}@example.com",
            document_number=f"AB{number}2345",
            place_of_birth="Bade",
        )
        for number, (first, last) in enumerate(SHORT)
    ]
    for _ in range(2_500):
        drawn = chance.randbytes(32)
        code = urlsafe_b64encode(drawn[: chance.randint(16, 32)]).decode().rstrip("=")
        for identifier in (
            str(uuid.UUID(bytes=drawn[:16])),
            drawn[:12].hex(),
            drawn[:16].hex().upper(),
            code,
            b64encode(drawn[:16]).decode(),
            f"cus_{uuid.UUID(bytes=drawn[:16])}",
            f"cus_{drawn[:12].hex()}",
            f"ver-{code}",
        ):
            assert all(impersonal(identifier, person) for person in people), identifier


@pytest.mark.parametrize(
    "identifier",
    [
        "0e1f7f0c-77e0-4c1b-9d1e-3f5a7c9b1d2e",
        "0e1fdada-face-4bed-abed-3f5a7c9b1d2e",
        "dadaface0e1f77e0",
        "aB3-Rosa-x9KqLm2Zt7vWc4",
        "4a1b19900310aB3x",
    ],
)
def test_an_accident_is_none(identifier: str) -> None:
    """Signs that stand for a whole name in base64, words of hexadecimal letters, a word in a random code."""
    for first, last in SHORT:
        assert impersonal(identifier, replace(CUSTOMER, first_name=first, last_name=last)) == identifier


@pytest.mark.parametrize("identifier", ["case-17", "customer_17", "verification-17", "TEST-17"])
def test_a_word_that_banks_begin_ids_with_tells_nobody(identifier: str) -> None:
    """Somebody called Case or Test is not told by it."""
    assert impersonal(identifier, replace(CUSTOMER, first_name="Test", last_name="Case")) == identifier


@pytest.mark.parametrize(
    "identifier",
    ["cus_rosa_9f8e7d6c5b4a", "rosamay", "mayrosa-17", "17rosa", "ROSA", "individualCustomer_Rosa", "x.rosa.y"],
)
def test_a_short_name_as_a_word_is_still_caught(identifier: str) -> None:
    """Beside a code, in camel case, with digits, or first and last name run together."""
    assert impersonal(identifier, replace(CUSTOMER, first_name="Rosa", last_name="May")) == ""
