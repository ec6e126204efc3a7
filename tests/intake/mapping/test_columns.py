"""Mapping: what a profile makes of a partner's columns and values, and what it refuses to guess."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.config.profile import Profile
from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.normalise import normalise
from finhub_onboard.intake.mapping.columns import plan
from finhub_onboard.model.columns import ERROR_COLUMNS, REQUIRED_COLUMNS, ROW_COLUMNS
from tests.intake.helpers import CATEGORIES, NOW, a_row
from tests.intake.mapping.support import column, mapped, profile


def refused(by: Profile, columns: list[str]) -> tuple[str, str]:
    """Plan what must be refused; the message and the hint."""
    with pytest.raises(UnreadableInputError) as caught:
        plan(by, columns, "book.csv")
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.hint


def test_an_empty_profile_takes_the_columns_as_they_are() -> None:
    """Without a profile the file's cells are the canonical ones, and what it lacks is absent."""
    row = a_row() | {"gender": "x", "branch": "7", "_err_code": "email_invalid"}
    how = plan(Profile(), tuple(reversed(row)), "book.csv")
    assert how.wanted == tuple(name for name in reversed(row) if name in ROW_COLUMNS)
    assert how.constant == frozenset()
    frame = how.apply(pl.DataFrame({name: [row[name], f" {row[name]}"] for name in how.wanted}))
    expected = pl.DataFrame({name: [row[name], f" {row[name]}"] if name in row else ["", ""] for name in ROW_COLUMNS})
    assert frame.equals(expected)
    assert how.origin == {name: (name,) if name in row else () for name in ROW_COLUMNS}


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


def test_a_delimiter_that_the_file_does_not_have_is_named() -> None:
    """The header is one column then, and no column of the profile is in it."""
    own = profile(columns={"email": "Courriel"}, source={"delimiter": ";"})
    with pytest.raises(UnreadableInputError) as caught:
        plan(own, ["Prénom,Nom,Courriel"], "book.csv")
    assert "source.delimiter = ';'" in caught.value.hint
