"""The invented persons of ``sample_data/``: common names of many countries, drawn with a fixed seed.

First names fit the gender, surnames too where the language inflects them, and towns, post codes and phone numbers the
country. Phone numbers are of ranges that the country keeps free for films and books, where it has one that the
phonenumbers library takes for valid:

- France: 01 99 00 xx xx (ARCEP; its mobile range 06 39 98 is not valid for the library);
- Germany: 0171 39200 xx (Bundesnetzagentur, notice 148/2021);
- Sweden: 070-174 06 05 to 99 (PTS);
- United Kingdom: 020 7946 0xxx (Ofcom; its mobile range 07700 900 is not valid for the library);
- United States: 555-0100 to 555-0199 (NANPA).

Ireland's range (020 91) is not valid for the library either, and of the others no range of this kind is known: their
numbers are made from the library's example numbers, with a long row of zeros where there is room.
"""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from finhub_onboard.model.columns import CANONICAL_COLUMNS, CONSENTS, LATER_COLUMNS

COLUMNS = tuple(column for column in CANONICAL_COLUMNS if column not in LATER_COLUMNS)
"""The samples are those of earlier versions, which had no other columns."""
SEED = 20260107

Row = dict[str, str]


DOCUMENT_TYPES = ("PASSPORT", "Passport", "ID_CARD", "id card", "DRIVERS_LICENSE", "Driver's License")


class Country(NamedTuple):
    """Where persons are from. ``#`` is a digit; a surname with ``/`` has a form for women and one for men.

    Names stand in lists, with commas between them.
    """

    code: str
    nationality: str
    phone: str
    women: str
    men: str
    surnames: str
    towns: str
    post_code: str


def _countries() -> list[Country]:
    lines = (Path(__file__).parent / "countries.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [Country(*(cell.strip() for cell in line.split(";"))) for line in lines]


COUNTRIES = _countries()


def customer(draw: random.Random, number: int, external_id: str, email: str) -> Row:
    """Invent one; the number decides the country, the category and, within its country, the phone number."""
    place = COUNTRIES[number % len(COUNTRIES)]
    medium = number % 5 == 0
    is_woman = draw.random() < 0.5
    surname = draw.choice(place.surnames.split(", ")).split("/")
    row = dict.fromkeys(CANONICAL_COLUMNS, "")
    row |= {
        "external_id": external_id,
        "first_name": draw.choice((place.women if is_woman else place.men).split(", ")),
        "last_name": surname[0] if is_woman else surname[-1],
        "email": email,
        "phone": phone(place, number),
        "date_of_birth": (date(1941, 1, 1) + timedelta(days=draw.randrange(64 * 365))).isoformat(),
        "nationality": draw.choice((place.nationality, place.code)),
        "category": "Individual Plus" if medium else "INDIVIDUAL_STANDARD",
        "gender": draw.choice(("FEMALE", "female", "") if is_woman else ("MALE", "MALE", "")),
        "place_of_birth": draw.choice((*place.towns.split(", "), "")),
        "pincode": draw.choice((_digits(place.post_code, str(draw.randrange(10**5))), "")),
        "risk_level": draw.choice(("MEDIUM", "medium") if medium else ("LOW", "Low", "")),
        "document_type": draw.choice(DOCUMENT_TYPES),
        "document_number": f"{draw.choice('ABCDEFGH')}{draw.randrange(10**8):08d}",
        "identity_document": draw.choice(("identity.pdf", "identity.jpg")),
        "address_document": "address.jpg" if medium else draw.choice(("address.jpg", "")),
        "funds_document": "funds.png" if medium else "",
    }
    accepted = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(300 * 86400))
    for turn, consent in enumerate(CONSENTS):
        row[f"{consent}_version"] = "1.0"
        row[f"{consent}_accepted_at"] = f"{accepted + timedelta(seconds=2 * turn):%Y-%m-%dT%H:%M:%SZ}"
    return row


def phone(place: Country, number: int) -> str:
    """Write a number that nobody else of the country has, in one of the spellings that people use."""
    digits = _digits(place.phone, str(10 + number // len(COUNTRIES)))
    spaced = f"{digits[:4]} {digits[4:8]} {digits[8:]}"
    return (digits, spaced, "00" + digits[1:])[number % 7 % 3]


def _digits(pattern: str, number: str) -> str:
    """Fill the ``#`` of a pattern with the last digits of a number, zeros before them."""
    rest = iter(number.zfill(pattern.count("#"))[-pattern.count("#") or len(number) :])
    return "".join(next(rest) if letter == "#" else letter for letter in pattern)
