from calendar import monthrange
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.intake.checking import rules as predicates
from tests.intake.checking.support import judge_values
from tests.intake.helpers import a_row, judged, rules, told, write

LONG_EMAIL = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 60}.com"


GOOD = {
    "external_id": ["#1", "12E15", "1E1500", "12.000", "#n/a!", "1", "CUST-1", "x" * 200, "客户 1"],
    "first_name": ["O", "Ø", "娜", "Jean-Luc", "D'Arc", "!Nanub", "Nguyễn", "محمد", "अर्जुन", "x" * 200, "NULL"],
    "last_name": ["Ng", "O'Neill", "Müller-Lüdenscheidt", "MacGiolla Phádraig", "van 't Hoff", "สุข"],
    "email": ["a@x.test", "A.B+c@Example.com", "é@example.com", "a@bücher.example.com", "o'neil@example.com"],
    "phone": [
        "+37061231001",
        "0037061231001",
        "+370 612 31001",
        "+44 (0)20 7946 0000",
        "+39 06 698 82000",
        "+1-201-555-0123",
    ],
    "date_of_birth": ["1900-01-01", "2000-02-29", "2008-03-01"],
    "document_issued_on": ["", "2000-02-29", "1999-01-01"],
    "document_expires_on": ["", "2999-01-01"],
    "nationality": ["LT", "ltu", "Lithuania", "NA", "Namibia", "Bolivia", "BOL", "Taiwan", "Turkey", "South Korea"],
    "category": ["INDIVIDUAL_STANDARD", "individual plus", "103", "Small Business"],
    "gender": ["MALE", "female", "Diverse", ""],
    "risk_level": ["LOW", "medium", "High", ""],
    "document_type": [
        "PASSPORT",
        "passport",
        "id card",
        "National ID",
        "Driver's License",
        "driver\u2019s licence",
        "",
    ],
    "document_number": ["A-12 34/5", "x" * 64, ""],
    "terms_version": ["1.0", "2026-01 (b)", ""],
    "terms_accepted_at": [
        "2025-01-01T00:00:00Z",
        "2026-03-01T14:00:00+02:00",
        "2025-01-01 10:00+0200",
        "2025-01-01T10:00:00,5Z",
        "",
    ],
}


BAD = {
    "external_id": {
        "": "required_missing",
        "a\tb": "control_characters",
        "x" * 201: "too_long",
        "#REF!": "cell_error",
        "1.23457E+15": "number_imprecise",
    },
    "first_name": {
        "#N/A": "cell_error",
        "\u00a0\ufeff ": "required_missing",
        "-": "name_without_letter",
        "Ann\u2028": "",
        "A\u2028B": "control_characters",
    },
    "last_name": {"٣": "name_without_letter", "A\x85B": "control_characters", "M\ufffdller": "garbled_text"},
    "email": {
        "a": "email_invalid",
        "a@localhost": "email_invalid",
        "a@test": "email_invalid",
        "a b@example.com": "email_invalid",
        "a@example.com, b@example.com": "email_invalid",
        "Ann <a@example.com>": "email_invalid",
        "a@-example.com": "email_invalid",
        ".a@example.com": "email_invalid",
        "a..b@example.com": "email_invalid",
        "a@example.com.": "email_invalid",
        "a@ex_ample.com": "email_invalid",
        "x" * 65 + "@example.com": "email_invalid",
        LONG_EMAIL: "email_invalid",
    },
    "phone": {
        "061231001": "phone_without_country_code",
        "370612310": "phone_without_country_code",
        "+": "phone_invalid",
        "00": "phone_invalid",
        "+370": "phone_invalid",
        "+999123456": "phone_invalid",
        "+1800FLOWERS": "phone_invalid",
        "+37061231001 ext. 5": "phone_invalid",
        "+37061231001;+37061231002": "phone_invalid",
    },
    "date_of_birth": {
        "1990-2-3": "birth_date_format",
        "03.10.1990": "birth_date_format",
        "1990-10-03T00:00:00": "birth_date_format",
        "\uff11\uff19\uff19\uff10-10-03": "birth_date_format",
        "1990-13-01": "birth_date_impossible",
        "1999-02-29": "birth_date_impossible",
        "0000-00-00": "birth_date_impossible",
        "1899-12-31": "birth_date_before_1900",
        "2026-03-02": "birth_date_future",
        "2026-03-01": "birth_date_under_age",
        "2008-03-02": "birth_date_under_age",
    },
    "document_issued_on": {"14.05.2024": "document_date_invalid", "2026-03-02": "document_issued_in_future"},
    "document_expires_on": {"2031-02-30": "document_date_invalid", "2026-02-28": "document_expired"},
    "nationality": {
        "Atlantis": "nationality_unknown",
        "lithuanian": "nationality_unknown",
        "ZZ": "nationality_unknown",
    },
    "category": {"INDIVIDUAL": "category_unknown", "999": "category_unknown"},
    "gender": {"M\nF": "control_characters"},
    "place_of_birth": {"x" * 201: "too_long"},
    "pincode": {"1\x7f2": "control_characters", "1,2E+05": "number_imprecise"},
    "risk_level": {"NONE": "risk_level_unknown"},
    "document_type": {"VISA": "document_type_unknown"},
    "document_number": {"x" * 65: "too_long"},
    "privacy_version": {"1\x000": "record_nul", "1\t0": "control_characters"},
    "privacy_accepted_at": {
        "yes": "instant_format",
        "1735689600": "instant_format",
        "2025-02-30T10:00:00Z": "instant_format",
        "2025-01-01T25:00:00Z": "instant_format",
        "2025-01-01T10:00:60Z": "instant_format",
        "2025-01-01T10:00:00+99:00": "instant_format",
        "2025-01-01T10:00:00 Europe/Vilnius": "instant_format",
        "2025-01-01": "instant_without_offset",
        "2025-01-01T10:00:00": "instant_without_offset",
        "2025-01-01 10:00": "instant_without_offset",
        "2026-03-01T12:00:01Z": "instant_in_future",
        "2026-03-01T12:00:00-00:01": "instant_in_future",
    },
}


@pytest.mark.parametrize("column", list(GOOD))
def test_good_values_break_no_rule(tmp_path: Path, column: str) -> None:
    """What is allowed in a column is accepted."""
    assert told(judge_values(tmp_path, column, GOOD[column])) == []


@pytest.mark.parametrize("column", list(BAD))
def test_bad_values_break_one_rule_each(tmp_path: Path, column: str) -> None:
    """Each fault has its own code; one fault is one violation."""
    found = judge_values(tmp_path, column, list(BAD[column]))
    codes = [[violation.code for violation in row.violations] for row in found]
    assert dict(zip(BAD[column], codes, strict=True)) == {
        value: [code] if code else [] for value, code in BAD[column].items()
    }


@pytest.mark.parametrize(
    ("day", "adult"),
    [((2026, 2, 27), False), ((2026, 2, 28), False), ((2026, 3, 1), True)],
)
def test_who_was_born_on_29_february_comes_of_age_on_1_march(
    tmp_path: Path,
    day: tuple[int, int, int],
    adult: bool,  # noqa: FBT001
) -> None:
    """In a common year the birthday is 1 March, never the day before."""
    found = judge_values(tmp_path, "date_of_birth", ["2008-02-29"], datetime(*day, 12, tzinfo=UTC))
    assert (found[0].customer is not None) == adult


def test_no_fault_hides_another(tmp_path: Path) -> None:
    """All faults of a row are told, in the order of the columns."""
    row = a_row(first_name="\t-\t1\t-", email="x", phone="1", date_of_birth="x", risk_level="x", category="")
    _, found = judged(write(tmp_path / "x.csv", [row]))
    assert [(field, code) for _, field, code in told(found)] == [
        ("first_name", "control_characters"),
        ("first_name", "name_without_letter"),
        ("email", "email_invalid"),
        ("phone", "phone_without_country_code"),
        ("date_of_birth", "birth_date_format"),
        ("category", "required_missing"),
        ("risk_level", "risk_level_unknown"),
    ]


def test_a_version_alone_is_no_fault(tmp_path: Path) -> None:
    """Half of a consent's evidence is for the journey to judge."""
    _, found = judged(
        write(tmp_path / "x.csv", [a_row(1, terms_version="1.0"), a_row(2, terms_accepted_at="2025-01-01T00:00:00Z")])
    )
    assert told(found) == []


def test_an_unknown_hierarchy_passes_any_category(tmp_path: Path) -> None:
    """Without a network a category only has to be there."""
    path = write(tmp_path / "x.csv", [a_row(1, category="whatever"), a_row(2, category="")])
    assert told(judged(path, by=rules(categories=None))[1]) == [(2, "category", "required_missing")]


@pytest.mark.parametrize("year", [1600, 1700, 1896, 1900, 1999, 2000, 2004, 2020, 2100, 2400, 9999])
def test_a_date_is_real_when_the_calendar_has_it(year: int) -> None:
    """Of all months and days that can be written, those that Python's calendar has, are real; leap years included."""
    written = [(month, day) for month in range(14) for day in range(33)]
    frame = pl.DataFrame({"day": [f"{year}-{month:02}-{day:02}" for month, day in written]})
    expected = [1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1] for month, day in written]
    assert frame.select(predicates.date_real("day")).to_series().to_list() == expected


def test_an_instant_that_is_no_day_breaks_one_rule(tmp_path: Path) -> None:
    """30 February of a year to come is no instant, and nothing else."""
    found = judge_values(tmp_path, "terms_accepted_at", ["2040-02-30T10:00:00Z"])
    assert [violation.code for violation in found[0].violations] == ["instant_format"]
