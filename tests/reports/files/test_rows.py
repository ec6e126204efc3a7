import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.model import Disposition, Severity, Violation
from finhub_onboard.reports.files.rows import (
    ODD,
    Doubtful,
    ErrorLine,
    Result,
    Waiting,
    as_cell,
    columns,
    csv_cell,
    from_cell,
    to_cells,
    violation_line,
)

DANGEROUS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def test_columns_are_those_of_the_design() -> None:
    """The field order of the classes is the column order that DESIGN 3.5 promises."""
    assert ",".join(columns(Result)) == (
        "source,row_number,external_id,disposition,phase,customer_id,user_id,verification_id,code,message,attempts,"
        "started_at,finished_at"
    )
    assert ",".join(columns(ErrorLine)) == (
        "source,row_number,external_id,stage,field,code,message,http_status,retriable,hint,attempt,at,severity,outcome"
    )
    assert ",".join(columns(Waiting)) == (
        "source,row_number,external_id,first_name,last_name,email,phone,phase,code,message,hint,customer_id,user_id,"
        "verification_id,since,attempts,field,document"
    )
    assert columns(Doubtful) == (*columns(Waiting), "question", "answer")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-", "'-"),
        ("+41791234567", "'+41791234567"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=cmd", "a;'=cmd"),
        ("a\n=cmd", "a\n'=cmd"),
        ("'=1", "''=1"),
        ("'t Hooft", "'t Hooft"),
        ("A-17", "A-17"),
        ("a; b", "a; b"),
        ("", ""),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str, cell: str) -> None:
    """Formulas are neutralised wherever a spreadsheet may open a cell; other texts stay as they are."""
    assert as_cell(text) == cell
    assert from_cell(cell) == text


@given(st.text(alphabet=st.one_of(st.sampled_from(DANGEROUS + "';,\"ab"), st.characters())))
def test_every_text_can_be_read_back(text: str) -> None:
    """The rule loses nothing: a program gets the external_id that the input had, and no cell begins a formula."""
    cell = as_cell(text)
    assert from_cell(cell) == text
    assert not cell or cell[0] not in DANGEROUS


def test_values_become_plain_cells() -> None:
    """Nothing is an empty cell, truth is true or false, numbers are digits."""
    line = ErrorLine(
        source="a.csv", row_number=7, external_id="-x", stage="intake", field="", code="c", message="m", retriable=True
    )
    cells = list(to_cells(ErrorLine)(line))
    assert cells == ["a.csv", "7", "'-x", "intake", "", "c", "m", "", "true", "", "0", "", "error", ""]


def test_a_violation_becomes_an_error_of_the_intake() -> None:
    """Every part of a violation stands in its line, with the stage ``intake`` and no call."""
    violation = Violation(
        source="a.csv", row_number=3, external_id="x", field="email", code="email_syntax", message="bad", hint="fix"
    )
    line = ErrorLine.from_violation(violation, "2026-01-01T00:00:00Z")
    assert (line.source, line.row_number, line.external_id, line.field) == ("a.csv", 3, "x", "email")
    assert (line.stage, line.code, line.message, line.hint) == ("intake", "email_syntax", "bad", "fix")
    assert (line.http_status, line.retriable, line.attempt, line.at) == (None, False, 0, "2026-01-01T00:00:00Z")


def test_personal_data_has_a_place_in_waiting_lines_only() -> None:
    """Results and errors have no column for a name, an e-mail or a phone, and a waiting line does not print them."""
    personal = {"first_name", "last_name", "email", "phone"}
    assert not personal & {*columns(Result), *columns(ErrorLine)}
    waiting = Waiting(
        source="a", row_number=1, external_id="x", first_name="Canary", last_name="Canary", email="Canary",
        phone="Canary", phase="approval", code="c", message="m", hint="h",
    )  # fmt: skip
    assert "Canary" not in repr(waiting)


@given(st.lists(st.text(alphabet=st.sampled_from(DANGEROUS + "';\0ab")), min_size=3, max_size=3))
def test_the_fast_way_for_whole_lines_finds_every_formula(texts: list[str]) -> None:
    """Cells of a line are treated exactly as one by one, wherever in the line the formula stands."""
    source, external_id, message = texts
    line = Result(source=source, row_number=1, external_id=external_id, disposition=Disposition.FAILED, message=message)
    cells = list(to_cells(Result)(line))
    assert [cells[0], cells[2], cells[9]] == [as_cell(text) for text in texts]


@given(st.lists(st.text("aZ0 ,;\"'=+-@\t\r\n\uff1dé", max_size=5), min_size=2))
def test_cells_are_those_of_the_csv_writer(texts: list[str]) -> None:
    """Whatever stands in them; what a column is searched for finds each that is not written as it is."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([as_cell(text) for text in texts])
    assert ",".join(map(csv_cell, texts)) == buffer.getvalue()[:-2]
    assert all(re.search(ODD, text) for text in texts if csv_cell(text) != text)


@given(st.lists(st.text("aZ0 ,;\"'=+-@\t\r\n\uff1dé", max_size=5), min_size=5, max_size=5), st.sampled_from(Severity))
def test_the_line_of_a_violation_is_that_of_its_error_line(texts: list[str], severity: Severity) -> None:
    """It is written at once, and is the same text."""
    source, external_id, field, message, hint = texts
    found = Violation(
        source=source, row_number=7, external_id=external_id, field=field, code="code", message=message, hint=hint,
        severity=severity,
    )  # fmt: skip
    buffer = io.StringIO()
    at = "2026-01-02T03:04:05.678Z"
    csv.writer(buffer, lineterminator="\r\n").writerow(to_cells(ErrorLine)(ErrorLine.from_violation(found, at)))
    key = ",".join((csv_cell(source), "7", csv_cell(external_id)))
    assert violation_line(key, found, at) == buffer.getvalue()[:-2] + "\n"
