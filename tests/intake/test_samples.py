import csv
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model import IntakeRow
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests import make_partner, make_samples
from tests.intake.helpers import SAMPLES, judged, told

NOT_PLANTED = {
    # Permissions do not survive a checkout, and root may read everything.
    "document_unreadable",
    # Customers of earlier runs.
    *("earlier_email", "earlier_phone_and_birth_date", "earlier_document_number"),
    # What a profile says: a format with a time, columns that are cut.
    *("birth_date_with_time", "name_split_doubtful"),
    # A warning, but the practice bank believes nobody who is older than 120: good rows of this file are onboarded.
    "birth_date_placeholder",
    # Columns that the sample does not have.
    *("country_unknown", "ip_address_invalid", "extra_type"),
    # A key of the whole book.
    "external_id_personal",
    # What the bank's hierarchy says of its categories.
    *("category_prohibited", "category_of_business"),
}
"""Codes that this file cannot show; other tests cover them."""


def accepted(found: list[IntakeRow]) -> list[list[str]]:
    """Return the customers' texts."""
    return [[getattr(row.customer, column) for column in CANONICAL_COLUMNS] for row in found]


def test_the_script_makes_the_samples_that_are_here(tmp_path: Path) -> None:
    """Running it again changes nothing."""
    expected = tmp_path / "expected.csv"
    made_in = tmp_path / "sample_data"
    make_samples.main(made_in, expected)
    make_partner.main(made_in)
    assert expected.read_bytes() == make_samples.EXPECTED.read_bytes()
    made = {path.relative_to(made_in) for path in made_in.rglob("*") if path.is_file()}
    assert made == {path.relative_to(SAMPLES) for path in SAMPLES.rglob("*") if path.is_file()}
    for path in made:
        if path.suffix == ".parquet":
            assert pl.read_parquet(made_in / path).equals(pl.read_parquet(SAMPLES / path))
        else:
            assert (made_in / path).read_bytes() == (SAMPLES / path).read_bytes(), path


def test_the_clean_book_is_accepted_and_so_is_its_twin() -> None:
    """500 customers of many countries and scripts; Parquet gives the same ones."""
    _, book = judged(SAMPLES / "customers.csv")
    _, twin = judged(SAMPLES / "customers.parquet", batch_rows=200)
    assert told(book) == told(twin) == []
    assert len(book) == 500
    assert accepted(book) == accepted(twin)
    customers = [row.customer for row in book if row.customer]
    assert len({customer.nationality for customer in customers}) >= 25
    assert len({customer.phone for customer in customers}) == 500
    scripts = {unicodedata.name(letter).split()[0] for customer in customers for letter in customer.last_name}
    assert {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "HANGUL", "DEVANAGARI", "THAI"} <= scripts
    assert {customer.category for customer in customers} == {"INDIVIDUAL_STANDARD", "Individual Plus"}
    for customer in customers:
        assert customer.identity_document
        assert customer.terms_accepted_at
        if customer.category == "Individual Plus":
            assert customer.address_document
            assert customer.funds_document


FOR_FILMS = {
    "+1": r"\+120155501\d\d",
    "+33": r"\+3319900\d{4}",
    "+44": r"\+442079460\d{3}",
    "+46": r"\+46701740(60[5-9]|6[1-9]\d)",
    "+49": r"\+4917139200\d\d",
}


@pytest.mark.parametrize("name", ["customers.csv", "customers_parking.csv", "customers_messy.csv"])
def test_phone_numbers_are_of_ranges_for_films_where_a_country_has_one(name: str) -> None:
    """Nobody who dials a number of these countries reaches a stranger."""
    _, found = judged(SAMPLES / name)
    phones = [row.customer.phone for row in found if row.customer]
    ours = {phone: pattern for code, pattern in FOR_FILMS.items() for phone in phones if phone.startswith(code)}
    assert ours
    assert [phone for phone, pattern in ours.items() if not re.fullmatch(pattern, phone)] == []


def test_persons_are_plausible() -> None:
    """Each first name is of one gender, and each birthplace of one country."""
    _, found = judged(SAMPLES / "customers.csv")
    customers = [row.customer for row in found if row.customer]
    genders: defaultdict[str, set[str]] = defaultdict(set)
    countries: defaultdict[str, set[str]] = defaultdict(set)
    for customer in customers:
        genders[customer.first_name] |= {customer.gender} - {""}
        countries[customer.place_of_birth] |= {customer.nationality}
    countries.pop("")
    assert [name for name, found_for in genders.items() if len(found_for) > 1] == []
    assert [town for town, found_for in countries.items() if len(found_for) > 1] == []


def test_documents_have_the_size_of_scans() -> None:
    """Not of a few letters; and together not too much for a repository."""
    sizes = [
        (SAMPLES / "documents" / name).stat().st_size
        for name in ("identity.pdf", "identity.jpg", "address.jpg", "funds.png")
    ]
    assert min(sizes) > 40_000
    assert sum(sizes) < 200_000


def planted() -> list[tuple[int, str, str, str]]:
    """What the messy file is made to have: row number, field, code and severity."""
    with make_samples.EXPECTED.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    return [(int(line["row_number"]), line["field"], line["code"], line["severity"]) for line in lines]


def test_the_messy_file_has_what_is_said_and_nothing_else() -> None:
    """Every planted fault, warning and notice is found, with row, field and code, and no other."""
    _, found = judged(SAMPLES / "customers_messy.csv", batch_rows=30)
    told_of = [violation for row in found for violation in (*row.violations, *row.findings)]
    assert [(one.row_number, one.field, one.code, one.severity) for one in told_of] == planted()
    assert len({row for row, *_ in planted()}) == len(planted())
    assert sum(row.customer is not None and not row.findings for row in found) >= 15


def test_every_code_is_planted() -> None:
    """No rule is without an example, but those that this file cannot show."""
    assert {code for _, _, code, _ in planted()} == set(ViolationCode) - NOT_PLANTED
