"""A file looked at without a profile: its first rows and how it is written, for a proposal.

Promises: nothing but the beginning is read, however large the file is; what cannot be a table is refused as everywhere.
An encoding that cannot be told is no refusal here: it is left open. Knows no rules.
"""

from pathlib import Path

import polars as pl

from pipeline.errors import UnreadableInputError
from pipeline.intake import columns as header
from pipeline.intake import csvfile, dialect, excelfile, files, headers, parquetfile, sniff
from pipeline.intake.propose import Detected
from pipeline.profile import Profile, Source

_ROWS = 1000


def glance(path: Path, name: str, source: Source) -> tuple[pl.DataFrame, Detected]:
    """Return the first rows as text under the file's own names, and how the file is written.

    ``source`` is what is stated of it. Raises :class:`UnreadableInputError`.
    """
    reading = files.Reading(profile=Profile(source=source))
    head = files.head(path, name, reading)
    known = headers.spellings()
    if head.startswith(sniff.PARQUET_MAGIC):
        columns = parquetfile.columns(path, name)
        frames = parquetfile.frames(path, name, columns, _ROWS, quiet=True)
        detected = Detected()
    elif sniff.is_workbook(path):
        columns = excelfile.columns(path, name, source.sheet)
        frames = excelfile.frames(path, name, columns, _ROWS, source.sheet)
        detected = Detected(sheet=source.sheet)
    else:
        files.refuse_foreign(head, name, reading)
        found = dialect.detect(path, name, source, known, reading.max_unpacked, doubtful=True)
        columns = csvfile.columns(path, name, found, reading.max_unpacked)
        frames = csvfile.frames(path, name, columns, _ROWS, dialect=found, most=reading.max_unpacked)
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
    if len(columns) == 1:
        raise UnreadableInputError(f"{name} has one column: {header.listed(columns)}", hint=header.advice((), columns))
    frame, _ = next(frames, (pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), {}))
    return frame, detected
