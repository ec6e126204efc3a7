from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.reading.records import Fault
from tests.intake.reading.workbooks import SHEET, changed, fill, read, sheet_data, shown, workbook

NAME = "Žaneta Ó Néill 李"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        ("00123", None, "00123"),
        (NAME, None, NAME),
        ("=1+1", "@", "0"),  # a formula with the value that its writer saved
        (5, None, "5"),
        (-5, None, "-5"),
        (12345678901234, None, "12345678901234"),
        (999999999999999, "0.00E+00", "999999999999999"),
        (1e14, None, "100000000000000"),
        (0.1 + 0.2, None, "0.3"),
        (1e-7, None, "0.0000001"),
        (1234.5, "#,##0", "1234.5"),
        (1234, "#,##0", "1234"),
        (5, '0" years"', "5 years"),
        (5, "# ?/?", "5"),
        (5, "# 0/0", "5"),
        (5, "0%", "5"),
        (123, "00000", "00123"),
        (1234567, "00000", "1234567"),
        (0, "00000", "00000"),
        (-7, "000", "-007"),
        (123, "00000;[Red]-00000", "00123"),
        (37061231001, '"+"0', "+37061231001"),
        (37061231001, "+0", "+37061231001"),
        (37061231001, r"\+000\ 000 00000", "+370 612 31001"),
        (19901003, "0000-00-00", "1990-10-03"),
        (123456789, "000-00-0000", "123-45-6789"),
        (5551234, "[<=9999999]###-####;(###) ###-####", "5551234"),
        (True, None, "TRUE"),
        (False, None, "FALSE"),
        (datetime(1990, 10, 3), "dd.mm.yyyy", "1990-10-03"),  # noqa: DTZ001 - Excel knows no time zones
        (datetime(1990, 10, 3), "yyyy-mm-dd hh:mm:ss", "1990-10-03"),  # noqa: DTZ001
        (datetime(1990, 10, 3, 23, 59, 59), "dd.mm.yyyy", "1990-10-03T23:59:59"),  # noqa: DTZ001
        (datetime(1990, 10, 3, 12, 0, 0, 250000), "hh:mm", "1990-10-03T12:00:00.250"),  # noqa: DTZ001
        (1, "d/m/yy", "1900-01-01"),
        (datetime(1900, 2, 28), "d/m/yy", "1900-02-28"),  # noqa: DTZ001
        (datetime(9999, 12, 31), "yyyy", "9999-12-31"),  # noqa: DTZ001
        (0.5, "hh:mm", "12:00:00"),
        (1.5, "[h]:mm", "36:00:00"),
        (33149, None, "33149"),
    ],
)
def test_a_cell_is_the_text_that_a_person_sees(
    tmp_path: Path, value: object, number_format: str | None, text: str
) -> None:
    """Digits with the zeros and signs of their format, days and instants in ISO, text as it is."""
    assert shown(tmp_path, value, number_format) == text


def test_dates_of_the_1904_system_are_right(tmp_path: Path) -> None:
    """The same day is another number there."""
    rows: list[list[Any]] = [["a"], [(date(1990, 10, 3), "d/m/yy")]]
    one, other = workbook(tmp_path / "1900", rows), workbook(tmp_path / "1904", rows, {"date_1904": True})
    assert read(one)[0] == read(other)[0] == [("1990-10-03",)]


def test_escaped_characters_are_read(tmp_path: Path) -> None:
    """What XML cannot hold stands as its number; half a pair of surrogates is left alone."""
    path = workbook(tmp_path / "x", [["a"]])
    cells = "".join(f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>' for text in ("a", "b_x000D_c", "_xD800_"))
    assert read(changed(path, SHEET, sheet_data(cells)))[0] == [("b\rc",), ("_xD800_",)]


def test_errors_and_lost_digits_are_faults_of_their_record(tmp_path: Path) -> None:
    """They are told by the sheet's row, and only where their column is wanted."""
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        fill(book, sheet, [["a", "b", "note"], ["1", "2"], [], ["3", 1e15, "x"], [None, 1234567890123456], ["5", "6"]])
        sheet.write_formula("A5", "=NA()", None, "#N/A")
        sheet.write_formula("C2", "=1/0", None, "#DIV/0!")
    rows, faults = read(path, "a", "b")
    assert rows == [("1", "2"), ("", ""), ("", ""), ("5", "6")]
    assert faults == {
        1: Fault(codes=(ViolationCode.NUMBER_IMPRECISE,), line=4),
        2: Fault(codes=(ViolationCode.CELL_ERROR, ViolationCode.NUMBER_IMPRECISE), line=5),
    }
    copied, faults = read(path, as_shown=True)
    assert not faults
    assert copied[:3] == [("1", "2", "#DIV/0!"), ("3", "1.00000E+15", "x"), ("#N/A", "1.23457E+15", "")]


def test_days_that_are_in_no_calendar_are_faults(tmp_path: Path) -> None:
    """A number too large for a date shows as an error in Excel as well."""
    _, faults = read(workbook(tmp_path / "x", [["a"], [(99_999_999, "yyyy-mm-dd")]]))
    assert faults == {0: Fault(codes=(ViolationCode.CELL_ERROR,), line=2)}


def test_times_of_day_are_no_dates(tmp_path: Path) -> None:
    """They come out as a time, for the rules to refuse."""
    assert shown(tmp_path, timedelta(hours=7).total_seconds() / 86400, "hh:mm:ss") == "07:00:00"
