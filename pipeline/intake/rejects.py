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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.intake import csvfile, files, parquetfile
from pipeline.intake.records import DELIMITER, Record, line_end, without_line_end
from pipeline.model import ERROR_COLUMNS, SourceInfo

_FIELD = re.compile(r'"(?:[^"]|"")*"(?=,|$)|[^,]*', re.DOTALL)
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectMark:
    """Why a row is rejected, or was refused: a canonical column or '', a stable code, a sentence."""

    field: str
    code: str
    message: str


def write_rejects(
    source: SourceInfo, destination: Path, marks: Mapping[int, Sequence[RejectMark]], batch_rows: int
) -> None:
    """Read an input again and write its marked rows to ``destination``; marks are looked up by row number.

    Raises :class:`UnreadableInputError` when the input is not the one that was surveyed.
    """
    files.verify(source)
    table = files.open_table(Path(source.path), source.name)
    destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _whole(destination) as temporary:
        if table.kind is files.Kind.PARQUET:
            _write_parquet(source, temporary, marks, batch_rows)
        else:
            _write_csv(source, temporary, marks)


def _write_csv(source: SourceInfo, temporary: Path, marks: Mapping[int, Sequence[RejectMark]]) -> None:
    with (
        csvfile.opened(Path(source.path), source.name) as file,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as sink,
    ):
        ours = frozenset(place for place, column in enumerate(file.columns) if column in ERROR_COLUMNS)
        header = _original(file.header, ours, len(file.columns))
        sink.write((_BOM if file.bom else "") + header + DELIMITER + DELIMITER.join(ERROR_COLUMNS) + file.newline)
        for number, record in enumerate(file.body, start=1):
            if number > source.rows:
                break
            against = marks.get(number)
            if against:
                ending = line_end(record.raw) or file.newline
                sink.write(_original(record, ours, len(file.columns)) + DELIMITER + _joined(number, against) + ending)


def _original(record: Record, ours: frozenset[int], width: int) -> str:
    """Return a record's own text without earlier marks.

    A short record is not padded: given again as it stands it must still be seen to be short, not pass as a full row
    whose cells may have shifted.
    """
    raw = without_line_end(record.raw)
    fields = record.cells
    if ours or fields is None:
        fields = list(_split(raw))
    if ours and len(fields) > len(ours):
        if len(fields) < width and max(ours) == width - 1:
            # A short record's marks do not stand under their header: they are its last fields.
            ours = frozenset(range(len(fields) - len(ours), len(fields)))
        raw = DELIMITER.join(field for place, field in enumerate(fields) if place not in ours)
    return raw


def _split(raw: str) -> Iterator[str]:
    """Cut a record's text at its commas, quotes left as they are; badly quoted text is cut at every comma."""
    place = 0
    while True:
        match = _FIELD.match(raw, place)
        assert match is not None
        yield match.group()
        if match.end() >= len(raw):
            return
        place = match.end() + 1


def _joined(number: int, marks: Sequence[RejectMark]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(_cells(number, marks))
    return buffer.getvalue()


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
