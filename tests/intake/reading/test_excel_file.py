import re
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import excel_file
from finhub_onboard.intake.reading.records import Fault

NAME = "Žaneta Ó Néill 李"
SHEET = "xl/worksheets/sheet1.xml"
TYPES = "[Content_Types].xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = (
    b"schemas.openxmlformats.org/officeDocument/2006/relationships",
    b"purl.oclc.org/ooxml/officeDocument/relationships",
)


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


def test_rich_text_is_text_without_its_reading_aids(tmp_path: Path) -> None:
    """Runs are joined, phonetic guides are none of it."""
    path = workbook(tmp_path / "x", [["a"]])
    runs = "<r><t>李</t></r><r><t>明</t></r><rPh sb='0' eb='1'><t>リ</t></rPh>"
    cells = f'<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c t="inlineStr"><is>{runs}</is></c></row>'
    assert read(changed(path, SHEET, sheet_data(cells)))[0] == [("李明",)]


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
        1: Fault(codes=("number_imprecise",), line=4),
        2: Fault(codes=("cell_error", "number_imprecise"), line=5),
    }
    copied, faults = read(path, as_shown=True)
    assert not faults
    assert copied[:3] == [("1", "2", "#DIV/0!"), ("3", "1.00000E+15", "x"), ("#N/A", "1.23457E+15", "")]


def test_days_that_are_in_no_calendar_are_faults(tmp_path: Path) -> None:
    """A number too large for a date shows as an error in Excel as well."""
    _, faults = read(workbook(tmp_path / "x", [["a"], [(99_999_999, "yyyy-mm-dd")]]))
    assert faults == {0: Fault(codes=("cell_error",), line=2)}


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


def several(path: Path, *, hidden: str = "") -> Path:
    """Write a workbook with the sheets People, Peoples and Notes, one of them hidden."""
    with xlsxwriter.Workbook(path) as book:
        for title in ("Notes", "People", "Peoples"):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, [f"in {title}"])
            if title == hidden:
                sheet.hide()
        book.get_worksheet_by_name("People").activate()
        book.get_worksheet_by_name("People").set_first_sheet()
    return path


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    """The sheets are listed; a wrong name gets the nearest."""
    path = several(tmp_path / "x")
    assert "has 3 visible sheets: Notes, People, Peoples | state source.sheet" in refused(path)
    assert "has no sheet Poeple; the nearest is People" in refused(path, "Poeple")
    assert excel_file.columns(path, "x", "Peoples") == ("in Peoples",)


def test_hidden_sheets_are_read_only_when_named(tmp_path: Path) -> None:
    """They do not count among several."""
    path = several(tmp_path / "x", hidden="Notes")
    assert "has 2 visible sheets: People, Peoples" in refused(path)
    assert excel_file.columns(path, "x", "Notes") == ("in Notes",)
    other = workbook(tmp_path / "y", [["a"]])
    hide = rb'<sheet name="Sheet1" state="veryHidden"'
    assert "has 1 hidden sheets: Sheet1" in refused(
        changed(other, "xl/workbook.xml", lambda old: old.replace(b'<sheet name="Sheet1"', hide))
    )


def test_charts_are_no_sheets_to_read(tmp_path: Path) -> None:
    """A workbook with one table and a chart has one sheet."""
    with xlsxwriter.Workbook(tmp_path / "x") as book:
        book.add_worksheet("T").write_row(0, 0, ["a"])
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=T!$A$1:$A$2"})
        book.add_chartsheet("C").set_chart(chart)
    assert excel_file.columns(tmp_path / "x", "x") == ("a",)


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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "is an encrypted Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "is an old (.xls) Excel workbook"),
        (b"PK\x03\x04 and then nothing of the kind", "is a corrupt Excel workbook"),
        (b"", "is a corrupt Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    """Told by its content."""
    (tmp_path / "x").write_bytes(content)
    assert words in refused(tmp_path / "x")


def swapped(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return a change that puts one text in the place of another, which must be there."""

    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    return change


def bomb_of_entities(content: bytes) -> bytes:
    """Let a text unfold to 10^12 characters."""
    levels = (f'<!ENTITY a{level + 1} "{f"&a{level};" * 10}">' for level in range(12))
    document = f'<!DOCTYPE a [<!ENTITY a0 "a">{"".join(levels)}]>'.encode()
    return content.replace(b"<sst", document + b"<sst", 1).replace(b"<t>a<", b"<t>&a12;<")


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        (TYPES, swapped(b"vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"macroEnabled"), "with macros"),
        (TYPES, swapped(b"spreadsheetml.sheet.main", b"wordprocessingml.document.main"), "no Excel workbook"),
        (TYPES, lambda _: None, "no Excel workbook"),
        ("xl/workbook.xml", lambda _: None, "corrupt"),
        ("xl/workbook.xml", swapped(*STRICT), "Strict Open XML"),
        (SHEET, swapped(b"</sheetData>", b""), "corrupt"),
        (SHEET, swapped(b"<v>0</v>", b"<v>77</v>"), "corrupt"),
        (SHEET, sheet_data(""), "has nothing in its sheet"),
        ("xl/sharedStrings.xml", bomb_of_entities, "corrupt"),
    ],
    ids=["macros", "document", "untyped", "headless", "strict", "unclosed", "dangling", "empty", "entities"],
)
def test_broken_and_foreign_parts_are_one_sentence(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes | None], words: str
) -> None:
    """Whatever the reader says about it."""
    path = changed(workbook(tmp_path / "x", [["a"], ["1"]]), part, change)
    if part == SHEET and words == "corrupt":
        with pytest.raises(UnreadableInputError, match=words):
            read(path)
    else:
        assert words in refused(path)


def test_a_workbook_cut_short_is_corrupt(tmp_path: Path) -> None:
    """Wherever its copy ended."""
    whole = workbook(tmp_path / "whole", [["a"], ["1"]]).read_bytes()
    for size in range(4, len(whole), len(whole) // 9):
        (tmp_path / "x").write_bytes(whole[:size])
        assert "corrupt" in refused(tmp_path / "x")


def test_damage_behind_the_header_is_found_before_any_row(tmp_path: Path) -> None:
    """The whole sheet is read once, its checksum included."""
    path = workbook(tmp_path / "x", [["a"], *([number * 1.25] for number in range(5000))])
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo(SHEET)
    content = bytearray(path.read_bytes())
    content[part.header_offset + part.compress_size - 50] ^= 0x55
    path.write_bytes(content)
    assert "corrupt" in refused(path)


def test_what_unpacks_beyond_measure_is_refused(tmp_path: Path) -> None:
    """By its size, by its ratio, and also where the archive understates it."""
    path = workbook(tmp_path / "x", [["a"]])
    assert "bytes, 1000 are allowed" in refused(path, max_unpacked=1000)
    bomb = changed(path, "xl/styles.xml", lambda old: old + b" " * 20_000_000)
    assert "more than 100 times its size" in refused(bomb)
    stated = (len(zipfile.ZipFile(bomb).read("xl/styles.xml"))).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(stated, (5000).to_bytes(4, "little")))
    assert "corrupt" in refused(bomb)


def test_without_the_extra_the_hint_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook is named for what it is."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    said = refused(workbook(tmp_path / "x", [["a"]]))
    assert "is an Excel workbook | " in said
    assert 'pip install "finhub-onboard[excel]"' in said


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


def test_times_of_day_are_no_dates(tmp_path: Path) -> None:
    """They come out as a time, for the rules to refuse."""
    assert shown(tmp_path, timedelta(hours=7).total_seconds() / 86400, "hh:mm:ss") == "07:00:00"


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


def test_empty_sheets_beside_the_table_are_passed_over(tmp_path: Path) -> None:
    """Excel made three sheets in every workbook for years."""
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Sheet1").write_blank(4, 4, None, book.add_format({"bold": True}))
        fill(book, book.add_worksheet("Sheet2"), [["a"], ["1"]])
        book.add_worksheet("Sheet3")
    assert read(path)[0] == [("1",)]


def test_a_chart_sheet_without_its_drawing_is_passed_over(tmp_path: Path) -> None:
    """Whatever is wrong with it."""
    path = tmp_path / "x"
    with xlsxwriter.Workbook(path) as book:
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Sheet1!$A$2:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        fill(book, book.add_worksheet("Sheet1"), [["a"], ["1"]])
    changed(path, "xl/chartsheets/_rels/sheet1.xml.rels", lambda _: None)
    changed(path, "xl/chartsheets/sheet1.xml", lambda _: b"<chartsheet/>")
    assert read(path)[0] == [("1",)]


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
