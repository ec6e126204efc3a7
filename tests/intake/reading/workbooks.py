"""What tests of workbooks share: workbooks made and spoilt, and what is read of them."""

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import excel_file
from finhub_onboard.intake.reading.records import Fault

SHEET = "xl/worksheets/sheet1.xml"


def workbook(path: Path, rows: list[list[Any]], options: dict[str, Any] | None = None) -> Path:
    """Write a workbook of one sheet; a pair is a value and its number format."""
    with xlsxwriter.Workbook(path, options) as book:
        fill(book, book.add_worksheet(), rows)
    return path


def fill(book: Any, sheet: Any, rows: list[list[Any]]) -> None:
    """Write rows into a sheet."""
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            value, shown = cell if isinstance(cell, tuple) else (cell, None)
            style = book.add_format({"num_format": shown}) if shown else None
            if isinstance(value, datetime | date):
                sheet.write_datetime(row, column, value, style)
            elif value is not None:
                sheet.write(row, column, value, style)


def changed(
    path: Path, part: str, change: Callable[[bytes], bytes | None], add: dict[str, bytes] | None = None
) -> Path:
    """Write a workbook again with one part changed, or left out, and others added."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    new = change(parts.pop(part))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | ({part: new} if new is not None else {}) | (add or {})).items():
            archive.writestr(name, content)
    return path


def sheet_data(data: str) -> Callable[[bytes], bytes]:
    """Return a change of a sheet's rows."""
    return lambda old: re.sub(
        rb"<sheetData.*</sheetData>", f"<sheetData>{data}</sheetData>".encode(), old, flags=re.DOTALL
    )


def read(path: Path, *wanted: str, sheet: str = "", **options: Any) -> tuple[list[tuple[str, ...]], dict[int, Fault]]:
    """Read the columns, all by default, in one batch."""
    frames = list(excel_file.frames(path, "x", wanted or excel_file.columns(path, "x", sheet), 1000, sheet, **options))
    assert len(frames) <= 1
    return (frames[0][0].rows(), frames[0][1]) if frames else ([], {})


def refused(path: Path, sheet: str = "", **options: Any) -> str:
    """Return the sentence that refuses a workbook, and its hint."""
    with pytest.raises(UnreadableInputError) as caught:
        excel_file.columns(path, "x.xlsx", sheet, **options)
    assert str(caught.value).startswith("x.xlsx")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return f"{caught.value} | {caught.value.hint}"


def shown(tmp_path: Path, value: Any, number_format: str | None = None) -> str:
    """Return the text of one cell."""
    rows, faults = read(workbook(tmp_path / "cell.xlsx", [["a"], [(value, number_format)]]), "a")
    assert not faults
    return rows[0][0]
