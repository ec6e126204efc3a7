"""Excel workbooks (.xlsx) as text: the cells of one sheet as a person sees them.

Promises: the header is the row that a profile states, the first one with known names, or the first one with more than a
title; rows without anything are no rows. Text stays as it is; of numbers, days and instants see ``celltext``. Of a
formula the value saved with it counts, and formulas saved without are refused where their column is wanted. Error cells
are faults of their record. Hidden sheets are read only when named; hidden and filtered rows are rows; of merged cells
the first has the value. What cannot be read is one :class:`UnreadableInputError`. Memory grows with the batch and with
the workbook's distinct texts. Knows no rules.

A sheet is read once: its texts are copied into a file without a name, which is gone with the process, and every pass
reads the copy. Why openpyxl, which is slow: calamine, also below fastexcel, holds whole sheets in memory, aborts the
process where one cell is far from the others, gives error cells as empty ones and knows no number formats.
"""

import gc
import io
import json
import os
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.reading import cell_text, workbook
from finhub_onboard.intake.reading.records import Fault
from finhub_onboard.intake.reading.workbook import guard

if TYPE_CHECKING:
    from finhub_onboard.intake.reading.xlsx import Cell

MAX_UNPACKED = 2 * 1024**3
"""Bytes of all parts of a workbook; a million rows with 24 columns are half of it."""
_HEADER_SEARCH_ROWS = 50
"""Rows with anything in them among which the header is looked for."""
_BLOCK_ROWS, _BLOCK_CELLS = 10_000, 500_000
"""The most rows and cells that are held at once."""

Row = tuple[int, "list[Cell]"]
Wrong = list[tuple[int, int, int, str]]
"""Cells that are no values: place of the row, place of the column, the sheet's row, and the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the header is: below ``skip_lines`` rows, or the row with known names."""

    skip_lines: int | None = None
    known: frozenset[str] = frozenset()


ANYWHERE = Header()


class _Spool:
    """An unlinked temporary file, which disappears with the process."""

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp()
        Path(path).unlink()
        self.size = 0
        weakref.finalize(self, os.close, self._file)

    def add(self, raw: bytes) -> None:
        while raw:
            written = os.pwrite(self._file, raw, self.size)
            self.size += written
            raw = raw[written:]

    def read(self, begin: int, size: int) -> bytes:
        return os.pread(self._file, size, begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A copy of a sheet's texts below its header, in blocks: offset, size, and size of the faulty cells of each."""

    names: tuple[str, ...]
    spool: _Spool
    blocks: list[tuple[int, int, int]]
    uncalculated: set[int]

    def add(self, table: list[list[str]], wrong: Wrong) -> None:
        """Write a block."""
        frame = io.BytesIO()
        pl.DataFrame({str(place): cells for place, cells in enumerate(zip(*table, strict=True))}).write_ipc(frame)
        faults = json.dumps(wrong).encode()
        self.blocks.append((self.spool.size, len(frame.getvalue()), len(faults)))
        self.spool.add(frame.getvalue() + faults)

    def block(self, number: int, places: Sequence[int]) -> tuple[pl.DataFrame, Wrong]:
        """Read the columns at some places of a block."""
        begin, size, rest = self.blocks[number]
        raw = self.spool.read(begin, size + rest)
        frame = pl.read_ipc(raw[:size], columns=sorted({str(place) for place in places}))
        return frame, json.loads(raw[size:])


def columns(
    path: Path,
    name: str,
    sheet: str = "",
    *,
    header: Header = ANYWHERE,
    max_unpacked: int = MAX_UNPACKED,
) -> tuple[str, ...]:
    """Return the header: its names without outer white space, from the first to the last."""
    return _copy_once(path, name, sheet, header, max_unpacked).names


def frames(
    path: Path,
    name: str,
    wanted: Sequence[str],
    batch_rows: int,
    sheet: str = "",
    *,
    header: Header = ANYWHERE,
    as_shown: bool = False,
    lenient: bool = False,
    max_unpacked: int = MAX_UNPACKED,
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the rows as frames of text with the wanted columns ('' is absent), faults by place in the frame.

    The line of a fault is the sheet's row; cells of other columns cause none. ``as_shown`` is for copies of rows: no
    cell is a fault, and each is the text that it shows. ``lenient``: formulas without a value are empty cells.
    """
    copy = _copy_once(path, name, sheet, header, max_unpacked)
    at = {column: place for place, column in reversed(list(enumerate(copy.names)))}
    places = [at.get(column, -1) for column in wanted]
    if not (as_shown or lenient) and copy.uncalculated.intersection(places):
        raise UnreadableInputError(
            f"{name} has formulas that were never calculated", hint="open it in Excel and save it"
        )
    waiting, faults, first = pl.DataFrame(schema=dict.fromkeys(wanted, pl.String)), dict[int, Fault](), 0
    for number in range(len(copy.blocks)):
        frame, wrong = _block(copy, number, wanted, places, as_shown=as_shown)
        faults |= {waiting.height + place: fault for place, fault in wrong.items()}
        waiting = pl.concat([waiting, frame])
        for first in range(0, waiting.height - batch_rows + 1, batch_rows):
            yield waiting.slice(first, batch_rows), _within(faults, first, batch_rows)
        done = waiting.height // batch_rows * batch_rows
        waiting, faults = waiting.slice(done), _within(faults, done, batch_rows)
    if waiting.height:
        yield waiting, faults


def _within(faults: dict[int, Fault], first: int, rows: int) -> dict[int, Fault]:
    return {place - first: fault for place, fault in faults.items() if first <= place < first + rows}


def _block(
    copy: _Copy, number: int, wanted: Sequence[str], places: Sequence[int], *, as_shown: bool
) -> tuple[pl.DataFrame, dict[int, Fault]]:
    """Return a block of the wanted columns; a faulty record is a line of empty texts in it."""
    table, wrong = copy.block(number, [place for place in places if place >= 0] or [0])
    frame = table.select(
        (pl.col(str(place)) if place >= 0 else pl.lit("").repeat_by(1).explode()).alias(column)
        for column, place in zip(wanted, places, strict=True)
    )
    codes: defaultdict[int, set[ViolationCode]] = defaultdict(set)
    lines = {}
    for row, place, line, code in wrong:
        if place in places and not as_shown:
            codes[row].add(ViolationCode(code))
            lines[row] = line
    if codes:
        spoilt = pl.int_range(frame.height, eager=True).is_in(list(codes))
        frame = frame.select(pl.when(spoilt).then(pl.lit("")).otherwise(pl.all()).name.keep())
    return frame, {row: Fault(codes=tuple(sorted(table)), line=lines[row]) for row, table in sorted(codes.items())}


def _copy_once(path: Path, name: str, sheet: str, header: Header, max_unpacked: int) -> _Copy:
    status = path.stat()
    return _copy(path, name, sheet, header, max_unpacked, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _copy(path: Path, name: str, sheet: str, header: Header, max_unpacked: int, _stamp: tuple[int, ...]) -> _Copy:
    """Read a sheet once as long as it is the same."""
    with guard(name), _without_gc():
        rows = workbook.rows(path, name, sheet, max_unpacked)
        start, names, rows = _find_header(rows, header)
        if not names:
            raise UnreadableInputError(
                f"{name} has nothing in its sheet {sheet}".rstrip(), hint="check how it was made"
            )
        copy = _Copy(names=names, spool=_Spool(), blocks=[], uncalculated=set())
        try:
            doubtful = _fill(copy, rows, start)
        except OSError as error:
            raise UnreadableInputError(
                f"{name} cannot be copied to {tempfile.gettempdir()}: {error.strerror}",
                hint="make room there, or set TMPDIR",
            ) from None
        if doubtful and workbook.leaves_values_out(path, name, sheet):
            copy.uncalculated.update(doubtful)
    return copy


@contextmanager
def _without_gc() -> Iterator[None]:
    """Context manager: disable garbage collection, which takes a third of the time and finds no cycles here."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _fill(copy: _Copy, rows: Iterator[Row], start: int) -> set[int]:
    """Copy the rows below a header that begins at a column; return those columns whose formulas may lack values."""
    width = len(copy.names)
    height = max(1, min(_BLOCK_ROWS, _BLOCK_CELLS // width))
    table: list[list[str]] = []
    wrong: Wrong = []
    doubtful: set[int] = set()
    formulas = {cell_text.UNCALCULATED: copy.uncalculated, cell_text.UNCALCULATED_OR_EMPTY: doubtful}
    for number, cells in rows:
        line, held = [""] * width, False
        for column, text, code in cells:
            place = column - start
            if not 0 <= place < width:
                continue
            if code in formulas:
                formulas[code].add(place)
                held = held or code == cell_text.UNCALCULATED
                continue
            if code:
                wrong.append((len(table), place, number, code))
            line[place] = text
            held = held or not text.isspace()
        if held:
            table.append(line)
        if len(table) == height:
            copy.add(table, wrong)
            table, wrong = [], []
    if table:
        copy.add(table, wrong)
    return doubtful


def _find_header(rows: Iterator[Row], header: Header) -> tuple[int, tuple[str, ...], Iterator[Row]]:
    """Take rows up to the header: the place of its first name, its names, and the rows below it."""
    filled = ((number, cells) for number, cells in rows if any(text.strip() or code for _, text, code in cells))
    before = header.skip_lines
    if before is not None:
        filled = (row for row in filled if row[0] > before)
    first = list(islice(filled, _HEADER_SEARCH_ROWS if before is None else 1))
    if not first:
        return 0, (), iter(())
    place = _header_place([[text.strip() for _, text, _ in cells if text.strip()] for _, cells in first], header.known)
    held = {column: text.strip() for column, text, _ in first[place][1] if text.strip()}
    if not held:
        return 0, (), iter(())
    start, end = min(held), max(held)
    names = tuple(held.get(column, "") for column in range(start, end + 1))
    return start, names, chain(first[place + 1 :], rows)


def _header_place(rows: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Return which row is the header: that with most known names, else the first with more than a title."""
    named = [len(known.intersection(row)) for row in rows]
    if max(named) > 1:
        return named.index(max(named))
    several = next((place for place, row in enumerate(rows) if len(row) > 1), 0)
    return several if len(rows) > several + 1 else 0
