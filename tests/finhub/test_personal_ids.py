"""Identifiers that tell who the customer is are not taken, in whatever form; those of a usual bank are."""

import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest

from finhub_onboard.finhub.personal_ids import impersonal
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
def test_an_identifier_that_tells_is_not_taken(form: str) -> None:
    """A bank whose ids are made of names, numbers or addresses."""
    for value in TELLING:
        assert impersonal(FORMS[form](value), CUSTOMER) == "", value


@pytest.mark.parametrize(
    "identifier",
    ["", "1000", "1001000", "100017", "cust-male-0001", "CHAD-1", "sample-cust-001", "9a1f-3310", "ana-199003"],
)
def test_what_many_people_share_tells_nobody(identifier: str) -> None:
    """Post code, country, gender and our own key of the customer are no reason to lose an id."""
    assert impersonal(identifier, CUSTOMER) == identifier
    assert impersonal(identifier, None) == identifier


FIFTY = tuple(
    """
    Li Ona Ada Bea Abe Dee Ed Fae Ito Ali Eva Cade Bede Dada Face Anna Igor Otto Paulo Marta Egle Agnes Chloe Joao
    Zoe Ase Sean Girts Matteo Ioana Rossi Nowak Weiss Dell Araujo Benard Dvorak Szoke Oberg Fuzfa Kaunas Vilnius
    Acqua Sarka Zdenka Gyorgy Francois Angelo Carneiro Stirbei
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def random_ids(chance: Random) -> tuple[str, ...]:
    """One opaque id of each usual kind."""
    number = chance.getrandbits(128)
    content = number.to_bytes(16, "big")
    plain = str(uuid.UUID(int=number))
    encoded = b64encode(content).decode()
    for_addresses = urlsafe_b64encode(content).decode().rstrip("=")
    short = (content[:4].hex(), content[:8].hex(), b64encode(content[:6]).decode(), str(number % 10**9))
    return (plain, plain.upper(), f"{number:032x}", f"cus_{number:x}", encoded, for_addresses, f"v-{encoded}", *short)


def test_random_identifiers_are_taken() -> None:
    """Some thousand of the usual kinds, against fifty names at once: none looks like somebody by accident."""
    assert len(set(FIFTY)) == 50
    everybody = replace(CUSTOMER, first_name=" ".join(FIFTY), last_name=" ".join(reversed(FIFTY)))
    somebody = [replace(CUSTOMER, first_name=name, last_name=FIFTY[-1 - place]) for place, name in enumerate(FIFTY)]
    chance = Random(9)
    for turn in range(600):
        for identifier in random_ids(chance):
            assert impersonal(identifier, everybody) == identifier
            assert impersonal(identifier, somebody[turn % 50]) == identifier


@pytest.mark.parametrize("identifier", ["4cade288", "0255face", "8895face", "face0255"])
def test_a_hexadecimal_name_in_a_short_hexadecimal_id_is_chance(identifier: str) -> None:
    """Cade and Face are written with the digits of hexadecimal ids; by themselves they are names."""
    who = replace(CUSTOMER, first_name="Cade", last_name="Face")
    assert impersonal(identifier, who) == identifier
    assert impersonal("cust-cade", who) == impersonal("Cade-Face", who) == ""


@pytest.mark.parametrize("form", FORMS)
def test_each_of_the_names_is_found_where_it_is(form: str) -> None:
    """Control: the same names, written out or hidden, are caught."""
    for name in (name for name in FIFTY if len(name) > 3):
        who = replace(CUSTOMER, first_name=name)
        assert impersonal(FORMS[form](f"{name} {CUSTOMER.last_name}"), who) == "", name


@pytest.mark.parametrize("identifier", ["cus_7973663e6163246565e5ab9f", b"ysf>ac$ee".hex()])
def test_signs_between_letters_make_no_name(identifier: str) -> None:
    """One of a million random ids: its bytes are ``ysf>ac$ee`` and one letter more, which is no Face."""
    assert impersonal(identifier, replace(CUSTOMER, first_name="Face")) == identifier


def test_a_code_of_two_equal_halves_is_read_as_a_whole() -> None:
    """The sign between them may be one of base64, and the number begins in the first half and ends in the second."""
    half = urlsafe_b64encode(b"12345678~").decode().removesuffix("-")
    code = f"{half}-{half}"
    assert impersonal(code, replace(CUSTOMER, document_number="567812345678")) == ""
    assert impersonal(code, CUSTOMER) == code
