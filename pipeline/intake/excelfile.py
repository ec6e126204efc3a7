"""Excel workbooks (.xlsx) as text: the cells of one sheet as a person sees them.

Promises: the header is the first row with anything in it, rows without anything are no rows. Text stays as it is;
whole numbers are digits without exponent, with the zeros and signs that their number format shows; days and instants
are ISO whatever their format; of a formula the value saved with it counts, and formulas saved without are refused.
Error cells, and numbers of which Excel keeps only 15 digits, are faults of their record. Hidden sheets are read only
when named; hidden and filtered rows are rows; of merged cells the first has the value. What cannot be read is one
:class:`UnreadableInputError`. Memory grows with the batch and with the workbook's distinct texts. Knows no rules.

Why openpyxl, which is slow: calamine, also below fastexcel, holds whole sheets in memory, aborts the process where one
cell is far from the others, gives error cells as empty ones and knows no number formats.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import UnreadableInputError
from pipeline.intake.records import Fault

MAX_UNPACKED = 2 * 1024**3
"""Bytes of all parts of a workbook; a million rows with 24 columns are half of it."""
_MAX_RATIO, _SMALL = 100, 10 * 1024**2
"""How far a part may unpack, unless it is small: real sheets reach 10 to 20, bombs 1000."""
_MAX_ROWS, _IMPRECISE, _SHOWN_SHEETS = 1_048_576, 10**15, 20
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_BLOCK, _OVERLAP = 1024 * 1024, 16 * 1024
_TYPES = "[Content_Types].xml"
_MAIN = b"spreadsheetml.sheet.main+xml"
_AS_CSV = "save the sheet as CSV UTF-8"
_SAVE_AS = "open it in Excel and save it as Excel workbook (.xlsx) or CSV UTF-8"
_NO_VALUE = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^<>]*)?/>)\s*</(?:\w+:)?c>"
    rb"|(?<! t=\"str\">)<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"\s*<(?:\w+:)?v\s*/>\s*</(?:\w+:)?c>"
)
"""A formula that is the last of its cell, or followed by no value as openpyxl writes it; ``<v></v>`` is empty text."""
_PIECE = re.compile(r'\\(.)|"([^"]*)"|_.|([-+() 0#])')
"""Of a number format that shows nothing but digits and fixed text; a bare slash would be a fraction."""
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NOTHING = ("", "")


def columns(path: Path, name: str, sheet: str = "", *, max_unpacked: int = MAX_UNPACKED) -> tuple[str, ...]:
    """Return the header: the names of the first row that has any, without outer white space, from first to last."""
    found = path.stat()
    return _columns(path, name, sheet, max_unpacked, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=16)
def _columns(path: Path, name: str, sheet: str, max_unpacked: int, _stamp: tuple[int, ...]) -> tuple[str, ...]:
    """Look at a workbook once as long as it is the same: before its first row all distinct texts must be read."""
    with _guarded(name):
        _, names = _header(_rows(path, name, sheet, max_unpacked))
        _check_calculated(path, name)
    if not names:
        raise UnreadableInputError(f"{name} has nothing in its sheet {sheet}".rstrip(), hint="check how it was made")
    return names


def frames(
    path: Path,
    name: str,
    wanted: Sequence[str],
    batch_rows: int,
    sheet: str = "",
    *,
    as_shown: bool = False,
    max_unpacked: int = MAX_UNPACKED,
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the rows as frames of text with the wanted columns ('' is absent), faults by place in the frame.

    The line of a fault is the sheet's row; cells of other columns cause none. ``as_shown`` is for copies of rows: no
    cell is a fault, and each is the text that it shows.
    """
    rows = _rows(path, name, sheet, max_unpacked)
    with _guarded(name):
        start, names = _header(rows)
    places = [start + names.index(column) if column in names else -1 for column in wanted]
    table: list[list[str]] = [[]]
    while table:
        table, faults = [], {}
        with _guarded(name):
            for number, cells in rows:
                if not any(_holds(cell) for cell in cells[start : start + len(names)]):
                    continue
                line = [_text(cells[place]) if 0 <= place < len(cells) else _NOTHING for place in places]
                codes = {code for _, code in line if code}
                if codes and not as_shown:
                    faults[len(table)] = Fault(codes=tuple(sorted(codes)), line=number)
                table.append([text if as_shown or not codes else "" for text, _ in line])
                if len(table) == batch_rows:
                    break
        if table:
            yield pl.DataFrame(dict(zip(wanted, zip(*table, strict=True), strict=True))), faults


def _header(rows: Iterator[tuple[int, Sequence[Any]]]) -> tuple[int, tuple[str, ...]]:
    """Take rows up to the header: the place of its first name, and its names."""
    for _, cells in rows:
        names = [_text(cell)[0].strip() for cell in cells]
        held = [place for place, column in enumerate(names) if column]
        if held:
            return held[0], tuple(names[held[0] : held[-1] + 1])
    return 0, ()


def _holds(cell: Any) -> bool:
    value = cell.value
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _text(cell: Any) -> tuple[str, str]:
    """Return the text that a cell shows, and the code of its fault."""
    value = cell.value
    if isinstance(value, str):
        if cell.data_type == "e":
            return value, "cell_error"
        return (_ESCAPED.sub(_unescaped, value) if "_x" in value else value), ""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return str(value).upper(), ""
    if isinstance(value, int | float):
        if not abs(value) < _IMPRECISE:
            return f"{value:.5E}", "number_imprecise"
        if value == int(value):
            return _shown(int(value), _format(cell)), ""
        return f"{Decimal(f'{value:.15g}'):f}", ""
    return _moment(value), ""


def _format(cell: Any) -> str:
    try:
        return str(cell.number_format)
    except (TypeError, IndexError):  # its writer left the style empty, or names one that is not there
        return ""


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character


def _shown(number: int, number_format: str) -> str:
    """Write a whole number as its format shows it; plain digits where that has more than zeros and fixed text."""
    pieces, left = _pieces(number_format.partition(";")[0])
    digits, shown = str(abs(number)), ""
    if not left:
        return str(number)
    for fixed, place in reversed(pieces):
        if place:
            left -= 1
            taken = digits[-1:] if left else digits
            digits = digits[: len(digits) - len(taken)]
            shown = (taken or place.strip("#")) + shown
        else:
            shown = fixed + shown
    return f"-{shown}" if number < 0 else shown


@lru_cache(maxsize=1024)
def _pieces(number_format: str) -> tuple[list[tuple[str, str]], int]:
    """Cut a format into fixed texts and places of digits, and count these; none when it has anything else."""
    found = list(_PIECE.finditer(number_format))
    if sum(len(match[0]) for match in found) < len(number_format):
        return [], 0
    pieces = [("", m[3]) if m[3] in ("0", "#") else (m[1] or m[2] or m[3] or "", "") for m in found]
    return pieces, sum(bool(place) for _, place in pieces)


def _moment(value: Any) -> str:
    """Write a day, a time of day, both, or a duration."""
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, datetime | time):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return str(value.isoformat())


def _rows(path: Path, name: str, sheet: str, max_unpacked: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of the sheet with their numbers."""
    _check_archive(path, name, max_unpacked)
    with path.open("rb") as stream:  # a stream, as openpyxl goes by a file's name otherwise
        book = _open(stream, name)
        try:
            worksheet = _sheet(book, name, sheet)
            worksheet.reset_dimensions()  # they are what its writer says, and may cut off cells
            for number, cells in enumerate(worksheet.iter_rows(), start=1):
                if number > _MAX_ROWS:
                    raise UnreadableInputError(f"{name} has more than {_MAX_ROWS} rows in a sheet", hint=_SAVE_AS)
                yield number, cells
        finally:
            book.close()


def _open(stream: Any, name: str) -> Any:
    try:
        import openpyxl  # noqa: PLC0415 - an extra that only workbooks need
    except ImportError:
        raise UnreadableInputError(
            f"{name} is an Excel workbook", hint='install what reads it: pip install "finhub-onboard[excel]"'
        ) from None
    return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _sheet(book: Any, name: str, wanted: str) -> Any:
    """Return the sheet that is wanted, or the only visible one."""
    sheets = {worksheet.title: worksheet for worksheet in book.worksheets}
    if not sheets:
        raise UnreadableInputError(f"{name} has no sheet, or is a Strict Open XML workbook", hint=_SAVE_AS)
    if wanted:
        if wanted not in sheets:
            near = get_close_matches(wanted, sheets, n=1, cutoff=0.0)
            raise UnreadableInputError(
                f"{name} has no sheet {wanted}; the nearest is {near[0]}", hint="correct source.sheet in the profile"
            )
        return sheets[wanted]
    visible = [title for title, worksheet in sheets.items() if worksheet.sheet_state == "visible"]
    if len(visible) != 1:
        titles = visible or list(sheets)
        listed = ", ".join(titles[:_SHOWN_SHEETS]) + (", …" if len(titles) > _SHOWN_SHEETS else "")
        raise UnreadableInputError(
            f"{name} has {len(titles)} {'visible' if visible else 'hidden'} sheets: {listed}",
            hint="state source.sheet in the profile",
        )
    return sheets[visible[0]]


def _check_archive(path: Path, name: str, max_unpacked: int) -> None:
    """Refuse what is no .xlsx workbook, and what would unpack beyond measure."""
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


def _check_calculated(path: Path, name: str) -> None:
    """Refuse formulas without a saved value: their cells would pass for empty ones."""
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            if "/worksheets/" in part and part.endswith(".xml"):
                with archive.open(part) as stream:
                    if _finds(stream, _NO_VALUE):
                        raise UnreadableInputError(
                            f"{name} has formulas that were never calculated", hint="open it in Excel and save it"
                        )


def _finds(stream: Any, pattern: re.Pattern[bytes]) -> bool:
    """Tell whether a stream holds a pattern of less than ``_OVERLAP`` bytes; it is read to its end otherwise."""
    tail = b""
    while block := stream.read(_BLOCK):
        if pattern.search(tail + block):
            return True
        tail = block[-_OVERLAP:]
    return False


@contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Turn any failure of the reader into one plain sentence, and hide its remarks on styles; not for a ``yield``."""
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
