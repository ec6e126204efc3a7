"""The inputs of a report: each is read as its author meant it, or refused with the cause, and nobody is shown."""

from pathlib import Path

import pytest

from finhub_onboard.commands.profile import proposed_profile
from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.model import IntakeRow
from tests.intake.helpers import CORPORA, judged, told

REPORTED = CORPORA / "reported"
pytestmark = pytest.mark.skipif(not REPORTED.is_dir(), reason="the reported inputs are not here")


def refused(name: str) -> str:
    """Return the sentence that refuses an input, and its hint."""
    with pytest.raises(UnreadableInputError) as caught:
        survey([REPORTED / name], batch_rows=10)
    return f"{caught.value} | {caught.value.hint}"


def proposed(name: str) -> str:
    """Return the profile that is proposed for a file, or the sentence that refuses it."""
    try:
        return proposed_profile(Path(REPORTED / name), encoding="", sheet="")
    except UnreadableInputError as error:
        return f"{error} | {error.hint}"


@pytest.mark.parametrize(
    "name", ["01-header-joined-with-row.csv", "01b-header-comma-row.csv", "01e-literal-backslash-n.csv"]
)
def test_a_row_behind_the_header_is_shown_nowhere(name: str) -> None:
    """Neither the refusal nor a proposal repeats the values of the person in it."""
    said = refused(name) + proposed(name)
    assert "on one line" in said
    assert not [value for value in ("Rūta", "Kalna", "ruta", "61231001", "1990-10-03", "C-1") if value in said]


def read(name: str) -> list[IntakeRow]:
    """Judge an input."""
    return judged(REPORTED / name)[1]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("04-quotes-behind-a-space.csv", 5),
        ("06-blank-rows-of-a-spreadsheet.csv", 5),
        ("12d-ctrl-z.csv", 5),
        ("12e-trailing-delimiter.csv", 5),
        ("quote_late.csv", 2000),
        ("sp_delim.csv", 3),
    ],
)
def test_every_row_is_read_and_nothing_else_is_one(name: str, rows: int) -> None:
    """Quotes behind spaces, blank rows, the mark of DOS, an empty last column, apostrophes around a name."""
    found = read(name)
    assert len(found) == rows
    assert told(found) == []


def test_quotes_are_none_of_the_values() -> None:
    """Neither those behind a space nor those of the whole file."""
    names = [row.customer.last_name for row in read("sp_delim.csv") if row.customer]
    assert names == ["Sample", 'Sam"ple', "Sample, Jr"]
    late = [row.customer for row in read("quote_late.csv") if row.customer]
    assert late[1500].last_name == 'Van "Bo" Dyk'
    assert late[1600].place_of_birth == "Kaunas, Old Town"


def test_one_apostrophe_more_does_not_break_records() -> None:
    """The two rows are two: one with a line break in a value, which is a reject, and a good one."""
    found = read("quote_min.csv")
    assert told(found) == [(1, "place_of_birth", "control_characters")]
    assert found[1].customer
    assert found[1].customer.place_of_birth == "'s-Hertogenbosch'"


def test_a_lost_letter_costs_its_row() -> None:
    """And not the file."""
    found = read("ufffd_one.csv")
    assert len(found) == 50
    assert told(found) == [(8, "first_name", "garbled_text")]


def test_rows_that_are_quoted_whole_are_told() -> None:
    """With what to do about it."""
    said = refused("12f-rows-quoted-whole.csv")
    assert "stand in quotes as a whole" in said
    assert "remove the outer ones" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [("12-fixed-width.txt", "fixed width"), ("12b-html-table.xls", "save the sheet as CSV UTF-8")],
)
def test_what_is_no_csv_is_refused_with_a_way_out(name: str, words: str) -> None:
    """By its cause."""
    assert words in refused(name)
    assert words in proposed(name)


def test_a_delimiter_that_is_none_is_no_dead_end() -> None:
    """A profile that states the space for a file of fixed width gets the same way out."""
    profile = Profile(source=Source(delimiter=" "))
    with pytest.raises(UnreadableInputError) as caught:
        survey([REPORTED / "12-fixed-width.txt"], batch_rows=10, reading=Reading(profile=profile))
    assert "fixed width" in str(caught.value.hint)


def test_a_column_that_nobody_wants_is_not_looked_at() -> None:
    """It is named among the others."""
    assert "balance" in proposed("float_column.parquet")
    assert told(read("float_column.parquet")) == []


@pytest.mark.parametrize("skip_lines", [None, 1])
def test_a_title_above_the_header_of_a_sheet_is_passed_over(skip_lines: int | None) -> None:
    """As in the CSV that says the same, with or without a profile that states it."""
    reading = Reading(profile=Profile(source=Source(skip_lines=skip_lines)))
    found = survey([REPORTED / "05-title-row.xlsx"], batch_rows=10, reading=reading)
    assert found.rows == survey([REPORTED / "05-same-as.csv"], batch_rows=10).rows == 5
