"""Values of fields that partners were bitten by: each kind in the project's own words."""

from pathlib import Path

import pytest

from tests.intake.helpers import a_row, told
from tests.intake.reported_values import findings, read, sent


def somebody(number: int, **columns: str) -> dict[str, str]:
    """Return a good row of a person who is like nobody else in the file, some columns replaced."""
    return a_row(number, date_of_birth=f"198{number}-01-01") | columns


def test_one_mailbox_in_two_writings_is_found_before_any_call(tmp_path: Path) -> None:
    """Punycode, full width and ideographic stops: all of them are copies of each other."""
    addresses = ["ruta@b\u00fccher.example", "ruta@xn--bcher-kva.example", "\uff52uta@b\u00fccher\u3002example"]
    found = read(
        tmp_path, *(a_row(n, email=address, date_of_birth=f"198{n}-01-01") for n, address in enumerate(addresses))
    )
    assert told(found) == [(row, "email", "duplicate_email") for row in (1, 2, 3)]


def test_marks_around_any_value_do_no_harm(tmp_path: Path) -> None:
    """Marks of direction around every cell of a row leave the row as it was without them."""
    plain = a_row(1, document_type="PASSPORT", document_number="A1", pincode="08014", gender="FEMALE", risk_level="LOW")
    marked = {column: f"\u202a\u2068{value}\u2069\u202c\ufeff" for column, value in plain.items()}
    (bare,), (cleaned,) = read(tmp_path, plain), read(tmp_path, marked)
    assert cleaned.customer == bare.customer
    assert told([cleaned]) == []
    assert {code for _, _, code, _ in findings([cleaned])} == {"name_cleaned"}


def test_marks_inside_of_dates_and_numbers_are_no_false_fault(tmp_path: Path) -> None:
    """What nobody sees is not what is wrong with a value; a notice tells where it stands."""
    inside = {"phone": "+370\u200e61231001", "date_of_birth": "1990\u200e-10-03", "email": "c1@exam\u00adple.com"}
    (row,) = read(tmp_path, a_row(1, nationality="Lithu\u200bania", last_name="Hor\u200evat", **inside))
    assert (sent(row, "phone"), sent(row, "date_of_birth")) == ("+37061231001", "1990-10-03")
    assert (sent(row, "email"), sent(row, "nationality")) == ("c1@example.com", "Lithuania")
    assert {(field, code) for _, field, code, _ in findings([row])} >= {
        (column, "invisible_characters") for column in ("last_name", "email", "phone", "date_of_birth", "nationality")
    }


def test_ids_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    """Marks make no second customer of one, at the ends or inside; nor does a spreadsheet's mark for text."""
    ids = ["C-5", "\u202aC-5\u202c", "C\u200b-5", "'C-5", '="C-5"']
    table = [a_row(n, external_id=external_id, date_of_birth=f"198{n}-01-01") for n, external_id in enumerate(ids)]
    assert told(read(tmp_path, *table)) == [(row, "external_id", "duplicate_external_id") for row in range(1, 6)]


@pytest.mark.parametrize("column", ["external_id", "pincode", "document_number"])
def test_numbers_that_tools_rewrote_are_refused(column: str, tmp_path: Path) -> None:
    """In every column where zeros and digits count; what was lost cannot be told."""
    values = ["1e+05", "1E5", "60150001022e3", "1,23E+15", "1.0E+05", "12345.0", "8014,00"]
    found = read(tmp_path, *(somebody(n, **{column: value}) for n, value in enumerate(values, start=1)))
    assert told(found) == [(n, column, "number_imprecise") for n in range(1, len(values) + 1)]


@pytest.mark.parametrize("region", ["", "LT"])
def test_a_phone_number_that_a_tool_rewrote_is_called_so(region: str, tmp_path: Path) -> None:
    """It does not lack a country code, nor is it another number with one more zero."""
    values = ["3.70612E+10", "37061231001.0", "+37061231001.0", "61231001.0", "3,7061231001E+10"]
    table = [somebody(n, phone=value) for n, value in enumerate(values, start=1)]
    found = read(tmp_path, *table, profile={"formats": {"phone_region": region}})
    assert told(found) == [(n, "phone", "number_imprecise") for n in range(1, len(values) + 1)]


@pytest.mark.parametrize(
    ("written", "value", "day"),
    [
        ("YYYY-MM-DD hh:mm:ss.fff", "1990-01-05 00:00:00.000", "1990-01-05"),
        ("YYYY-MM-DD hh:mm:ss.fff", "1990-01-05 00:00:00.0000000", "1990-01-05"),
        ("YYYY-MM-DD hh:mm:ss.000", "1990-01-05 00:00:00.000", "1990-01-05"),
        ("YYYY-MM-DDThh:mm:ss.000Z", "1990-01-05T00:00:00.000Z", "1990-01-05"),
        ("YYYY-MM-DDThh:mm:ssZ", "1990-01-05T00:00:00Z", "1990-01-05"),
        ("YYYY-MM-DDThh:mm:ssZ", "1990-01-05T00:00:00+02:00", "1990-01-05"),
        ("YYYY-MM-DDThh:mm:ss.fffZ", "1990-01-05T00:00:00.000-0500", "1990-01-05"),
        ("M/D/YYYY hh:mm:ss AM", "1/5/1990 12:00:00 AM", "1990-01-05"),
        ("M/D/YYYY h:mm AM", "1/5/1990 12:00 a.m.", "1990-01-05"),
        ("M/D/YYYY h:mm", "1/5/1990 0:00", "1990-01-05"),
        ("DD.MM.YYYY h:mm:ss", "05.01.1990 0:00:00", "1990-01-05"),
    ],
)
def test_birth_dates_with_a_midnight_are_read(written: str, value: str, day: str, tmp_path: Path) -> None:
    """Whatever way the midnight is written, and in whatever zone: the day is the one that stands there."""
    (row,) = read(tmp_path, a_row(1, date_of_birth=value), profile={"formats": {"date_of_birth": written}})
    assert sent(row, "date_of_birth") == day


@pytest.mark.parametrize(
    ("written", "value", "code"),
    [
        ("YYYY-MM-DD hh:mm:ss.fff", "1990-01-05 23:00:00.000", "birth_date_with_time"),
        ("YYYY-MM-DD hh:mm:ss.fff", "1990-01-05 00:00:00.001", "birth_date_with_time"),
        ("YYYY-MM-DDThh:mm:ss.fffZ", "1990-01-04T22:00:00.000Z", "birth_date_with_time"),
        ("M/D/YYYY hh:mm:ss AM", "1/5/1990 12:00:00 PM", "birth_date_with_time"),
        ("M/D/YYYY h:mm AM", "1/5/1990 1:00 AM", "birth_date_with_time"),
        ("M/D/YYYY h:mm AM", "1/5/1990 13:00 AM", "birth_date_format"),
        ("M/D/YYYY h:mm AM", "1/5/1990 0:00", "birth_date_format"),
        ("YYYY-MM-DDThh:mm:ss.000Z", "1990-02-31T00:00:00.000Z", "birth_date_impossible"),
        ("YYYY-MM-DDThh:mm:ss.000Z", "1990-01-05", "birth_date_format"),
    ],
)
def test_another_time_than_midnight_is_called_so(written: str, value: str, code: str, tmp_path: Path) -> None:
    """It is written as the profile says; what is wrong is the time."""
    found = read(tmp_path, a_row(1, date_of_birth=value), profile={"formats": {"date_of_birth": written}})
    assert told(found) == [(1, "date_of_birth", code)]


def test_instants_of_consents_have_the_same_parts(tmp_path: Path) -> None:
    """Fractions, twelve-hour clocks and offsets, which then need no time zone."""
    for written, value, instant in (
        ("M/D/YYYY h:mm:ss AM", "3/1/2025 1:02:03 PM", "2025-03-01T12:02:03Z"),
        ("DD.MM.YYYY hh:mm:ss.fff", "01.03.2025 13:02:03.250", "2025-03-01T12:02:03.250000Z"),
        ("DD.MM.YYYY hh:mm Z", "01.03.2025 13:02 +02:00", "2025-03-01T11:02:00Z"),
    ):
        profile: dict[str, object] = {"formats": {"accepted_at": written, "time_zone": "Europe/Berlin"}}
        (row,) = read(tmp_path, a_row(1, terms_accepted_at=value), profile=profile)
        assert sent(row, "terms_accepted_at") == instant


def test_numbers_with_their_code_are_read_under_any_region(tmp_path: Path) -> None:
    """A region is for numbers that have none."""
    writings = ["(+370) 612 31001", "tel:+37061231002", "(00370) 612 31003", "\uff0b37061231004", "'+37061231005"]
    for region in ("", "US", "LT"):
        table = [a_row(n, phone=phone, date_of_birth=f"198{n}-01-01") for n, phone in enumerate(writings, start=1)]
        found = read(tmp_path, *table, profile={"formats": {"phone_region": region}})
        assert [sent(row, "phone") for row in found] == [f"+3706123100{number}" for number in range(1, 6)]
        assert [finding for finding in findings(found) if finding[2] == "phone_digits_changed"] == []


def test_a_name_of_several_countries_names_them(tmp_path: Path) -> None:
    """A reject, with what it may mean."""
    (row,) = read(tmp_path, a_row(1, nationality="Congo"))
    (violation,) = row.violations
    assert violation.code == "nationality_ambiguous"
    assert violation.message.endswith(": Democratic Republic of the Congo or Congo")


def test_a_profile_states_any_name_for_the_bank(tmp_path: Path) -> None:
    """Names that it states are sent as they stand, codes as the English name; others are still looked up."""
    names = {"Kosovo": "XK", "Congo": "CD", "Tschechien": "Czech Republic", "Rep. Atlantis": "Atlantis"}
    table = [
        a_row(n, nationality=name, date_of_birth=f"198{n}-01-01")
        for n, name in enumerate(["kosovo", "Congo", "Tschechien", "Rep. Atlantis", "LT"])
    ]
    found = read(tmp_path, *table, profile={"values": {"nationality": names}})
    assert [sent(row, "nationality") for row in found] == [
        "Kosovo",
        "Democratic Republic of the Congo",
        "Czech Republic",
        "Atlantis",
        "Lithuania",
    ]
