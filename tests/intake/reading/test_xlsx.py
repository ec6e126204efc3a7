from pathlib import Path

import pytest
import xlsxwriter

from tests.intake.reading.workbooks import SHEET, changed, read, sheet_data, workbook


def test_rich_text_is_text_without_its_reading_aids(tmp_path: Path) -> None:
    """Runs are joined, phonetic guides are none of it."""
    path = workbook(tmp_path / "x", [["a"]])
    runs = "<r><t>李</t></r><r><t>明</t></r><rPh sb='0' eb='1'><t>リ</t></rPh>"
    cells = f'<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c t="inlineStr"><is>{runs}</is></c></row>'
    assert read(changed(path, SHEET, sheet_data(cells)))[0] == [("李明",)]


@pytest.mark.parametrize("stated", ["A1", "A1:XFD1048576"])
def test_a_wrongly_stated_size_cuts_nothing_off(tmp_path: Path, stated: str) -> None:
    """Some writers state another size than the table has."""
    path = workbook(tmp_path / "x", [["a", "b"], ["1", "2"]])
    changed(path, SHEET, lambda old: old.replace(b'ref="A1:B2"', f'ref="{stated}"'.encode()))
    assert read(path)[0] == [("1", "2")]


def test_a_lone_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    """A sheet is never laid out as a whole."""
    path = workbook(tmp_path / "x", [["a"]])
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(9_999, 16_383, "far")
        sheet.write(9_999, 0, "1")
    assert read(path)[0] == [("1",)]
