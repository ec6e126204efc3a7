"""Writes the rows that a person must correct, unchanged, followed by the reasons.

Promises: the original fields byte for byte in the original dialect and encoding (Parquet: the original schema),
followed by ``_err_row,_err_field,_err_code,_err_message`` and, if asked for, ``_err_hint``; columns that an earlier run
appended are replaced. Rows are written as they are judged, and few are held. Knows no rules: the reasons are given.
"""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import polars as pl

from finhub_onboard.intake.reading import csv_file, encoding, excel_file, parquet_file, unpack
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.files import Batch, Kind, Table, batches
from finhub_onboard.intake.reading.lines import line_end, without_line_end
from finhub_onboard.model.columns import ERROR_COLUMNS, HINT_COLUMN, OUR_COLUMNS

_ROWS = 10_000
"""How many rows of a workbook, or rejects of a Parquet input, are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectMark:
    """A reason why a row is rejected: a canonical column or '', a stable code, a sentence, what to do."""

    field: str
    code: str
    message: str
    hint: str = ""


Marks = Mapping[int, Sequence[RejectMark]]
"""The reasons by row number."""


class Rejects(Protocol):
    """The rejects file of one input: add the batches that contain some, in order, then close it."""

    def add(self, batch: Batch, marks: Marks) -> None:
        """Write the marked rows of a batch."""

    def close(self) -> None:
        """End the file."""


def rejects_of(table: Table, destination: Path, *, hints: bool = False) -> Rejects:
    """Start the rejects file of an input in ``destination``, with its header; ``hints``: with ``_err_hint``."""
    added = OUR_COLUMNS if hints else ERROR_COLUMNS
    match table.kind:
        case Kind.PARQUET:
            return _ParquetRejects(table, destination, added)
        case Kind.EXCEL:
            return _ExcelRejects(table, destination, added)
    return _CsvRejects(table, destination, added)


def write_rejects(table: Table, destination: Path, marks: Marks, batch_rows: int) -> None:
    """Read an input and write its marked rows to a new file that only its owner can read."""
    destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    destination.touch(mode=0o600)
    rejects = rejects_of(table, destination)
    for batch in batches(table, batch_rows=batch_rows):
        here = range(batch.first_row, batch.first_row + batch.height)
        if marked := {number: marks[number] for number in here if number in marks}:
            rejects.add(batch, marked)
    rejects.close()


def file_name(table: Table) -> str:
    """Name the rejects of an input: its own name, but those of a workbook are CSV."""
    return f"{table.path.stem}.csv" if table.kind is Kind.EXCEL else table.path.name


class _CsvRejects:
    def __init__(self, table: Table, destination: Path, added: Sequence[str]) -> None:
        self._added = added
        assert table.dialect is not None
        dialect = table.dialect
        self._codec = dialect.encoding.name
        self._delimiter = dialect.cut.delimiter.encode()
        self._writer = _Writer(cut=dialect.cut, ours=_ours(table.columns), width=len(table.columns), tail=dialect.tail)
        self._stack = ExitStack()
        self._sink = self._stack.enter_context(unpack.packed(destination, dialect.packing))
        with csv_file.open_csv(table.path, table.name, dialect, table.reading.max_unpacked) as file:
            self._newline = file.newline
            names = (name.encode() for name in added)
            header = self._delimiter.join((self._writer.original(file.header.raw), *names))
            self._write(file.preamble + header + file.newline, mark=dialect.encoding.mark)

    def add(self, batch: Batch, marks: Marks) -> None:
        assert batch.raws is not None
        numbers = sorted(marks)
        for number, raw in zip(numbers, batch.raws(number - batch.first_row for number in numbers), strict=True):
            cells = self._writer.cells(_cells(number, marks[number], self._added), self._codec)
            line = self._delimiter.join((self._writer.original(raw), cells))
            self._write(line + (line_end(raw) or self._newline))

    def close(self) -> None:
        self._stack.close()

    def _write(self, text: bytes, *, mark: bytes = b"") -> None:
        self._sink.write(mark + encoding.original(text, self._codec))


def _ours(columns: Sequence[str]) -> frozenset[int]:
    return frozenset(place for place, column in enumerate(columns) if column in OUR_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes records back in their original form, without the columns that an earlier run appended.

    ``ours`` are the places of these columns among ``width`` fields. Up to ``tail`` empty fields at the end are dropped,
    because columns with names follow.
    """

    cut: Cut
    ours: frozenset[int]
    width: int
    tail: int = 0

    def original(self, raw: bytes) -> bytes:
        """Return a record's own bytes without earlier marks.

        A short record is not padded: given again as it stands it must still be seen to be short, not pass as a full
        row whose cells may have shifted.
        """
        raw = without_line_end(raw)
        if not self.ours and not self.tail:
            return raw
        ours = self.ours
        fields = list(self._split(raw))
        if self.width < len(fields) <= self.width + self.tail:
            fields = fields[: self.width]
            raw = self.cut.delimiter.encode().join(fields)
        if not ours:
            return raw
        if len(fields) > len(ours):
            if len(fields) < self.width and max(ours) == self.width - 1:
                # In a short record the appended columns are shifted: they are its last fields.
                ours = frozenset(range(len(fields) - len(ours), len(fields)))
            raw = self.cut.delimiter.encode().join(f for place, f in enumerate(fields) if place not in ours)
        return raw

    def _split(self, raw: bytes) -> Iterator[bytes]:
        """Cut a record at its delimiters, quotes left as they are; badly quoted text is cut at every delimiter."""
        delimiter = self.cut.delimiter.encode()
        if not self.cut.quote:
            yield from raw.split(delimiter)
            return
        end, quote, escape = (
            re.escape(mark.encode()) for mark in (self.cut.delimiter, self.cut.quote, self.cut.escape)
        )
        inner = b"(?:[^%b%b]|%b%b%b)*" % (quote, escape, quote, quote, b"|%b." % escape if escape else b"")
        pattern = re.compile(b"[ \t]*%b%b%b[ \t]*(?=%b|$)|[^%b]*" % (quote, inner, quote, end, end), re.DOTALL)
        place = 0
        while True:
            match = pattern.match(raw, place)
            assert match is not None
            yield match.group()
            if match.end() >= len(raw):
                return
            place = match.end() + 1

    def cells(self, cells: Sequence[str], codec: str) -> bytes:
        """Format further fields in the dialect; characters that it cannot represent are replaced."""
        if not self.cut.quote:
            cells = [cell.replace(self.cut.delimiter, " ").replace("\n", " ") for cell in cells]
        buffer = io.StringIO()
        csv.writer(
            buffer,
            delimiter=self.cut.delimiter,
            quotechar=self.cut.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.cut.quote else csv.QUOTE_NONE,
            escapechar=self.cut.escape or None,
            doublequote=not self.cut.escape,
            lineterminator="",
        ).writerow(cells)
        return buffer.getvalue().encode(codec, "replace").decode(codec).encode()


class _ExcelRejects:
    """Rejects of a workbook: CSV with the cells as they are shown, in a form that spreadsheets open correctly."""

    def __init__(self, table: Table, destination: Path, added: Sequence[str]) -> None:
        self._added = added
        kept = [column for column in table.columns if column not in OUR_COLUMNS]
        reading = table.reading
        frames = excel_file.frames(
            table.path, table.name, kept, _ROWS, reading.profile.source.sheet, header=reading.header, as_shown=True
        )
        self._rows = enumerate((row for frame, _ in frames for row in frame.iter_rows()), start=1)
        self._sink = destination.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._sink)
        self._writer.writerow([*kept, *added])

    def add(self, batch: Batch, marks: Marks) -> None:
        del batch
        for wanted in sorted(marks):
            row = next(row for number, row in self._rows if number == wanted)
            self._writer.writerow([*row, *_cells(wanted, marks[wanted], self._added)])

    def close(self) -> None:
        self._sink.close()


def _cells(number: int, marks: Sequence[RejectMark], added: Sequence[str]) -> tuple[str, ...]:
    """The cells of the columns that are added: a hint only where there is a column for it."""
    hints = ("; ".join(mark.hint for mark in marks),) if HINT_COLUMN in added else ()
    return (
        str(number),
        "; ".join(mark.field for mark in marks),
        "; ".join(mark.code for mark in marks),
        "; ".join(mark.message for mark in marks),
        *hints,
    )


class _ParquetRejects:
    """Rejects of a Parquet input: its files cannot be continued, so it is joined of parts at the end."""

    def __init__(self, table: Table, destination: Path, added: Sequence[str]) -> None:
        self._added = added
        self._name = table.name
        self._destination = destination
        self._aside = ExitStack()
        self._folder: Path | None = None
        self._parts: list[Path] = []
        with parquet_file.guard(table.name):
            self._original = parquet_file.scan(table.path).select(pl.exclude(OUR_COLUMNS))
            self._held = self._original.head(0).collect().hstack(_columns([], {}, added))

    def add(self, batch: Batch, marks: Marks) -> None:
        numbers = sorted(marks)
        with parquet_file.guard(self._name):
            whole = self._original.slice(batch.first_row - 1, batch.height).collect()
        self._held = self._held.vstack(
            whole[[number - batch.first_row for number in numbers]].hstack(_columns(numbers, marks, self._added))
        )
        if self._held.height >= _ROWS:
            self._set_aside()

    def close(self) -> None:
        if self._folder is None:
            with _as_the_systems():
                self._held.write_parquet(self._destination)
            return
        with self._aside, _as_the_systems():
            self._set_aside()
            pl.scan_parquet(self._parts).sink_parquet(self._destination)

    def _set_aside(self) -> None:
        if self._folder is None:  # hidden, and its owner's alone
            near = self._destination.parent
            self._folder = Path(self._aside.enter_context(TemporaryDirectory(prefix=".", suffix=".parts", dir=near)))
        self._parts.append(self._folder / f"{len(self._parts):06}.parquet")
        with _as_the_systems():
            self._held.write_parquet(self._parts[-1])
        self._held = self._held.clear()


@contextmanager
def _as_the_systems() -> Iterator[None]:
    """Context manager: raise polars' errors as the ``OSError`` that is behind them, such as a full disk."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if (number := re.search(r"os error (\d+)", str(error))) is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from None


def _columns(numbers: Sequence[int], marks: Marks, added: Sequence[str]) -> list[pl.Series]:
    cells = [_cells(number, marks[number], added) for number in numbers]
    return [pl.Series(column, [cell[place] for cell in cells], dtype=pl.String) for place, column in enumerate(added)]
