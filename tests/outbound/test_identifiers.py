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
