"""Rows that a person must correct, written as they stood, with the reasons at the end.

Promises: the original fields byte for byte in the original dialect and encoding (a Parquet input: the original
schema), ``_err_row,_err_field,_err_code,_err_message`` after them; what an earlier run appended is replaced. The file
appears whole or not at all, readable by its owner only. Knows no rules: the marks are given.
"""

import csv
import io
import os
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.intake import csvfile, excelfile, files, parquetfile, sniff, unpack
from pipeline.intake.files import Reading, Table
from pipeline.intake.lines import Cut, line_end, without_line_end
from pipeline.intake.pace import ahead
from pipeline.model import ERROR_COLUMNS, SourceInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectMark:
    """Why a row is rejected, or was refused: a canonical column or '', a stable code, a sentence."""

    field: str
    code: str
    message: str


def write_rejects(
    source: SourceInfo, reading: Reading, destination: Path, marks: Mapping[int, Sequence[RejectMark]], batch_rows: int
) -> None:
    """Read an input again and write its marked rows to ``destination``; marks are looked up by row number.

    Raises :class:`UnreadableInputError` when the input is not the one that was surveyed.
    """
    files.verify(source)
    table = files.open_table(Path(source.path), source.name, reading)
    destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _whole(destination) as temporary:
        match table.kind:
            case files.Kind.PARQUET:
                _write_parquet(source, temporary, marks, batch_rows)
            case files.Kind.EXCEL:
                _write_excel(table, temporary, marks, batch_rows)
            case files.Kind.CSV:
                _write_csv(source, table, temporary, marks, batch_rows)


def file_name(source: SourceInfo) -> str:
    """Name the rejects of an input: its own name, but those of a workbook are CSV."""
    path = Path(source.path)
    return f"{path.stem}.csv" if sniff.is_workbook(path) else path.name


def _write_csv(
    source: SourceInfo, table: Table, temporary: Path, marks: Mapping[int, Sequence[RejectMark]], batch_rows: int
) -> None:
    dialect = table.dialect
    assert dialect is not None
    writer = _Writer(cut=dialect.cut, ours=_ours(table.columns), width=len(table.columns))
    codec = dialect.encoding.name
    delimiter = dialect.cut.delimiter.encode()
    with (
        csvfile.opened(table.path, table.name, dialect, table.reading.max_unpacked) as file,
        unpack.packed(temporary, dialect.packing) as sink,
    ):
        header = delimiter.join((writer.original(file.header.raw), *(name.encode() for name in ERROR_COLUMNS)))
        sink.write(dialect.encoding.mark + csvfile.original(file.preamble + header + file.newline, codec))
        first = 1
        wanted = deque(sorted(number for number in marks if number <= source.rows and marks[number]))
        for batch in ahead(csvfile.pieces(file, dialect, batch_rows)):
            here = []
            while wanted and wanted[0] < first + batch.height:
                here.append(wanted.popleft())
            for number, raw in zip(here, batch.raws(number - first for number in here), strict=True):
                fields = (writer.original(raw), writer.cells(_cells(number, marks[number]), codec))
                sink.write(csvfile.original(delimiter.join(fields) + (line_end(raw) or file.newline), codec))
            first += batch.height


def _ours(columns: Sequence[str]) -> frozenset[int]:
    return frozenset(place for place, column in enumerate(columns) if column in ERROR_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes records back as they stood: ``ours`` are the places of an earlier run's marks among ``width`` fields."""

    cut: Cut
    ours: frozenset[int]
    width: int

    def original(self, raw: bytes) -> bytes:
        """Return a record's own bytes without earlier marks.

        A short record is not padded: given again as it stands it must still be seen to be short, not pass as a full
        row whose cells may have shifted.
        """
        raw = without_line_end(raw)
        if not self.ours:
            return raw
        ours = self.ours
        fields = list(self._split(raw))
        if len(fields) > len(ours):
            if len(fields) < self.width and max(ours) == self.width - 1:
                # A short record's marks do not stand under their header: they are its last fields.
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
        pattern = re.compile(b"%b%b%b(?=%b|$)|[^%b]*" % (quote, inner, quote, end, end), re.DOTALL)
        place = 0
        while True:
            match = pattern.match(raw, place)
            assert match is not None
            yield match.group()
            if match.end() >= len(raw):
                return
            place = match.end() + 1

    def cells(self, cells: Sequence[str], codec: str) -> bytes:
        """Write further fields in the dialect; what its encoding, or one without quotes, cannot hold is replaced."""
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


def _write_excel(table: Table, temporary: Path, marks: Mapping[int, Sequence[RejectMark]], batch_rows: int) -> None:
    """Write the marked rows of a workbook as CSV that spreadsheets open rightly."""
    kept = [column for column in table.columns if column not in ERROR_COLUMNS]
    first = 1
    with temporary.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow([*kept, *ERROR_COLUMNS])
        sheet = table.reading.profile.source.sheet
        for frame, _ in excelfile.frames(table.path, table.name, kept, batch_rows, sheet, as_shown=True):
            for place in range(frame.height):
                if against := marks.get(first + place):
                    writer.writerow([*frame.row(place), *_cells(first + place, against)])
            first += frame.height


def _cells(number: int, marks: Sequence[RejectMark]) -> tuple[str, str, str, str]:
    return (
        str(number),
        "; ".join(mark.field for mark in marks),
        "; ".join(mark.code for mark in marks),
        "; ".join(mark.message for mark in marks),
    )


def _write_parquet(
    source: SourceInfo, temporary: Path, marks: Mapping[int, Sequence[RejectMark]], batch_rows: int
) -> None:
    pieces = []
    with parquetfile.guarded(source.name):
        scan = parquetfile.scan(Path(source.path))
        original = scan.select(pl.exclude(ERROR_COLUMNS))
        for first in range(0, source.rows, batch_rows):
            numbers = [
                number for number in range(first + 1, min(first + batch_rows, source.rows) + 1) if marks.get(number)
            ]
            if numbers:
                piece = original.slice(first, batch_rows).collect()[[number - 1 - first for number in numbers]]
                pieces.append(piece.hstack(_columns(numbers, marks)))
        if not pieces:
            pieces = [original.head(0).collect().hstack(_columns([], marks))]
        pl.concat(pieces).write_parquet(temporary)


def _columns(numbers: Sequence[int], marks: Mapping[int, Sequence[RejectMark]]) -> list[pl.Series]:
    cells = [_cells(number, marks[number]) for number in numbers]
    return [
        pl.Series(column, [cell[place] for cell in cells], dtype=pl.String)
        for place, column in enumerate(ERROR_COLUMNS)
    ]


@contextmanager
def _whole(destination: Path) -> Iterator[Path]:
    """Give a temporary file beside the destination that takes its place when all is written and on disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)  # mode 0600
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(destination)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
