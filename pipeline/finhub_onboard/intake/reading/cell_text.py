"""The text that a cell of a workbook shows, by its value and number format.

Promises: whole numbers are written without exponent, with the zeros and signs of their format; dates and instants are
ISO whatever their format. Error cells, and numbers beyond Excel's 15 digits, come with a violation code. Knows no file.
"""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from finhub_onboard.intake.checking.violation_codes import ViolationCode

UNCALCULATED = "formula_without_value"
"""The code of a formula that was never calculated, which looks like an empty cell."""
UNCALCULATED_OR_EMPTY = "formula_with_empty_value"
"""The code of a formula with an empty value, which for some programs is an empty text."""
_IMPRECISE = 10**15
_PIECE = re.compile(r'\\(.)|"([^"]*)"|_.|([-+() 0#])')
"""A number format of digits and fixed text only; a bare slash would be a fraction."""
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def text(value: Any, kind: str, number_format: str) -> tuple[str, str]:
    """Return the text that a cell shows, and the code of its fault; ``kind`` is openpyxl's type of the cell."""
    if isinstance(value, str):
        return (value, ViolationCode.CELL_ERROR) if kind == "e" else (unescape(value), "")
    if value is None:
        return "", ""
    if isinstance(value, bool):
        return str(value).upper(), ""
    if isinstance(value, int | float):
        if not abs(value) < _IMPRECISE:
            return f"{value:.5E}", ViolationCode.NUMBER_IMPRECISE
        if value == int(value):
            return _shown(int(value), number_format), ""
        return f"{Decimal(f'{value:.15g}'):f}", ""
    return _moment(value), ""


def unescape(written: str) -> str:
    """Return a text with the characters that XML escapes as ``_xHHHH_``."""
    return _ESCAPED.sub(_unescape_one, written) if "_x" in written else written


def _unescape_one(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character


def _shown(number: int, number_format: str) -> str:
    """Format a whole number with zeros and fixed text of its format; plain digits for other formats."""
    pieces, left = _pieces(number_format.partition(";")[0])
    digits, shown = str(abs(number)), ""
    if not left:
        return str(number)
    for fixed, place in reversed(pieces):
        if place:
            left -= 1
            placed = digits[-1:] if left else digits
            digits = digits[: len(digits) - len(placed)]
            shown = (placed or place.strip("#")) + shown
        else:
            shown = fixed + shown
    return f"-{shown}" if number < 0 else shown


@lru_cache(maxsize=1024)
def _pieces(number_format: str) -> tuple[list[tuple[str, str]], int]:
    """Split a format into fixed texts and digit places, and count these; None if it contains anything else."""
    matches = list(_PIECE.finditer(number_format))
    if sum(len(match[0]) for match in matches) < len(number_format):
        return [], 0
    pieces = [("", m[3]) if m[3] in ("0", "#") else (m[1] or m[2] or m[3] or "", "") for m in matches]
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
