import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import excel_file
from tests.intake.reading.workbooks import SHEET, changed, fill, read, refused, sheet_data, workbook

TYPES = "[Content_Types].xml"


STRICT = (
    b"schemas.openxmlformats.org/officeDocument/2006/relationships",
    b"purl.oclc.org/ooxml/officeDocument/relationships",
)


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
    assert "pip install 'openpyxl>=" in said


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
