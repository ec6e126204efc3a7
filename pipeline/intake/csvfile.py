"""CSV in UTF-8, comma and doubled quotes: its header, its records as frames of text, its dialect for writing back.

Promises: no record is padded, dropped or shifted; a broken one is a fault and an empty line of the frame. Knows
column names, not rules.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from pipeline.errors import UnreadableInputError
from pipeline.intake import columns as header_columns
from pipeline.intake import sniff
from pipeline.intake.records import (
    DELIMITER,
    MAX_LINE,
    Fault,
    Lines,
    LineTooLongError,
    Record,
    line_end,
    records,
    without_line_end,
)
from pipeline.model import CANONICAL_COLUMNS

_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A CSV file that stands after its header: ``header`` is the header's record, ``body`` yields the others."""

    bom: bool
    header: Record
    columns: tuple[str, ...]
    newline: str
    body: Iterator[Record]


@contextmanager
def opened(path: Path, name: str) -> Iterator[Opened]:
    """Open a CSV file and read its header; what goes wrong with the file as a whole is said in one sentence."""
    try:
        # Bytes that are not UTF-8 become surrogates, which a record's check finds: one bad byte spoils one record.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            bom = stream.read(1) == _MARK
            if not bom:
                stream.seek(0)
            lines = Lines(stream)
            header = next(records(lines, width=None), None)
            names = _names(name, header)
            assert header is not None
            yield Opened(
                bom=bom,
                header=header,
                columns=names,
                newline=line_end(header.raw) or "\n",
                body=records(lines, width=len(names)),
            )
    except LineTooLongError:
        raise UnreadableInputError(
            f"{name} has a line of more than {MAX_LINE:,} characters: it is not a table of customers",
            hint="check its line ends and how it was made",
        ) from None
    except OSError as error:
        raise UnreadableInputError(f"{name} cannot be read: {error.strerror}", hint="check the path") from None


def columns(path: Path, name: str) -> tuple[str, ...]:
    """Return the header's names, checked."""
    with opened(path, name) as file:
        if file.header.raw.count(",") < len(CANONICAL_COLUMNS):
            _check_delimiter(name, file.header.raw)
        header_columns.check(name, file.columns)
        return file.columns


def frames(
    path: Path, name: str, wanted: Sequence[str], batch_rows: int
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the records as frames of text with the wanted columns, and the faults by place in the frame."""
    with opened(path, name) as file:
        places = [file.columns.index(column) if column in file.columns else None for column in wanted]
        while batch := list(islice(file.body, batch_rows)):
            yield _frame(batch, wanted, places, len(file.columns))


def _frame(
    batch: list[Record], wanted: Sequence[str], places: list[int | None], width: int
) -> tuple[pl.DataFrame, dict[int, Fault]]:
    """Gather a batch's cells: plain records are cut all at once, the others one by one, then all put in order."""
    faults = {place: record.fault for place, record in enumerate(batch) if record.fault}
    plain = [place for place, record in enumerate(batch) if record.plain]
    others = [place for place, record in enumerate(batch) if not record.plain]
    used = [place for place in places if place is not None]
    empty = [""] * width
    cut = _cut([batch[place].raw for place in plain], used, width)
    parsed = _columns([batch[place].parsed or empty for place in others], used)
    frame = pl.concat([cut, parsed])
    if others:
        order = pl.Series(plain + others, dtype=pl.get_index_type()).arg_sort()
        frame = frame[order]
    columns = [
        pl.repeat("", frame.height, dtype=pl.String, eager=True).alias(column)
        if place is None
        else frame[_column(place)].alias(column)
        for column, place in zip(wanted, places, strict=True)
    ]
    return pl.DataFrame(columns), faults


def _cut(lines: list[str], used: list[int], width: int) -> pl.DataFrame:
    """Cut plain lines at every comma.

    polars does it fast, and on lines whose fields are counted and that hold no quote it has nothing to guess; should
    it not find what was counted all the same, Python cuts them.
    """
    text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n")
    if not text or text.startswith(_MARK) or not used:
        return _columns([without_line_end(line).split(DELIMITER) for line in lines], used)
    frame = pl.read_csv(
        text.encode(),
        has_header=False,
        separator=DELIMITER,
        quote_char=None,
        schema={_column(place): pl.String for place in range(width)},
        columns=[_column(place) for place in used],
    )
    if frame.height != len(lines):
        return _columns([without_line_end(line).split(DELIMITER) for line in lines], used)
    return frame.select(pl.col(_column(place)).fill_null("") for place in used)


def _columns(rows: list[list[str]], used: list[int]) -> pl.DataFrame:
    return pl.DataFrame([pl.Series(_column(place), [row[place] for row in rows], dtype=pl.String) for place in used])


def _column(place: int) -> str:
    return f"column_{place + 1}"  # the only names that polars takes for a text without header


def _names(name: str, header: Record | None) -> tuple[str, ...]:
    if header is None:
        raise UnreadableInputError(f"{name} is empty", hint="check how it was made")
    if header.cells is None:
        codes = header.fault.codes if header.fault else ()
        if "record_encoding" in codes:
            raise UnreadableInputError(
                f"{name}: the header is not UTF-8 text, perhaps Windows-1252 or Latin-1", hint="save the file as UTF-8"
            )
        raise UnreadableInputError(
            f"{name}: the header line is badly quoted or holds NUL bytes", hint="correct the first line"
        )
    return tuple(cell.strip() for cell in header.cells)


def _check_delimiter(name: str, header: str) -> None:
    delimiter = sniff.other_delimiter(header.strip(), CANONICAL_COLUMNS)
    if delimiter:
        raise UnreadableInputError(
            f"{name}: the header is separated by {delimiter}, not by commas",
            hint="save the file with commas between the fields",
        )
