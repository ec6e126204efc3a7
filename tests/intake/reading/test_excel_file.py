import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import excel_file
from tests.intake.reading.workbooks import SHEET, changed, fill, read, refused, sheet_data, workbook

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def test_the_header_is_the_first_row_with_anything(tmp_path: Path) -> None:
    """Empty rows and columns around the table do not matter, names are stripped and stand as they are, copies too."""
    path = workbook(
        tmp_path / "x", [[], [None, "  "], [None, " a b ", None, 2024, "a b", " "], [None, "1", "2", "3", "4"]]
    )
    assert excel_file.columns(path, "x") == ("a b", "", "2024", "a b")
    assert read(path, "2024", "a b", "other") == ([("3", "1", "")], {})


def test_blank_rows_are_no_rows_whatever_is_wanted(tmp_path: Path) -> None:
    """Row numbers do not depend on the wanted columns; what stands beside the table is no row."""
    path = workbook(tmp_path / "x", [["a", "b"], [], ["1"], ["", " "], [None, "2"], [None, None, "note"], ["3"]])
    assert read(path, "a")[0] == [("1",), ("",), ("3",)]
    assert read(path)[0] == [("1", ""), ("", "2"), ("3", "")]


def test_batches_have_the_rows_once_and_in_order(tmp_path: Path) -> None:
    """All batches are full but the last; a table without rows has none."""
    path = workbook(tmp_path / "x", [["a"], *([number] for number in range(25))])
    frames = [frame for frame, _ in excel_file.frames(path, "x", ["a"], 10)]
    assert [frame.height for frame in frames] == [10, 10, 5]
    assert pl.concat(frames)["a"].to_list() == [str(number) for number in range(25)]
    assert list(excel_file.frames(workbook(tmp_path / "y", [["a"]]), "y", ["a"], 10)) == []


def test_a_formula_is_the_value_saved_with_it(tmp_path: Path) -> None:
    """Text, number, truth and nothing."""
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c", "d"])
        for column, value in enumerate(("text", 7, True, "")):
            sheet.write_formula(1, column, "=B1", None, value)
    assert read(path)[0] == [("text", "7", "TRUE", "")]


@pytest.mark.parametrize(
    "formula", ["<f>A1</f><v/>", "<f>A1</f><v />", "<f>A1</f>", '<f t="shared" si="0"/>', "<x:f>A1</x:f>"]
)
def test_formulas_that_were_never_calculated_are_refused(tmp_path: Path, formula: str) -> None:
    """Their cells hold no value, and would pass for empty ones."""
    path = workbook(tmp_path / "x", [["a"], ["1"]])
    cells = f'<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c>{formula}</c></row>'
    changed(path, SHEET, sheet_data(cells))
    if formula.startswith("<x:"):
        changed(path, SHEET, lambda old: old.replace(b"<worksheet ", b'<worksheet xmlns:x="' + MAIN + b'" ', 1))
    with pytest.raises(UnreadableInputError, match="never calculated"):
        read(path)
    assert read(path, "b")[0] in ([("",)], [])
    assert read(path, lenient=True)[0] in ([("",)], [])


def test_damage_behind_the_header_is_found_before_any_row(tmp_path: Path) -> None:
    """The whole sheet is read once, its checksum included."""
    path = workbook(tmp_path / "x", [["a"], *([number * 1.25] for number in range(5000))])
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo(SHEET)
    content = bytearray(path.read_bytes())
    content[part.header_offset + part.compress_size - 50] ^= 0x55
    path.write_bytes(content)
    assert "corrupt" in refused(path)


def test_a_workbook_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    """The header that was seen before is of the file as it was."""
    assert excel_file.columns(workbook(tmp_path / "x", [["a"]]), "x") == ("a",)
    assert excel_file.columns(workbook(tmp_path / "x", [["b", "c"]]), "x") == ("b", "c")


def test_the_workbook_is_closed_when_nobody_reads_on(tmp_path: Path) -> None:
    """An abandoned reading leaves no file open; pytest turns what is left into an error."""
    path = workbook(tmp_path / "x", [["a"], *([number] for number in range(100))])
    frames = excel_file.frames(path, "x", ["a"], 10)
    assert next(frames)[0].height == 10
    del frames


KNOWN = excel_file.Header(known=frozenset({"a", "b", "c"}))


@pytest.mark.parametrize(
    ("above", "header"),
    [
        ([["Customers of Example Bank"], []], KNOWN),
        ([["Customers of Example Bank"], []], excel_file.ANYWHERE),
        ([["Customers", "as of", "2026-03-01"], ["x", "y"]], KNOWN),
        ([["a"], ["x", "y", "z"]], excel_file.Header(skip_lines=2)),
        ([], KNOWN),
        ([], excel_file.ANYWHERE),
    ],
)
def test_titles_above_the_header_are_passed_over(
    tmp_path: Path, above: list[list[Any]], header: excel_file.Header
) -> None:
    """As in CSV: by the names that are known, as stated, or because a title stands alone."""
    path = workbook(tmp_path / "x", [*above, ["a", "b", "c"], ["1", "2", "3"], ["4", None, None]])
    assert excel_file.columns(path, "x", header=header) == ("a", "b", "c")
    assert read(path, "a", "c", header=header)[0] == [("1", "3"), ("4", "")]


def test_rows_that_a_profile_leaves_out_count_as_the_sheet_does(tmp_path: Path) -> None:
    """Empty ones, too."""
    path = workbook(tmp_path / "x", [["t"], [], [], ["a", "b"], ["1", "2"]])
    for skipped in (1, 2, 3):
        assert excel_file.columns(path, "x", header=excel_file.Header(skip_lines=skipped)) == ("a", "b")
    assert excel_file.columns(path, "x", header=excel_file.Header(skip_lines=4)) == ("1", "2")


def test_formulas_that_nobody_wants_need_no_value(tmp_path: Path) -> None:
    """They are refused where their column is wanted only."""
    path = workbook(tmp_path / "x", [["a"], ["1"]])
    row = '<row><c t="inlineStr"><is><t>{}</t></is></c><c {}</c></row>'
    changed(path, SHEET, sheet_data(row.format("a", 't="inlineStr"><is><t>b</t></is>') + row.format("1", "><f>A1</f>")))
    assert read(path, "a")[0] == [("1",)]
    with pytest.raises(UnreadableInputError, match="never calculated"):
        read(path, "a", "b")


def test_a_wide_sheet_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held at once is a number of cells, not of rows; all rows come out, in batches of any size."""
    monkeypatch.setattr(excel_file, "_BLOCK_CELLS", 30)
    names = [f"n{place}" for place in range(7)]
    rows = [[f"{number}.{place}" for place in range(7)] for number in range(25)]
    rows[9][3] = "=1/0"
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        fill(book, sheet, [names, *rows])
        sheet.write_formula(10, 3, "=1/0", None, "#DIV/0!")
    for batch_rows in (1, 3, 4, 25, 100):
        frames = list(excel_file.frames(path, "x", ["n6", "n3"], batch_rows))
        cells = [row for frame, _ in frames for row in frame.rows()]
        assert [frame.height for frame, _ in frames[:-1]] == [batch_rows] * (len(frames) - 1)
        assert cells == [("", "") if n == 9 else (f"{n}.6", f"{n}.3") for n in range(25)]
        faults = {
            number * batch_rows + place: f.line
            for number, (_, found) in enumerate(frames)
            for place, f in found.items()
        }
        assert faults == {9: 11}


def test_the_copy_of_a_sheet_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds persons' data, and is gone with the process however that ends."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    path = workbook(tmp_path / "x", [["a"], ["1"]])
    assert read(path)[0] == [("1",)]
    assert list((tmp_path / "copies").iterdir()) == []
