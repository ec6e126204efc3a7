"""Mapping: what a profile makes of a partner's columns and values, and what it refuses to guess."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.config.profile import Formats, Profile
from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS, normalise
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.mapping import formats
from finhub_onboard.intake.mapping.columns import plan
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows as all_rows
from finhub_onboard.model import CANONICAL_COLUMNS, ERROR_COLUMNS, REQUIRED_COLUMNS
from tests.intake.helpers import CATEGORIES, NOW, a_row, rules, write

Cells = dict[str, list[str]]


def profile(**sections: Any) -> Profile:
    """Return a profile made of these sections."""
    return Profile.model_validate(sections)


def mapped(by: Profile, cells: Cells, *, typed: bool = False) -> pl.DataFrame:
    """Map columns of cells; required ones that are neither there nor made are filled in."""
    made = {*by.columns, *by.compose, *by.constants, *(("first_name", "last_name") if by.split else ())}
    height = len(next(iter(cells.values())))
    row = a_row()
    every = {column: [row[column]] * height for column in REQUIRED_COLUMNS if column not in made} | cells
    file = pl.DataFrame(every, schema=dict.fromkeys(every, pl.String))
    how = plan(by, file.columns, "book.csv", typed=typed)
    frame = how.apply(pl.DataFrame([file[column] for column in how.wanted]))
    assert frame.columns == list(CANONICAL_COLUMNS)
    assert set(frame.dtypes) == {pl.String}
    assert frame.height == height
    assert not any(frame.null_count().row(0))
    return frame


def column(by: Profile, name: str, values: list[str], *, typed: bool = False) -> list[str]:
    """Map one column that has its canonical name."""
    return mapped(by, {name: values}, typed=typed)[name].to_list()


def codes(by: Profile, name: str, values: list[str], *, typed: bool = False) -> list[str]:
    """Return the code of the rule that each value of one column breaks, '' for none."""
    frame = mapped(by, {name: values}, typed=typed)
    catalogue = Catalogue(known=CATEGORIES)
    whole = normalise(frame, catalogue=catalogue, documents_root=Path(), max_bytes=1)
    found = [""] * len(values)
    for fault in schema.validate(schema.specification(now=NOW, min_age=18), whole):
        assert (fault.column, found[fault.place]) == (name, "")
        found[fault.place] = fault.code
    return found


def refused(by: Profile, columns: list[str]) -> tuple[str, str]:
    """Plan what must be refused; the message and the hint."""
    with pytest.raises(UnreadableInputError) as caught:
        plan(by, columns, "book.csv")
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.hint


# What is read from where.


def test_an_empty_profile_takes_the_columns_as_they_are() -> None:
    """Without a profile the file's cells are the canonical ones, and what it lacks is absent."""
    row = a_row() | {"gender": "x", "branch": "7", "_err_code": "email_invalid"}
    how = plan(Profile(), tuple(reversed(row)), "book.csv")
    assert how.wanted == tuple(name for name in reversed(row) if name in CANONICAL_COLUMNS)
    assert how.constant == frozenset()
    frame = how.apply(pl.DataFrame({name: [row[name], f" {row[name]}"] for name in how.wanted}))
    expected = pl.DataFrame(
        {name: [row[name], f" {row[name]}"] if name in row else ["", ""] for name in CANONICAL_COLUMNS}
    )
    assert frame.equals(expected)
    assert how.origin == {name: (name,) if name in row else () for name in CANONICAL_COLUMNS}


def test_an_empty_profile_speaks_of_columns_to_rename() -> None:
    """Without a profile it is the file whose columns must be named."""
    message, hint = refused(Profile(), ["external_id", "E-mail", "phone", "first name", "x"])
    assert message == (
        "book.csv: required columns are missing: first_name, last_name, email, date_of_birth, nationality, category "
        "(found: external_id, E-mail, phone, first name, x)"
    )
    assert hint.startswith("rename columns in the file: first name may be first_name")
    assert "onboard profile FILE" in refused(Profile(), ["Vorname", "Nachname"])[1]


def test_columns_of_errors_are_never_taken_by_themselves() -> None:
    """What an earlier run appended to a rejects file is no part of a row."""
    how = plan(Profile(), [*REQUIRED_COLUMNS, *ERROR_COLUMNS], "book.csv")
    assert how.wanted == REQUIRED_COLUMNS


def test_columns_are_renamed_and_the_partners_own_ignored() -> None:
    """A profile's origin wins over a file's column of the canonical name; one column may serve twice."""
    by = profile(columns={"email": "Mail", "pincode": "PLZ", "place_of_birth": "PLZ"})
    frame = mapped(by, {"Mail": ["a@example.com"], "email": ["b@example.com"], "PLZ": ["0123"], "gender": ["FEMALE"]})
    assert frame.select("email", "pincode", "place_of_birth", "gender").row(0) == (
        *("a@example.com", "0123", "0123"),
        "FEMALE",
    )


@pytest.mark.parametrize("header", ["*", "^.*$", "a.b", "literal", "\0", "é ", "{x}"])
def test_any_header_is_a_name(header: str) -> None:
    """A column's name is never taken for a pattern."""
    assert mapped(profile(columns={"gender": header}), {header: ["x"], "other": ["y"]})["gender"].to_list() == ["x"]


def test_wanted_are_unique_and_in_file_order() -> None:
    """A column that several canonical ones need is read once."""
    by = profile(
        compose={"external_id": "{n}/{b}/{n}", "pincode": "{b}"},
        split={"column": "name", "order": "first last"},
        constants={"nationality": "DE", "category": "INDIVIDUAL_PLUS"},
    )
    how = plan(by, ["z", "name", "phone", "b", "date_of_birth", "n", "email"], "book.csv")
    assert how.wanted == ("name", "phone", "b", "date_of_birth", "n", "email")
    assert how.origin["external_id"] == ("n", "b")
    assert how.origin["first_name"] == how.origin["last_name"] == ("name",)
    assert how.origin["nationality"] == how.origin["gender"] == ()
    assert how.constant == {"nationality", "category"}


def test_a_plan_for_some_columns_wants_and_makes_no_more() -> None:
    """Keys alone can be read without the rest, and come out the same."""
    by = profile(compose={"external_id": "{b}-{n}"}, nulls=["NULL"])
    columns = ["b", "n", *REQUIRED_COLUMNS[1:]]
    keys = plan(by, columns, "book.csv").only(("external_id", "email"))
    assert keys.wanted == ("b", "n", "email")
    frame = keys.apply(pl.DataFrame({"b": ["1"], "n": ["2"], "email": ["null"]}))
    assert frame.rows(named=True) == [{"external_id": "1-2", "email": ""}]


def test_no_rows_are_no_rows() -> None:
    """An empty frame stays empty, whatever the profile does."""
    by = profile(
        constants={"gender": "x"},
        compose={"external_id": "{a}"},
        split={"column": "b", "order": "last first"},
        values={"risk_level": {"": "LOW"}, "category": {"a": "b"}},
        formats={
            "date_of_birth": "D.M.YY",
            "accepted_at": "D.M.YYYY",
            "time_zone": "UTC",
            "pivot_year": 1,
            "phone_region": "DE",
        },
        nulls=["x"],
    )
    assert mapped(by, {"a": [], "b": [], "terms_accepted_at": []}).height == 0


# What is refused before a row is read.


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"columns": {"email": "Mail-Adresse"}}, "columns.email"),
        ({"compose": {"email": "{Mail-Adresse}@example.com"}}, "compose.email"),
        ({"split": {"column": "Mail-Adresse", "order": "last first"}}, "split.column"),
    ],
)
def test_a_column_that_the_file_lacks_is_named_with_the_nearest(sections: dict[str, Any], place: str) -> None:
    """The message says where the profile names it and what the file has instead."""
    message, hint = refused(profile(**sections), [*REQUIRED_COLUMNS, "mail adresse"])
    assert message.startswith(
        f"book.csv lacks columns that the profile names: Mail-Adresse ({place}) (found: external_id, "
    )
    assert hint == "correct the profile: mail adresse may be meant by Mail-Adresse"


def test_the_columns_that_were_found_are_capped() -> None:
    """A file with very many columns does not flood the message."""
    message, hint = refused(profile(columns={"email": "Zzz"}), [f"column {number}" for number in range(500)])
    assert "and 460 more" in message
    assert len(message) < 1000
    assert hint == "is this the right profile for this file?"


def test_a_required_column_from_nowhere_is_named() -> None:
    """With a profile, the hint speaks of the profile; what it uses already is not proposed."""
    by = profile(columns={"pincode": "phones"})
    message, hint = refused(
        by, ["external_id", "first_name", "last_name", "nationality", "category", "E mail", "phones"]
    )
    assert message.startswith("book.csv: required columns are missing: email, phone, date_of_birth (found: ")
    assert hint == "name them in the profile's columns: email may be E mail"


def test_what_a_partner_must_fill_has_an_origin_too() -> None:
    """A column that only this partner's rows need is required of the file, and a constant is an origin."""
    message, _ = refused(profile(required=["gender"]), list(REQUIRED_COLUMNS))
    assert "required columns are missing: gender " in message
    assert plan(profile(required=["gender"], constants={"gender": "x"}), REQUIRED_COLUMNS, "book.csv").constant == {
        "gender"
    }


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"constants": {"external_id": "1"}}, "constants.external_id"),
        ({"formats": {"phone_region": "UK"}}, "formats.phone_region UK"),
        ({"values": {"gender": {"m": "MALE", " M": "DIVERSE"}}}, "values.gender"),
    ],
)
def test_a_profile_that_no_file_can_make_right_is_refused(sections: dict[str, Any], told: str) -> None:
    """These are faults of the profile, whatever the file."""
    with pytest.raises(ConfigurationError) as caught:
        plan(profile(**sections), REQUIRED_COLUMNS, "book.csv")
    assert told in str(caught.value)
    assert caught.value.hint


def test_time_zones_are_tried() -> None:
    """A zone that Python has and the frames have not is found before a row is read."""
    assert formats.knows_time_zone("Europe/Berlin")
    assert not formats.knows_time_zone("Mars/Olympus_Mons")


# What becomes of cells.


def test_null_words_are_absent_in_every_column() -> None:
    """They are compared without case and outer white space, as whole cells, and are no patterns."""
    by = profile(nulls=["NULL", " n/a ", ".", "", "(leer)"])
    values = ["NULL", " null\u00a0", "N/A", ".", "(Leer)", "x", "NULLs", "n / a", "-", "", " "]
    assert column(by, "gender", values) == ["", "", "", "", "", "x", "NULLs", "n / a", "-", "", " "]
    assert column(by, "first_name", ["null"]) == [""]
    assert column(profile(nulls=["", " "]), "gender", ["x", " "]) == ["x", " "]


def test_namibia_is_no_null_word() -> None:
    """Nothing is a null word until a profile says so."""
    assert column(Profile(), "nationality", ["NA", "NULL"]) == ["NA", "NULL"]


def test_values_become_ours() -> None:
    """Keys are compared without case and outer white space in composed Unicode; others stay for the rules."""
    by = profile(values={"category": {"Straße": "A", "é": "B", "P": "C"}}, nulls=["-"])
    values = ["STRASSE", " strasse ", "E\u0301", "p", "PP", "", "-"]
    assert column(by, "category", values) == ["A", "A", "B", "C", "PP", "", ""]


def test_an_empty_key_maps_what_is_absent() -> None:
    """A blank cell, a null word and a column that the file lacks are absent; the latter is the same in all rows."""
    by = profile(values={"gender": {"": "DIVERSE"}, "risk_level": {"": "LOW"}, "pincode": {"x": "1"}}, nulls=["-"])
    assert column(by, "gender", ["", " ", "-", "MALE"]) == ["DIVERSE", "DIVERSE", "DIVERSE", "MALE"]
    assert mapped(by, {"gender": ["", ""]})["risk_level"].to_list() == ["LOW", "LOW"]
    assert plan(by, [*REQUIRED_COLUMNS, "gender"], "book.csv").constant == {"risk_level"}


def test_constants_are_ours_already() -> None:
    """A constant is neither a null word, nor a partner's value, nor written in the partner's format."""
    by = profile(
        constants={"terms_accepted_at": "2024-01-01T00:00:00Z", "gender": "X", "pincode": ""},
        values={"gender": {"x": "y"}, "pincode": {"": "1"}},
        formats={"accepted_at": "DD.MM.YYYY"},
        nulls=["X"],
    )
    frame = mapped(by, {"pincode": ["1"]})
    assert frame.select("terms_accepted_at", "gender", "pincode").row(0) == ("2024-01-01T00:00:00Z", "X", "")


def test_values_are_ours_already() -> None:
    """What a value map gives is not read by the formats again."""
    by = profile(
        values={"date_of_birth": {"Unknown": "1900-01-01", "00.00.0000": ""}, "phone": {"none": ""}},
        formats={"date_of_birth": "DD.MM.YYYY", "phone_region": "DE"},
    )
    assert column(by, "date_of_birth", ["unknown", "00.00.0000", "01.02.1990"]) == ["1900-01-01", "", "1990-02-01"]
    assert column(by, "phone", ["none", "030 123456"]) == ["", "+4930123456"]


def test_templates_are_filled() -> None:
    """Braces hold names of columns, whatever these names look like; cells come without outer white space."""
    by = profile(compose={"external_id": "{{{Branch No}}}-{a:b}{c!d}", "pincode": "{Branch No}"})
    cells = {"Branch No": [" 007 ", "{}"], "a:b": ["x y", "ä"], "c!d": ["1", "2"]}
    frame = mapped(by, cells)
    assert frame["external_id"].to_list() == ["{007}-x y1", "{{}}-ä2"]


@given(
    cells=st.lists(
        st.tuples(st.sampled_from(["", " ", "NULL", "1", "é"]), st.sampled_from(["", "null", "2"])), min_size=1
    )
)
@settings(max_examples=25)
def test_a_template_with_an_absent_cell_is_absent(cells: list[tuple[str, str]]) -> None:
    """Half a number is another number."""
    by = profile(compose={"external_id": "{b}-{n}"}, nulls=["null"])
    frame = mapped(by, {"b": [b for b, _ in cells], "n": [n for _, n in cells]})
    assert frame["external_id"].to_list() == [f"{b}-{n}" if b in "1é" and b and n == "2" else "" for b, n in cells]


@pytest.mark.parametrize(
    ("order", "name", "first", "last"),
    [
        ("last, first", "Lee, Ann", "Ann", "Lee"),
        ("last, first", " van der Berg ,\u00a0Ann Mary ", "Ann Mary", "van der Berg"),
        ("last, first", "Lee, Ann, Dr.", "Ann, Dr.", "Lee"),
        ("last, first", "Ann Lee", "", "Ann Lee"),
        ("last, first", "Lee,", "", "Lee"),
        ("last, first", ", Ann", "Ann", ""),
        ("last, first", "", "", ""),
        ("first last", "Ann Lee", "Ann", "Lee"),
        ("first last", " Ann  Mary\tLee ", "Ann  Mary", "Lee"),
        ("first last", "Ann Ann", "Ann", "Ann"),
        ("first last", "Žofie\u00a0Šťastná", "Žofie", "Šťastná"),
        ("first last", "Lee", "", "Lee"),
        ("first last", "Lee, Ann", "", "Lee, Ann"),
        ("first last", " ", "", ""),
        ("last first", "Lee Ann Mary", "Ann Mary", "Lee"),
        ("last first", "Lee Lee", "Lee", "Lee"),
        ("last first", "李 娜", "娜", "李"),
        ("last first", "李娜", "", "李娜"),
        ("last first", "Ann, Lee", "", "Ann, Lee"),
    ],
)
def test_names_are_cut_by_their_order(order: str, name: str, first: str, last: str) -> None:
    """A name that the order does not fit is all last name: the row is a reject, nobody is renamed."""
    by = profile(split={"column": "name", "order": order})
    frame = mapped(by, {"name": [name, "x"]})
    assert frame.select("first_name", "last_name").row(0) == (first, last)


# Dates.

DATES = {
    "DD.MM.YYYY": {"03.10.1990": "1990-10-03", "31.02.1990": "1990-02-31", "3.10.1990": "?", "03.10.90": "?"},
    "D.M.YYYY": {"3.1.1990": "1990-01-03", "03.10.1990": "1990-10-03", "003.1.1990": "?", "3-1-1990": "?"},
    "M/D/YY": {"1/2/31": "1931-01-02", "12/31/30": "2030-12-31", "1/2/00": "2000-01-02", "1/2/1990": "?"},
    "DD-MMM-YYYY": {"03-Oct-1990": "1990-10-03", "03-OCT-1990": "1990-10-03", "03-Okt-1990": "?", "03-10-1990": "?"},
    "DMMMYYYY": {"3oct1990": "1990-10-03", "13Dec1990": "1990-12-13"},
    "YYYYMMDD": {"19901003": "1990-10-03", "1990-10-03": "?", "199010031": "?"},
    "YYYY-M-D": {"1990-1-3": "1990-01-03", "1990-10-03": "1990-10-03"},
    "DMYYYY": {"03101990": "1990-10-03", "3101990": "?", "1121990": "?"},
    "YYYY-MM-DDThh:mm:ss": {"1990-10-03T00:00:00": "1990-10-03", "1990-10-02T22:00:00": "?time", "1990-10-03": "?"},
    "DD·MM·YYYY hh:mm": {"03·10·1990 00:00": "1990-10-03", "03·10·1990 00:01": "?time", "03.10.1990 00:00": "?"},
}


@pytest.mark.parametrize("written", list(DATES))
def test_dates_are_read_by_their_format(written: str) -> None:
    """The whole value must be written so; the calendar is not asked; what is not written so is no date."""
    by = profile(formats={"date_of_birth": written, "pivot_year": 30})
    assert column(by, "date_of_birth", list(DATES[written])) == list(DATES[written].values())
    assert column(by, "date_of_birth", [f"\u00a0{value}\t" for value in DATES[written]]) == list(
        DATES[written].values()
    )
    assert column(by, "date_of_birth", ["", " ", "x", "\u0660\u0663.10.1990", "1990-10-3\n"])[:2] == ["", ""]


def test_a_format_is_no_pattern() -> None:
    """The characters between a date's parts mean themselves."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    assert column(by, "date_of_birth", ["03x10x1990", "03.10.1990.", "(03.10.1990)"]) == ["?", "?", "?"]


def test_iso_by_luck_is_no_date() -> None:
    """A date that is not written as stated breaks one rule by name, even where it looks like ISO; no row is guessed."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    values = ["03.10.1990", "1990-10-03", "31.02.1990", "x", ""]
    found = ["", "birth_date_format", "birth_date_impossible", "birth_date_format", "required_missing"]
    assert codes(by, "date_of_birth", values) == found


def test_iso_is_left_alone() -> None:
    """Where dates are ISO, which is the default, what is not stays for the rules; typed midnight is a day."""
    values = [" 1990-10-03", "03.10.1990", "1990-10-03T00:00:00", ""]
    for by in (Profile(), profile(formats={"date_of_birth": ""})):
        assert column(by, "date_of_birth", values) == values
        assert column(by, "date_of_birth", values, typed=True) == ["1990-10-03", "?", "1990-10-03", ""]


def test_typed_dates_are_taken_beside_the_format() -> None:
    """A cell that was a date is one, with midnight or without; another hour is the trace of a lost time zone."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    values = ["03.10.1990", "1990-10-03", "1990-10-03T00:00:00.000000", "1990-10-03 00:00", "1990-10-02T22:00:00", "x"]
    assert column(by, "date_of_birth", values, typed=True) == ["1990-10-03"] * 4 + ["?time", "?"]


@given(day=st.dates(), one=st.booleans(), month=st.sampled_from(["MM", "M", "MMM"]), separator=st.sampled_from("./- ·"))
@settings(max_examples=50)
def test_any_date_is_read_back(day: Any, one: bool, month: str, separator: str) -> None:  # noqa: FBT001
    """What a format writes, it reads."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    months = {"MM": f"{day.month:02d}", "M": str(day.month), "MMM": names[day.month - 1]}
    text = separator.join((str(day.day) if one else f"{day.day:02d}", months[month], f"{day.year:04d}"))
    stated = Formats(date_of_birth=separator.join(("D" if one else "DD", month, "YYYY")))
    assert formats.birth_dates(pl.Series([text, ""]), stated, typed=False).to_list() == [day.isoformat(), ""]


# Instants.


def test_instants_are_read_by_their_format_and_zone() -> None:
    """They become ISO with the offset that the zone had at that time."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm:ss", "time_zone": "Europe/Berlin"})
    values = ["01.07.2024 12:30:00", "01.01.2024 12:30:00", "01.07.1996 12:30:00", "", "2024-07-01T12:30:00Z", "x"]
    found = ["2024-07-01T12:30:00+02:00", "2024-01-01T12:30:00+01:00", "1996-07-01T12:30:00+02:00", "", "?", "?"]
    assert column(by, "terms_accepted_at", values) == found
    assert column(by, "privacy_accepted_at", values) == found


def test_an_hour_that_is_twice_or_never_is_refused() -> None:
    """Around the change of clocks nothing is guessed: what is ambiguous or was never shown has no offset."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm", "time_zone": "Europe/Berlin"})
    values = [
        *("31.03.2024 01:59", "31.03.2024 02:00", "31.03.2024 03:00"),
        *("27.10.2024 01:59", "27.10.2024 02:30", "27.10.2024 03:00"),
        *("31.02.2024 10:00", "01.01.2024 25:00", "01.01.2024"),
    ]
    assert column(by, "terms_accepted_at", values) == [
        *("2024-03-31T01:59:00+01:00", "2024-03-31T02:00:00", "2024-03-31T03:00:00+02:00"),
        *("2024-10-27T01:59:00+02:00", "2024-10-27T02:30:00", "2024-10-27T03:00:00+01:00"),
        *("2024-02-31T10:00:00", "2024-01-01T25:00:00+01:00", "?"),
    ]
    lacking = "instant_without_offset"
    assert codes(by, "terms_accepted_at", values) == [
        "",
        lacking,
        "",
        "",
        lacking,
        "",
        lacking,
        *("instant_format",) * 2,
    ]


def test_without_a_zone_instants_lack_their_offset() -> None:
    """Evidence needs an offset, and the machine's own zone is nobody's statement."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm:ss"})
    assert column(by, "terms_accepted_at", ["01.07.2024 12:30:00"]) == ["2024-07-01T12:30:00"]
    assert codes(by, "terms_accepted_at", ["01.07.2024 12:30:00"]) == ["instant_without_offset"]


def test_a_format_without_clock_means_the_start_of_the_day() -> None:
    """A partner who states days gives days."""
    by = profile(formats={"accepted_at": "M/D/YYYY", "time_zone": "America/New_York"})
    values = ["7/1/2024", "12/31/2024", "11/3/2024", ""]
    offsets = ["2024-07-01T00:00:00-04:00", "2024-12-31T00:00:00-05:00", "2024-11-03T00:00:00-04:00", ""]
    assert column(by, "terms_accepted_at", values) == offsets


def test_a_zone_alone_is_for_iso_instants_without_offset() -> None:
    """Those with an offset keep it, and a day alone is no instant."""
    by = profile(formats={"time_zone": "Asia/Kolkata"})
    values = {
        "2024-07-01T12:30:00": "2024-07-01T12:30:00+05:30",
        " 2024-07-01 12:30": "2024-07-01T12:30:00+05:30",
        "2024-07-01t12:30:00,25": "2024-07-01T12:30:00.25+05:30",
        "2024-07-01T12:30:00Z": "2024-07-01T12:30:00Z",
        "2024-07-01T12:30:00-01:00": "2024-07-01T12:30:00-01:00",
        "2024-07-01": "2024-07-01",
        "01.07.2024": "01.07.2024",
        "": "",
    }
    assert column(by, "terms_accepted_at", list(values)) == list(values.values())
    lacking = ["instant_without_offset", "instant_format", ""]
    assert codes(by, "terms_accepted_at", list(values)) == [""] * 5 + lacking


def test_fractions_of_seconds_stay() -> None:
    """On days on which clocks change, too."""
    by = profile(formats={"time_zone": "Europe/Berlin"})
    values = ["2024-07-01T12:30:00.123", "2024-10-27T12:30:00,123", "1996-10-27T00:30:00.5"]
    assert column(by, "terms_accepted_at", values) == [
        *("2024-07-01T12:30:00.123+02:00", "2024-10-27T12:30:00.123+01:00", "1996-10-27T00:30:00.5+02:00"),
    ]


def test_typed_instants_are_taken_beside_the_format() -> None:
    """A cell that was an instant or a date is one; it gets the zone's offset if it has none."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm", "time_zone": "UTC"})
    values = ["01.07.2024 12:30", "2024-07-01T12:30:00.000000", "2024-07-01T12:30:00+02:00", "2024-07-01", "x"]
    assert column(by, "terms_accepted_at", values, typed=True) == [
        *("2024-07-01T12:30:00+00:00", "2024-07-01T12:30:00.000000+00:00", "2024-07-01T12:30:00+02:00"),
        *("2024-07-01T00:00:00+00:00", "?"),
    ]
    only_zone = profile(formats={"time_zone": "UTC"})
    assert column(only_zone, "terms_accepted_at", ["2024-07-01"], typed=True) == ["2024-07-01T00:00:00+00:00"]


def test_without_formats_instants_are_left_alone() -> None:
    """Normalisation reads ISO instants; nothing needs doing here."""
    values = ["2024-07-01 12:30", " x", ""]
    assert column(Profile(), INSTANT_COLUMNS[0], values) == values


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo"]
)
def test_offsets_are_those_of_the_zone(zone: str) -> None:
    """Python's own reckoning gives the same offset at every time, and finds the same hours twice or never."""
    place, draw = ZoneInfo(zone), random.Random(zone)
    start = datetime(1996, 1, 1)  # noqa: DTZ001 - the zone is what is looked for
    times = [start + timedelta(minutes=draw.randrange(29 * 365 * 1440)) for _ in range(500)]
    days = [start + timedelta(days=number) for number in range(29 * 365)]
    changes = [
        day
        for day in days
        if day.replace(tzinfo=place).utcoffset() != (day + timedelta(1)).replace(tzinfo=place).utcoffset()
    ]
    times += [day + timedelta(minutes=minutes) for day in changes for minutes in range(0, 1440, 15)]
    stated = Formats(accepted_at="YYYYMMDDhhmm", time_zone=zone)
    found = formats.instants(pl.Series([f"{time:%Y%m%d%H%M}" for time in times]), stated, typed=False)
    expected = []
    for time in times:
        early, late = (time.replace(tzinfo=place, fold=fold) for fold in (0, 1))
        sure = early.utcoffset() == late.utcoffset()
        expected.append((early if sure else time).isoformat())
    assert found.to_list() == expected
    assert any("+" not in text[10:] and "-" not in text[10:] for text in expected)


# Phone numbers.


@pytest.mark.parametrize(
    ("region", "given_", "found"),
    [
        ("DE", "030 123456", "+4930123456"),
        ("DE", "(030) 12 34-56", "+4930123456"),
        ("DE", " 0171/2345678\u00a0", "+491712345678"),
        ("DE", "+37061231001", "+37061231001"),
        ("DE", "0037061231001", "0037061231001"),
        ("DE", " +370 612", " +370 612"),
        ("DE", "", ""),
        ("DE", "unknown", "unknown"),
        ("DE", "0171 2345678 ext. 5", "0171 2345678 ext. 5"),
        ("DE", "0171 FLOWERS", "0171 FLOWERS"),
        ("DE", "030 123456; 030 123457", "030 123456; 030 123457"),
        ("DE", "\u0660\u0663\u0660123456", "\u0660\u0663\u0660123456"),
        ("DE", "1", "1"),
        ("GB", "020 7946 0000", "+442079460000"),
        ("GB", "442079460000", "+442079460000"),
        ("US", "(201) 555-0123", "+12015550123"),
        ("US", "1-201-555-0123", "+12015550123"),
        ("US", "011 44 20 7946 0000", "+442079460000"),
        ("CA", "1 416 555 0123", "+14165550123"),
        ("IT", "06 698 82000", "+390669882000"),
        ("LT", "8 612 31001", "+37061231001"),
        ("AR", "011 15 2345-6789", "+5491123456789"),
        ("ES", "612 345 678", "+34612345678"),
    ],
)
def test_national_numbers_get_their_country_code(region: str, given_: str, found: str) -> None:
    """As the library reads them in the region; what is international or cannot be read stays as it is."""
    assert column(profile(formats={"phone_region": region}), "phone", [given_]) == [found]


def test_without_a_region_numbers_are_left_alone() -> None:
    """A country is never guessed."""
    assert column(Profile(), "phone", ["030 123456"]) == ["030 123456"]


def some_numbers(region: str, draw: random.Random) -> list[str]:
    """Return numbers of a region as its people write them, of every kind, and texts near them."""
    found = []
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    for kind in range(11):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        bare, prefix = phonenumbers.national_significant_number(example), metadata.national_prefix or ""
        for text in (
            phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL),
            *(bare, prefix + bare, f"{example.country_code}{bare}", f"{example.country_code}{prefix}{bare}"),
        ):
            cut = draw.randrange(1, len(text))
            near = text[: cut - 1] + draw.choice("0123456789") + text[cut:]
            found += [text, near, near[: draw.randrange(3, 20)], near + draw.choice("059"), draw.choice("0135") + near]
            found += [text[:cut] + draw.choice(" -/().\xa0\u2013\t") + text[cut:], f"({near[:cut]}) {near[cut:]}."]
    return found


def test_numbers_are_read_as_the_library_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """On numbers of every region and kind, near misses too, what is decided without the library agrees with it."""
    draw, asked, total = random.Random(7), 0, 0

    def ask(*_: str) -> None:
        nonlocal asked
        asked += 1

    original = formats._parsed
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        numbers = some_numbers(region, draw)
        with monkeypatch.context() as patch:
            patch.setattr(formats, "_parsed", ask)
            decided = formats.phones(pl.Series(numbers), region).to_list()
        total += len(numbers)
        wrong = [
            number
            for number, answer in zip(numbers, decided, strict=True)
            if answer != number and original(number.strip(), region) != answer
        ]
        assert (region, wrong) == (region, [])
    assert total > 40_000
    assert asked < total * 0.6


@pytest.mark.parametrize("region", ["AT", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "IT", "LT", "NL", "PL", "SE", "US"])
def test_usual_numbers_are_read_without_the_library(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cut is one: numbers as people write them never reach the library."""
    draw = random.Random(region)
    mobile = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert mobile is not None
    text = phonenumbers.format_number(mobile, phonenumbers.PhoneNumberFormat.NATIONAL)
    numbers = [text[:-2] + f"{draw.randrange(100):02d}" for _ in range(20)]
    monkeypatch.setattr(formats, "_parsed", lambda *_: pytest.fail("asked"))
    assert all(number.startswith("+") for number in formats.phones(pl.Series(numbers), region))


# A whole file.


def test_a_partners_file_becomes_good_rows() -> None:
    """Everything together: after mapping no row breaks a rule, and it does not matter which rows are read together."""
    by = profile(
        columns={
            "email": "Mail",
            "phone": "Tel",
            "date_of_birth": "Geb",
            "nationality": "Land",
            "terms_accepted_at": "AGB",
        },
        compose={"external_id": "{Filiale}-{Nr}"},
        split={"column": "Name", "order": "last, first"},
        constants={"category": "INDIVIDUAL_PLUS", "terms_version": "1.0"},
        values={"nationality": {"Deutschland": "DE"}},
        formats={
            "date_of_birth": "DD.MM.YY",
            "pivot_year": 25,
            "phone_region": "DE",
            "accepted_at": "DD.MM.YYYY hh:mm",
            "time_zone": "Europe/Berlin",
        },
        nulls=["-"],
    )
    rows = [
        ("Filiale", "Nr", "Name", "Mail", "Tel", "Geb", "Land", "AGB", "Notiz"),
        ("1", "01", "Müster, Ann", "a@example.com", "030 123456", "03.10.90", "Deutschland", "01.07.2024 12:30", "x"),
        ("1", "02", "Lee, Bo", "b@example.com", "+37061231001", "29.02.00", "LT", "-", "-"),
    ]
    file = pl.DataFrame(rows[1:], schema=list(rows[0]), orient="row")
    how = plan(by, file.columns, "book.csv")
    assert "Notiz" not in how.wanted
    frame = how.apply(file)
    assert frame.row(0)[:8] == (
        *("1-01", "Ann", "Müster", "a@example.com", "+4930123456", "1990-10-03", "DE", "INDIVIDUAL_PLUS"),
    )
    assert frame["terms_accepted_at"].to_list() == ["2024-07-01T12:30:00+02:00", ""]
    assert pl.concat([how.apply(file[:1]), how.apply(file[1:])]).equals(frame)
    whole = normalise(frame, catalogue=Catalogue(known=CATEGORIES), documents_root=Path(), max_bytes=1)
    assert schema.validate(schema.specification(now=NOW, min_age=18), whole) == []
    assert whole["terms_accepted_at"][0] == datetime(2024, 7, 1, 10, 30, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(("order", "doubtful"), [("first last", [2, 3]), ("last first", [2, 3]), ("last, first", [])])
def test_a_name_of_more_than_two_words_that_is_cut_at_a_blank_is_told(
    tmp_path: Path, order: str, doubtful: list[int]
) -> None:
    """Where VAN DEN BERG Lucas or Ana Maria Silva is to be cut only a person knows: a warning, and no reject."""
    names = ["Berg Lucas", "VAN DEN BERG Lucas", " Ana Maria\u00a0Silva "]
    names = [name.strip().replace(" ", ", ", 1) for name in names] if order == "last, first" else names
    rows = [a_row(number) | {"name": name} for number, name in enumerate(names, 1)]
    columns = [column for column in (*REQUIRED_COLUMNS, "name") if column not in ("first_name", "last_name")]
    path = write(tmp_path / "x.csv", [{key: row[key] for key in columns} for row in rows], columns)
    own = profile(split={"column": "name", "order": order})
    found = survey([path], batch_rows=9, reading=Reading(profile=own))
    judged_rows = [row for batch in all_rows(found, rules(), batch_rows=9) for row in batch]
    assert all(row.customer for row in judged_rows)
    told = [row.row_number for row in judged_rows if "name_split_doubtful" in [one.code for one in row.findings]]
    assert told == doubtful


def test_a_delimiter_that_the_file_does_not_have_is_named() -> None:
    """The header is one column then, and no column of the profile is in it."""
    own = profile(columns={"email": "Courriel"}, source={"delimiter": ";"})
    with pytest.raises(UnreadableInputError) as caught:
        plan(own, ["Prénom,Nom,Courriel"], "book.csv")
    assert "source.delimiter = ';'" in caught.value.hint
