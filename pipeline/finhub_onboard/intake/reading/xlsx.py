"""openpyxl's readers of a workbook and of a sheet, giving texts; the only module that knows the library.

Promises: what they read is what openpyxl reads. Cells and shared texts that are plain text, which are most, take a
shorter way than through its objects, and a sheet is read once: openpyxl would read it whole for a size that its writer
left out. Damage is whatever exception the library raises.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from openpyxl.cell import text as _text
from openpyxl.reader import excel as _excel
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet import _reader
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from finhub_onboard.intake.reading import cell_text

# Their types are not those of the library's own use of them.
_SheetReader: Any = _reader.WorkSheetParser
_BookReader: Any = _excel.ExcelReader
_SharedText: Any = _text.Text
_TEXT, _ITEM = f"{{{SHEET_MAIN_NS}}}t", f"{{{SHEET_MAIN_NS}}}si"


_PLAIN = ("s", "inlineStr")
Cell = tuple[int, str, str]
"""A cell that is not empty: its column from 0, the text that it shows, and why it is no value."""


class Sheet(NamedTuple):
    """A sheet of a workbook: its title, the part that it is in, and whether it shows."""

    title: str
    part: str
    visible: bool


class Parser(_SheetReader):  # type: ignore[misc]  # see there
    """openpyxl's reader of a sheet, giving texts."""

    def __init__(self, source: Any, book: "Book") -> None:
        """Read a part of a book."""
        wb = book.wb
        super().__init__(
            source,
            book.shared_strings,
            data_only=True,
            epoch=wb.epoch,
            date_formats=wb._date_formats,  # noqa: SLF001
            timedelta_formats=wb._timedelta_formats,  # noqa: SLF001
        )
        self._book = book
        self._places: dict[str, int] = {}
        self.row_counter: int = 0

    def parse_row(self, row: Any) -> tuple[int, list[Cell]]:
        """Return the number of a row, and its cells that are not empty."""
        number = row.get("r")
        self.row_counter = int(float(number)) if number else self.row_counter + 1
        self.col_counter = 0
        places, strings = self._places, self.shared_strings
        cells: list[Cell] = []
        for element in row:
            letters = element.get("r", "").rstrip("0123456789")
            kind, children = element.get("t"), len(element)
            if not letters or children > 1 or (children and kind not in _PLAIN):
                cell = self._any(element)
                if cell[1] or cell[2]:
                    cells.append(cell)
                continue
            column = places.get(letters)
            if column is None:
                column = places[letters] = column_index_from_string(letters) - 1
            self.col_counter = column + 1
            if not children:
                continue
            child = element[0]
            if kind == "s" and child.tag == VALUE_TAG:
                text = strings[int(child.text)]
            elif len(child) == 1 and child[0].tag == _TEXT:
                text = child[0].text
            else:
                text = self._any(element)[1]
            if text:
                cells.append((column, cell_text.unescape(text) if "_x" in text else text, ""))
        return self.row_counter, cells

    def _any(self, element: Any) -> Cell:
        cell = super().parse_cell(element)
        value, kind = cell["value"], cell["data_type"]
        code = ""
        if value is None and element.get("t") != "str" and element.find(FORMULA_TAG) is not None:
            code = cell_text.UNCALCULATED if element.find(VALUE_TAG) is None else cell_text.UNCALCULATED_OR_EMPTY
        text, fault = cell_text.text(value, kind, self._book.format_of(cell["style_id"]))
        return cell["column"] - 1, text, code or fault


class Book(_BookReader):  # type: ignore[misc]  # see there
    """A workbook opened without its sheets: openpyxl would read each of them for its size."""

    def __init__(self, stream: Any) -> None:
        """Open a stream."""
        super().__init__(stream, read_only=True, data_only=True, keep_links=False)
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self._formats: dict[int, str] = {}

    def read_strings(self) -> None:
        """Read the texts that cells share."""
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        with self.archive.open(part.PartName[1:]) as source:
            for _, node in iterparse(source):
                if node.tag == _ITEM:
                    simple = len(node) == 1 and node[0].tag == _TEXT
                    text = (node[0].text or "") if simple else _SharedText.from_tree(node).content
                    self.shared_strings.append(text.replace("x005F_", ""))
                    node.clear()

    def sheets(self) -> list[Sheet]:
        """Return the sheets that are tables, in order."""
        return [
            Sheet(sheet.name, rel.target, sheet.state == "visible")
            for sheet, rel in self.parser.find_sheets()
            if rel.target in self.valid_files and "chartsheet" not in rel.Type
        ]

    def rows(self, source: Any) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the rows of a sheet that are written in it, with their numbers."""
        yield from Parser(source, self).parse()

    def format_of(self, style: int) -> str:
        """Return the number format of a style."""
        known = self._formats.get(style)
        if known is None:
            known = self._formats[style] = self._format(style)
        return known

    def _format(self, style: int) -> str:
        try:
            number = self.wb._cell_styles[style].numFmtId  # noqa: SLF001
            if number < BUILTIN_FORMATS_MAX_SIZE:
                return str(BUILTIN_FORMATS.get(number, "General"))
            return str(self.wb._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])  # noqa: SLF001
        except (TypeError, IndexError):  # its writer left the style empty, or names one that is not there
            return ""
