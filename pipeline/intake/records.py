"""Text lines into CSV records, each with the very text it came from.

Promises: every physical line belongs to exactly one record (or is blank), the texts of all records joined are the
body of the file, and a record that is no record (wrong number of fields, bad quoting, bytes that are not UTF-8, NUL)
is one fault whose neighbours are read. Quotes are doubled, a quoted field may hold line ends, a quote inside an
unquoted field is a character like any other. Knows no column names and no rules.

Why not a ready reader: those of frame libraries pad short records and drop others in silence, and ``csv`` lets one
stray quote swallow the rest of the file. Here ``csv`` judges one record at a time, on lines that can be given back.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TextIO

DELIMITER = ","
MAX_LINE = 16 * 1024 * 1024
"""Characters of one physical line; a longer one means that the file is no table."""
MAX_QUOTED_LINES = 1000
MAX_QUOTED_CHARACTERS = 1024 * 1024
"""How far a quoted field may run over lines before its opening quote is taken for a stray one."""
_PLAUSIBLE_FIELDS = 8
"""From this many columns on, a line inside a quoted field with exactly as many fields is a swallowed record."""


class LineTooLongError(Exception):
    """A physical line is longer than any record may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record is no row of cells: stable codes, the line it starts on (from 1), and the fields found."""

    codes: tuple[str, ...]
    line: int
    found: int = 0


class Record(NamedTuple):
    """One record: its text as it stands in the file (bytes that are not UTF-8 as surrogates), and cells or a fault.

    A record is ``plain`` when its text cut at every comma is its cells: whoever reads many can cut them at once.
    (A named tuple because there is one per row: a frozen dataclass takes three times as long to make.)
    """

    raw: str
    plain: bool
    parsed: list[str] | None
    fault: Fault | None

    @property
    def cells(self) -> list[str] | None:
        """The cells, or None when the record is at fault."""
        return without_line_end(self.raw).split(DELIMITER) if self.plain else self.parsed


class Lines:
    """Physical lines of a text stream, line ends kept, that can be given back; ``number`` counts those taken."""

    __slots__ = ("_pending", "_stream", "number")

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pending: deque[str] = deque()
        self.number = 0

    def take(self) -> str:
        """Return the next line, or '' at the end."""
        line = self._pending.popleft() if self._pending else self._stream.readline(MAX_LINE)
        if line:
            self.number += 1
            if len(line) >= MAX_LINE:
                raise LineTooLongError
        return line

    def give_back(self, lines: list[str]) -> None:
        """Put lines back in front, so that they are taken again."""
        self._pending.extendleft(reversed(lines))
        self.number -= len(lines)


def records(lines: Lines, *, width: int | None) -> Iterator[Record]:
    """Yield every record in order; ``width`` is the number of fields that each must have (None: any)."""
    csv.field_size_limit(MAX_LINE + MAX_QUOTED_CHARACTERS)
    while line := lines.take():
        quoted = '"' in line
        if not quoted and width and line.count(DELIMITER) == width - 1 > 0 and "\0" not in line and _decoded(line):
            yield Record(line, plain=True, parsed=None, fault=None)  # nearly every record of nearly every file
            continue
        if line.isspace() and (width != 1 or not line.rstrip("\r\n")):
            continue
        number, raw = lines.number, line
        cells = _single(line) if quoted else without_line_end(line).split(DELIMITER)
        if cells is None:
            raw, cells = _spanning(line, lines, width)
        fault = _fault(raw, cells, number, width)
        yield Record(raw, plain=False, parsed=None if fault else cells, fault=fault)


def line_end(raw: str) -> str:
    """Return the line end of a record's text ('' when the file ends without one)."""
    return raw[len(raw.rstrip("\r\n")) :] if raw.endswith(("\n", "\r")) else ""


def without_line_end(raw: str) -> str:
    """Return a record's text without its one line end."""
    return raw.removesuffix("\n").removesuffix("\r") if raw.endswith("\n") else raw.removesuffix("\r")


def _single(line: str) -> list[str] | None:
    """Cells of a record that ends on its line; None when it does not, or is badly quoted."""
    try:
        return next(csv.reader((line,), strict=True))
    except csv.Error:
        return None


def _spanning(first: str, lines: Lines, width: int | None) -> tuple[str, list[str] | None]:
    """Text and cells of a record that runs over lines; when it is none, only its first line is taken."""
    taken = [first]

    def feed() -> Iterator[str]:
        size = len(first)
        yield first
        while len(taken) < MAX_QUOTED_LINES and size < MAX_QUOTED_CHARACTERS and (line := lines.take()):
            taken.append(line)
            size += len(line)
            yield line

    try:
        cells = next(csv.reader(feed(), strict=True))
    except csv.Error:
        cells = None
    if cells is None or _swallows(taken, cells, width):
        lines.give_back(taken[1:])
        return first, None
    return "".join(taken), cells


def _swallows(taken: list[str], cells: list[str], width: int | None) -> bool:
    """Whether a field opened by a stray quote holds lines that are records themselves.

    In a record of the right width the last line is its own tail, however many commas that has; lines between are
    suspicious. In a record of another width, which is a reject anyway, the last line is suspicious too.
    """
    if width is None or width < _PLAUSIBLE_FIELDS:
        return False
    inner = taken[1:-1] if len(cells) == width else taken[1:]
    return any(len(_single(line) or []) == width for line in inner)


def _fault(raw: str, cells: list[str] | None, line: int, width: int | None) -> Fault | None:
    codes = []
    if not _decoded(raw):
        codes.append("record_encoding")
    if "\0" in raw:
        codes.append("record_nul")
    if cells is None:
        codes.append("record_quoting")
    elif width is not None and len(cells) != width:
        codes.append("record_short" if len(cells) < width else "record_long")
    return Fault(codes=tuple(codes), line=line, found=len(cells or ())) if codes else None


def _decoded(raw: str) -> bool:
    """Whether every byte was UTF-8: those that were not stand as surrogates, which cannot be encoded."""
    if raw.isascii():
        return True
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True
