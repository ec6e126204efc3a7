"""A table opened without a mapping: its columns, its records as frames of text, and how the file is written.

Promises: what cannot be a table is refused as everywhere; records come a thousand at a time, so that who needs only the
beginning reads no more. An encoding that cannot be told is no refusal here: it is left open. Knows no rules and no
names of columns but those that it is given.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import polars as pl

from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.intake import header
from finhub_onboard.intake.reading import csv_file, dialect, excel_file, files, parquet_file, sniff
from finhub_onboard.intake.reading.records import Fault

_BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """How the file is written, as it was detected; empty or None is what a profile need not state.

    ``sure`` is 0 to 1 for each of the names here; one that it does not hold is sure.
    """

    encoding: str = ""
    delimiter: str = ""
    quote: str | None = None
    escape: str = ""
    skip_lines: int | None = None
    sheet: str = ""
    sure: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallTable:
    """An opened table: its columns, its records as frames of text with faults by place, and how it is written."""

    columns: tuple[str, ...]
    frames: Iterator[tuple[pl.DataFrame, dict[int, Fault]]]
    detected: Detected


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRow:
    """A record of a table that a person filled in, numbered from 1: its cells by column, or none if it is broken."""

    number: int
    cells: dict[str, str] | None


def read_rows(path: Path, name: str, known: Collection[str]) -> Iterator[FilledRow]:
    """Yield every record of a table that a person filled in, however a spreadsheet saved it.

    ``known`` are the names that its header has. Raises :class:`UnreadableInputError`.
    """
    number = 0
    for frame, faults in open_small(path, name, Source(), known).frames:
        for place, cells in enumerate(frame.iter_rows(named=True)):
            number += 1
            yield FilledRow(number=number, cells=None if place in faults else cells)


def open_small(path: Path, name: str, source: Source, known: Collection[str], *, lenient: bool = False) -> SmallTable:
    """Look at a file's beginning. Raises :class:`UnreadableInputError`.

    ``source`` is what is stated of the file, ``known`` are names by which its header is found. ``lenient``: columns of
    Parquet that are no text, and formulas without a value, are empty, as nobody may want them.
    """
    reading = files.Reading(profile=Profile(source=source))
    head = files.head(path, name, reading)
    if head.startswith(sniff.PARQUET_MAGIC):
        columns = parquet_file.columns(path, name)
        frames = parquet_file.frames(path, name, columns, _BATCH_ROWS, quiet=True, lenient=lenient)
        detected = Detected()
    elif sniff.is_workbook(path):
        where = excel_file.Header(skip_lines=source.skip_lines, known=frozenset(known))
        columns = excel_file.columns(path, name, source.sheet, header=where)
        frames = excel_file.frames(path, name, columns, _BATCH_ROWS, source.sheet, header=where, lenient=lenient)
        detected = Detected(sheet=source.sheet)
    else:
        files.refuse_foreign(head, name, reading)
        written = dialect.detect(path, name, source, known, reading.max_unpacked, doubtful=True)
        columns = csv_file.columns(path, name, written, reading.max_unpacked)
        frames = csv_file.frames(path, name, columns, _BATCH_ROWS, dialect=written, most=reading.max_unpacked)
        detected = Detected(
            encoding=written.encoding.name,
            delimiter=written.cut.delimiter,
            quote=written.cut.quote,
            escape=written.cut.escape,
            skip_lines=written.skip_lines,
            sure={
                "encoding": written.encoding.confidence,
                **dict.fromkeys(("delimiter", "quote", "escape", "skip_lines"), written.sure),
            },
        )
    header.check(name, columns, known)
    return SmallTable(columns=columns, frames=frames, detected=detected)
