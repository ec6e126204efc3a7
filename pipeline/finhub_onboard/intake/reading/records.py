"""Splits lines of UTF-8 into CSV records, each with its original bytes.

Promises: every physical line belongs to exactly one record or is blank (all fields empty); the bytes of all records are
the body of the file without blank lines; a malformed record (wrong number of fields, bad quoting, invalid bytes, NUL)
is one fault and does not affect its neighbours. A quoted field may contain line ends; a quote inside an unquoted field
is an ordinary character. Knows no column names and no rules.

Why no existing reader: those of frame libraries pad short records and drop others silently, and ``csv`` lets one stray
quote swallow the rest of the file. Here polars finds the unambiguous records, and ``csv`` parses the others one at a
time, on lines that can be read again.
"""

import csv
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import NamedTuple

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.lines import MAX_LINE_BYTES, Lines, Run, is_text, text_of
from finhub_onboard.intake.reading.quirks import END_OF_FILE, SPACES

MAX_QUOTED_LINES = 1000
MAX_QUOTED_BYTES = 1024 * 1024
"""How far a quoted field may span lines before its opening quote is taken for a stray one."""
_PLAUSIBLE_FIELDS = 8
"""From this many columns on, a line inside a quoted field with exactly as many fields is a swallowed record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record could not be read: stable codes, the line it starts on (from 1), and the number of fields found."""

    codes: tuple[ViolationCode, ...]
    line: int
    found: int = 0


class Record(NamedTuple):
    """One record: its bytes, and its cells or a fault."""

    raw: bytes
    cells: list[str] | None
    fault: Fault | None


@dataclass(slots=True, kw_only=True)
class Batch:
    """Consecutive records: runs of lines that are unambiguous records, and the others by their place among all."""

    plain: list[Run] = field(default_factory=list)
    others: dict[int, Record] = field(default_factory=dict)
    height: int = 0

    @property
    def faults(self) -> dict[int, Fault]:
        """The faults by place."""
        return {place: record.fault for place, record in self.others.items() if record.fault}

    def raws(self, places: Iterable[int]) -> Iterator[bytes]:
        """Yield the bytes of records; places are in order."""
        runs, run, lines = iter(self.plain), Run(body=b"", lines=0), _lines(b"")
        begins = at = 0
        others = list(self.others)
        for place in places:
            if place in self.others:
                yield self.others[place].raw
                continue
            line = place - bisect_left(others, place)
            while line >= begins + run.lines:
                begins += run.lines
                run = next(runs)
                lines, at = _lines(run.body), begins
            yield next(islice(lines, line - at, None))
            at = line + 1


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of a body; a stream is much faster than splitting when few are needed."""
    return iter(body.splitlines(keepends=True)) if b"\r" in body else BytesIO(body)


def records(lines: Lines, cut: Cut, *, width: int | None, tail: int = 0) -> Iterator[Record]:
    """Yield every record in order; ``width`` is the number of fields that each must have (None: any).

    Up to ``tail`` more may follow, if they are empty; they are none of the cells.
    """
    csv.field_size_limit(MAX_LINE_BYTES + MAX_QUOTED_BYTES)
    while line := lines.take():
        if record := _record(line, lines, cut, width, tail):
            yield record


def batches(lines: Lines, cut: Cut, *, width: int, rows: int, tail: int = 0) -> Iterator[Batch]:
    """Yield every record in order, up to so many at a time."""
    csv.field_size_limit(MAX_LINE_BYTES + MAX_QUOTED_BYTES)
    lines.expect(cut, width, tail)
    batch = Batch()
    while True:
        if batch.height and lines.waiting() > rows - batch.height:
            yield batch
            batch = Batch()
        if run := lines.run(rows - batch.height):
            batch.plain.append(run)
            batch.height += run.lines
        elif not (line := lines.take()):
            break
        elif record := _record(line, lines, cut, width, tail):
            batch.others[batch.height] = record
            batch.height += 1
        if batch.height == rows:
            yield batch
            batch = Batch()
    if batch.height:
        yield batch


def _record(line: bytes, lines: Lines, cut: Cut, width: int | None, tail: int) -> Record | None:
    """Make a record of a line and, if it continues, of the lines after it; None if it is blank."""
    text = text_of(line)
    if _is_blank(text, cut, width):
        return None
    number, raw = lines.number, line
    spelled = cut.quirks.respell(text) if cut.quirks.is_strange(text) else text
    cells = None if spelled is None else _single(spelled, cut)
    if cells is None and spelled == text:
        raw, cells = _spanning(line, lines, cut, width)
    if tail and width and cells and len(cells) > width and not any(cells[width : width + tail]):
        cells = [*cells[:width], *cells[width + tail :]]
    fault = _fault(raw, cells, number, width)
    return Record(raw=raw, cells=None if fault else cells, fault=fault)


def _is_blank(text: str, cut: Cut, width: int | None) -> bool:
    """Tell whether a line is no record: without any field, or with none that has more than white space.

    Of one column, any line has a field that has something in it.
    """
    if width == 1:
        return not text.strip("\r\n" + END_OF_FILE)
    if cut.delimiter not in text:
        return not text.strip(END_OF_FILE) or text.replace(END_OF_FILE, "").isspace()
    if not cut.quirks.may_be_blank(text):
        return False
    cells = _single(text.replace(END_OF_FILE, ""), cut)
    return cells is not None and not any(cell.strip(SPACES) for cell in cells)


def _single(text: str, cut: Cut) -> list[str] | None:
    """Return the cells of a record that ends on its line; None if it continues or is badly quoted."""
    if not cut.special(text):
        return text.removesuffix("\n").removesuffix("\r").split(cut.delimiter)
    try:
        return cut.cells((text,))
    except csv.Error:
        return None


def _spanning(first: bytes, lines: Lines, cut: Cut, width: int | None) -> tuple[bytes, list[str] | None]:
    """Return bytes and cells of a record over several lines; if it is malformed, only its first line is taken."""
    spanned = [first]
    lines.mark()

    def feed() -> Iterator[str]:
        size = len(first)
        yield text_of(first)
        while len(spanned) < MAX_QUOTED_LINES and size < MAX_QUOTED_BYTES and (line := lines.take()):
            spanned.append(line)
            size += len(line)
            yield text_of(line)

    try:
        cells = cut.cells(feed())
    except csv.Error:
        cells = None
    if cells is None or _swallows(spanned, cells, cut, width):
        lines.rewind()
        return first, None
    return b"".join(spanned), cells


def _swallows(spanned: list[bytes], cells: list[str], cut: Cut, width: int | None) -> bool:
    """Tell whether a field opened by a stray quote contains lines that are records themselves.

    In a record of the right width the last line is its own tail, however many delimiters that has; lines between are
    suspicious, unless the records are so narrow that any text may look like one. In a record of another width, which
    is a reject anyway, the last line is suspicious too.
    """
    if width is None or width < (_PLAUSIBLE_FIELDS if len(cells) == width else 2):
        return False
    inner = spanned[1:-1] if len(cells) == width else spanned[1:]
    return any(len(_single(text_of(line), cut) or []) == width for line in inner)


def _fault(raw: bytes, cells: list[str] | None, line: int, width: int | None) -> Fault | None:
    codes = []
    if not is_text(raw):
        codes.append(ViolationCode.RECORD_ENCODING)
    if b"\0" in raw:
        codes.append(ViolationCode.RECORD_NUL)
    if cells is None:
        codes.append(ViolationCode.RECORD_QUOTING)
    elif width is not None and len(cells) != width:
        codes.append(ViolationCode.RECORD_SHORT if len(cells) < width else ViolationCode.RECORD_LONG)
    return Fault(codes=tuple(codes), line=line, found=len(cells or ())) if codes else None
