"""Opens a workbook (.xlsx) and reads the rows of one sheet as texts.

Promises: a file that is no workbook, is damaged or unpacks to too much is refused by one :class:`UnreadableInputError`;
a sheet is never held as a whole, whatever size it claims; chart sheets and, beside others, empty sheets are skipped.
Knows no header.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finhub_onboard.errors import UnreadableInputError

if TYPE_CHECKING:
    from finhub_onboard.intake.reading.xlsx import Book, Cell

_MAX_RATIO, _SMALL = 100, 10 * 1024**2
"""How far a part may unpack, unless it is small: real sheets reach 10 to 20, bombs 1000."""
_MAX_ROWS, _SHOWN_SHEETS = 1_048_576, 20
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_BLOCK, _OVERLAP = 1024 * 1024, 16 * 1024
_TYPES = "[Content_Types].xml"
_MAIN = b"spreadsheetml.sheet.main+xml"
_AS_CSV = "save the sheet as CSV UTF-8"
_INSTALL = "pip install 'openpyxl>=3.1.3'"
_SAVE_AS = "open it in Excel and save it as Excel workbook (.xlsx) or CSV UTF-8"
_UNWRITTEN = re.compile(
    rb"(?<! t=\"str\">)<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*<(?:\w+:)?v\s*/>\s*</(?:\w+:)?c>"
)
"""A formula with a value as openpyxl writes it when it has none; ``<v></v>`` is empty text: no reader of XML tells."""
_HOLDS = re.compile(rb"<(?:\w+:)?(?:v|is|f)[\s>]")
"""Elements that a non-empty cell has."""


def rows(path: Path, name: str, sheet: str, max_unpacked: int) -> Iterator[tuple[int, "list[Cell]"]]:
    """Yield the rows of a sheet that have cells, with their numbers."""
    _check_archive(path, name, max_unpacked)
    with path.open("rb") as stream:  # a stream, because openpyxl checks a file's extension otherwise
        book = _open_book(stream, name)
        part = _sheet(book, name, sheet)
        with book.archive.open(part) as source:
            for number, cells in book.rows(source):
                if number > _MAX_ROWS:
                    raise UnreadableInputError(f"{name} has more than {_MAX_ROWS} rows in a sheet", hint=_SAVE_AS)
                yield number, cells


def _open_book(stream: Any, name: str) -> "Book":
    try:
        import openpyxl  # noqa: F401, PLC0415 - an extra that only workbooks need

        from finhub_onboard.intake.reading.xlsx import Book  # noqa: PLC0415 - it needs the extra
    except ImportError:
        raise UnreadableInputError(f"{name} is an Excel workbook", hint=f"install what reads it: {_INSTALL}") from None
    return Book(stream)


def _sheet(book: "Book", name: str, wanted: str) -> str:
    """Return the part of the named sheet, or of the only visible one that is not empty."""
    sheets = book.sheets()
    if not sheets:
        raise UnreadableInputError(f"{name} has no sheet, or is a Strict Open XML workbook", hint=_SAVE_AS)
    if wanted:
        named = {sheet.title: sheet.part for sheet in sheets}
        if wanted not in named:
            near = get_close_matches(wanted, named, n=1, cutoff=0.0)
            raise UnreadableInputError(
                f"{name} has no sheet {wanted}; the nearest is {near[0]}", hint="correct source.sheet in the profile"
            )
        return named[wanted]
    visible = [sheet for sheet in sheets if sheet.visible]
    candidates = (
        visible if len(visible) <= 1 else [sheet for sheet in visible if _has_cells(book, sheet.part)] or visible[:1]
    )
    if len(candidates) != 1:
        titles = [sheet.title for sheet in candidates or sheets]
        listed = ", ".join(titles[:_SHOWN_SHEETS]) + (", …" if len(titles) > _SHOWN_SHEETS else "")
        raise UnreadableInputError(
            f"{name} has {len(titles)} {'visible' if candidates else 'hidden'} sheets: {listed}",
            hint="state source.sheet in the profile (onboard profile: --sheet)",
        )
    return candidates[0].part


def leaves_values_out(path: Path, name: str, sheet: str) -> bool:
    """Tell whether formulas of a sheet were saved without values."""
    with path.open("rb") as stream:
        book = _open_book(stream, name)
        with book.archive.open(_sheet(book, name, sheet)) as source:
            return _finds(source, _UNWRITTEN)


def _has_cells(book: "Book", part: str) -> bool:
    with book.archive.open(part) as source:
        return _finds(source, _HOLDS)


def _check_archive(path: Path, name: str, max_unpacked: int) -> None:
    """Refuse a file that is no .xlsx workbook, or unpacks to too much."""
    with path.open("rb") as stream:
        if stream.read(len(_OLE_MAGIC)) == _OLE_MAGIC:
            encrypted = _finds(stream, re.compile(re.escape("EncryptedPackage".encode("utf-16-le"))))
            what, hint = ("encrypted", "save it without a password") if encrypted else ("old (.xls)", _SAVE_AS)
            raise UnreadableInputError(f"{name} is an {what} Excel workbook", hint=hint)
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if (unpacked := sum(part.file_size for part in parts)) > max_unpacked:
                what = f"{name} unpacks to {unpacked} bytes, {max_unpacked} are allowed"
                raise UnreadableInputError(what, hint=_AS_CSV)
            if any(part.file_size > max(_SMALL, _MAX_RATIO * part.compress_size) for part in parts):
                raise UnreadableInputError(f"{name} unpacks to more than {_MAX_RATIO} times its size", hint=_AS_CSV)
            types = archive.read(_TYPES) if _TYPES in archive.namelist() else b""
    if b"macroEnabled" in types:
        raise UnreadableInputError(f"{name} is a workbook with macros or binary (.xlsm, .xlsb)", hint=_SAVE_AS)
    if _MAIN not in types:
        raise UnreadableInputError(f"{name} is a ZIP archive and no Excel workbook (.xlsx)", hint=_SAVE_AS)


def _finds(stream: Any, pattern: re.Pattern[bytes]) -> bool:
    """Search a stream for a pattern of less than ``_OVERLAP`` bytes."""
    tail = b""
    while block := stream.read(_BLOCK):
        if pattern.search(tail + block):
            return True
        tail = block[-_OVERLAP:]
    return False


@contextmanager
def guard(name: str) -> Iterator[None]:
    """Context manager: report failures of the reader in one plain sentence, hide its warnings. Not for a ``yield``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise UnreadableInputError(f"{name} does not fit into memory", hint=_AS_CSV) from None
    except Exception as error:
        if isinstance(error, UnreadableInputError):
            raise
        raise UnreadableInputError(
            f"{name} is a corrupt Excel workbook, or one with features that are not supported", hint=_SAVE_AS
        ) from None
