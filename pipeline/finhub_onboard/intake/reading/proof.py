"""Decides by all records what the beginning of a file leaves open: quote, empty last column, fitting header.

Promises: the chosen quote breaks fewer records of the whole file; a header that no record fits is refused with the
cause. Knows no column names and no rules.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.proposing import header_names
from finhub_onboard.intake.reading import unpack
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.encoding import Encoding, as_utf8
from finhub_onboard.intake.reading.lines import Lines, LineTooLongError, text_of
from finhub_onboard.intake.reading.records import batches, records
from finhub_onboard.model.columns import CANONICAL_COLUMNS

_BATCH_ROWS = 10_000
_MAJORITY = 0.5
_MIN_RECORDS = 2
"""From this many records on, their width is compared with the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quoted:
    """Evidence on a quote: broken records, fields that need it, fields that use it."""

    broken: int
    needed: int
    used: int
    records: int


def choose_quote(path: Path, name: str, most: int, written: Encoding, skip: int, usual: Cut, rival: Cut) -> Cut:
    """Return which of two cuts, with different quotes, fits the whole file; the usual one if both do."""
    try:
        one, other = (_count_quoted(path, name, most, written, skip, cut) for cut in (usual, rival))
    except (LineTooLongError, UnicodeError):  # the cause is reported when the file is read
        return usual
    if one.broken != other.broken:
        return usual if one.broken < other.broken else rival
    if one.needed != other.needed:
        return usual if one.needed > other.needed else rival
    return rival if other.used > max(one.used, _MAJORITY * other.records) else usual


def _count_quoted(path: Path, name: str, most: int, written: Encoding, skip: int, cut: Cut) -> _Quoted:
    broken = needed = used = total = 0
    with unpack.opened(path, name, most) as stream:
        stream.read(len(written.mark))
        lines = Lines(as_utf8(stream, written.name))
        for _ in range(skip):
            lines.take()
        header = next(records(lines, cut, width=None), None)
        width = len(header.cells or ()) if header else 0
        for batch in batches(lines, cut, width=width, rows=_BATCH_ROWS):
            broken += len(batch.faults)
            total += batch.height
            text = text_of(b"".join([*(run.body for run in batch.plain), *(r.raw for r in batch.others.values())]))
            for field in find_quoted(text, cut):
                used += 1
                inner = field[1:-1]
                needed += any(mark in inner for mark in (cut.quote, cut.delimiter, "\n", "\r"))
    return _Quoted(broken=broken, needed=needed, used=used, records=total)


def find_quoted(text: str, cut: Cut) -> list[str]:
    """Return the quoted fields of a text, quotes included."""
    end, mark = re.escape(cut.delimiter), re.escape(cut.quote)
    return re.findall(
        rf"(?:^|(?<={end}))({mark}(?:[^{mark}\\\r\n]|{mark}{mark}|\\.)*{mark})(?={end}|\r|$)", text, re.MULTILINE
    )


def count_tail(name: str, cut: Cut, header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return how many empty fields without a name records may end with; refuse a header that no record fits.

    ``rows`` are the first records below the header, none of those that are broken.
    """
    names = len(without_tail(header))
    widths = Counter(map(len, rows))
    width = widths.most_common(1)[0][0] if widths else 0
    if names > 1 and widths:
        _check_fit(name, cut, header[:names], width, rows, widths)
    if names < 1 or len(header) == names:
        return 0  # too long records may be shifted, and must be reported
    beyond = max(len(header), width) - names
    filled = sum(any(cell.strip() for cell in cells[names:]) for cells in rows)
    if filled and filled >= _MAJORITY * len(rows):
        return 0  # a column without a name; a few such records would be shifted, and are reported one by one
    return beyond


def without_tail(cells: Sequence[str]) -> Sequence[str]:
    """Return the fields of a record up to the last one that is not blank."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _check_fit(
    name: str, cut: Cut, names: Sequence[str], width: int, rows: Sequence[Sequence[str]], widths: Collection[int]
) -> None:
    whole = sum(len(cells) == 1 and cut.delimiter in cells[0] for cells in rows)
    if whole > _MAJORITY * len(rows):
        raise UnreadableInputError(
            f"{name}: the header has {len(names)} names, and the records below it stand in quotes as a whole",
            hint="write the file again with quotes around single fields only, or remove the outer ones",
        )
    if len(rows) >= _MIN_RECORDS and len(widths) == 1 and not all(map(_is_name, names[width:])):
        raise UnreadableInputError(
            f"{name}: the header has {len(names)} names, and every record below it {width} fields; the header and the "
            "first row may stand on one line",
            hint="put a line end behind the last name of the header, or remove names that no record has a field for",
        )


def _is_name(text: str) -> bool:
    """Tell whether this is certainly a column's name; if not, short records are rejected one by one."""
    return text in CANONICAL_COLUMNS or header_names.knows(text)
