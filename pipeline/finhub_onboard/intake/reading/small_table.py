"""A file looked at without a profile: its first rows and how it is written, for a proposal; or all of a small one.

Promises: for a proposal nothing but the beginning is read, however large the file is; what cannot be a table is refused
as everywhere. An encoding that cannot be told is no refusal here: it is left open. Knows no rules.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake import header
from finhub_onboard.intake.proposing import header_names
from finhub_onboard.intake.proposing.propose import Detected
from finhub_onboard.intake.reading import csv_file, dialect, excel_file, files, parquet_file, sniff
from finhub_onboard.intake.reading.records import Fault

_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A record of a table that a person filled in, numbered from 1: its cells by column, or none if it is broken."""

    number: int
    cells: dict[str, str] | None


def glance(path: Path, name: str, source: Source) -> tuple[pl.DataFrame, Detected]:
    """Return the first rows as text under the file's own names, and how the file is written.

    ``source`` is what is stated of it. Raises :class:`UnreadableInputError`.
    """
    columns, frames, detected = _opened(path, name, source, header_names.spellings(), lenient=True)
    if len(columns) == 1:
        raise UnreadableInputError(f"{name} has one column: {header.shown(columns)}", hint=header.advice((), columns))
    frame, _ = next(frames, (pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), {}))
    return frame, detected


def lines(path: Path, name: str, known: Collection[str]) -> Iterator[Line]:
    """Yield every record of a table that a person filled in, however a spreadsheet saved it.

    ``known`` are the names that its header has. Raises :class:`UnreadableInputError`.
    """
    _, frames, _ = _opened(path, name, Source(), known, lenient=False)
    number = 0
    for frame, faults in frames:
        for place, cells in enumerate(frame.iter_rows(named=True)):
            number += 1
            yield Line(number=number, cells=None if place in faults else cells)


def _opened(
    path: Path, name: str, source: Source, known: Collection[str], *, lenient: bool
) -> tuple[tuple[str, ...], Iterator[tuple[pl.DataFrame, dict[int, Fault]]], Detected]:
    """Look at a file's beginning: its columns, its records as frames of text, and how it is written.

    ``lenient``: columns of Parquet that are no text are empty, as nobody may want them.
    """
    reading = files.Reading(profile=Profile(source=source))
    head = files.head(path, name, reading)
    known = header_names.spellings()
    if head.startswith(sniff.PARQUET_MAGIC):
        columns = parquet_file.columns(path, name)
        frames = parquet_file.frames(path, name, columns, _ROWS, quiet=True, lenient=lenient)
        detected = Detected()
    elif sniff.is_workbook(path):
        where = excel_file.Header(skip_lines=source.skip_lines, known=known)
        columns = excel_file.columns(path, name, source.sheet, header=where)
        frames = excel_file.frames(path, name, columns, _ROWS, source.sheet, header=where, lenient=lenient)
        detected = Detected(sheet=source.sheet)
    else:
        files.refuse_foreign(head, name, reading)
        found = dialect.detect(path, name, source, known, reading.max_unpacked, doubtful=True)
        columns = csv_file.columns(path, name, found, reading.max_unpacked)
        frames = csv_file.frames(path, name, columns, _ROWS, dialect=found, most=reading.max_unpacked)
        detected = Detected(
            encoding=found.encoding.name,
            delimiter=found.cut.delimiter,
            quote=found.cut.quote,
            escape=found.cut.escape,
            skip_lines=found.skip_lines,
            sure={
                "encoding": found.encoding.confidence,
                **dict.fromkeys(("delimiter", "quote", "escape", "skip_lines"), found.sure),
            },
        )
    header.check(name, columns, known)
    return columns, frames, detected
