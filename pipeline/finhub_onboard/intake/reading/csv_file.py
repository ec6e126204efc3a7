"""Reads CSV in any dialect: the header, and the records as frames of text.

Promises: no record is padded, dropped or shifted; a broken one is a fault and an empty row of the frame. Knows column
names, not rules.
"""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.reading import unpack
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.dialect import Dialect
from finhub_onboard.intake.reading.encoding import as_utf8
from finhub_onboard.intake.reading.lines import MAX_LINE_BYTES, Lines, LineTooLongError, Run, line_end
from finhub_onboard.intake.reading.records import Batch, Fault, Record, batches, records


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A CSV file, positioned after its header: ``preamble`` are the bytes before it, ``columns`` the names."""

    preamble: bytes
    header: Record
    columns: tuple[str, ...]
    newline: bytes
    lines: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncut:
    """Records that are not split into fields yet; the ``wanted`` columns are at ``places``."""

    records: Batch = field(compare=False)
    wanted: tuple[str, ...]
    places: tuple[int, ...]
    width: int
    cut: Cut

    def only(self, wanted: Sequence[str]) -> "Uncut":
        """Return the same records, of which only these of the columns will be made."""
        places = tuple(self.places[self.wanted.index(column)] for column in wanted)
        return replace(self, wanted=tuple(wanted), places=places)

    def __call__(self) -> pl.DataFrame:
        """Split them into a frame of text; a faulty record is a row of empty texts.

        Plain lines are split together, the others are split already; then all are put in order.
        """
        frame = _cut(self.records.plain, self.wanted, self.places, self.width, self.cut)
        if not self.records.others:
            return frame
        empty = [""] * self.width
        cells = [record.cells or empty for record in self.records.others.values()]
        others = _columns(cells, self.wanted, self.places)
        return pl.concat([frame, others])[_order(self.records)] if self.records.plain else others


@contextmanager
def open_csv(
    path: Path, name: str, dialect: Dialect, most: int, *, known: dict[int, int] | None = None
) -> Iterator[Opened]:
    """Open a CSV file and read its header; an unreadable file is refused in one sentence.

    ``known`` is what an earlier reading found out about its blocks (:class:`Lines`).
    """
    codec = dialect.encoding.name
    try:
        with unpack.opened(path, name, most) as stream:
            stream.read(len(dialect.encoding.mark))
            lines = Lines(as_utf8(stream, codec), known=known)
            preamble = b"".join(lines.take() for _ in range(dialect.skip_lines))
            header = next(records(lines, dialect.cut, width=None), None)
            names = _names(name, header, dialect)
            assert header is not None
            newline = line_end(header.raw) or b"\n"
            yield Opened(preamble=preamble, header=header, columns=names, newline=newline, lines=lines)
    except LineTooLongError:
        raise UnreadableInputError(
            f"{name} has a line of more than {MAX_LINE_BYTES:,} characters: it is not a table of customers",
            hint="check its line ends and how it was made",
        ) from None
    except UnicodeError:
        raise UnreadableInputError(
            f"{name} is not {codec} text throughout: it may be cut off, or in another encoding",
            hint="save the file as UTF-8",
        ) from None
    except OSError as error:
        raise UnreadableInputError(f"{name} cannot be read: {error.strerror}", hint="check the path") from None


def columns(path: Path, name: str, dialect: Dialect, most: int) -> tuple[str, ...]:
    """Return the names of the header."""
    with open_csv(path, name, dialect, most) as file:
        return file.columns


def pieces(file: Opened, dialect: Dialect, rows: int) -> Iterator[Batch]:
    """Yield the records after the header in batches."""
    yield from batches(file.lines, dialect.cut, width=len(file.columns), rows=rows, tail=dialect.tail)


def frames(
    path: Path, name: str, wanted: Sequence[str], batch_rows: int, *, dialect: Dialect, most: int
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the records as frames of text with the wanted columns, and the faults by place in the frame."""
    for batch in uncut(path, name, wanted, batch_rows, dialect=dialect, most=most):
        yield batch(), batch.records.faults


def uncut(
    path: Path,
    name: str,
    wanted: Sequence[str],
    batch_rows: int,
    *,
    dialect: Dialect,
    most: int,
    known: dict[int, int] | None = None,
) -> Iterator[Uncut]:
    """Yield the records without splitting them: that is most of the work, and may be done in another thread."""
    with open_csv(path, name, dialect, most, known=known) as file:
        places = [file.columns.index(column) for column in wanted]
        for batch in pieces(file, dialect, batch_rows):
            yield Uncut(
                records=batch,
                wanted=tuple(wanted),
                places=tuple(places),
                width=len(file.columns) + dialect.tail,
                cut=dialect.cut,
            )


def join_uncut(uncut: Sequence[Uncut]) -> Uncut | None:
    """Join records of several files, to split them together; None if their dialects differ."""
    first = uncut[0]
    if any(other != first for other in uncut):
        return None
    together = Batch()
    for part in uncut:
        together.plain += part.records.plain
        together.others |= {together.height + place: record for place, record in part.records.others.items()}
        together.height += part.records.height
    return replace(first, records=together)


def _order(batch: Batch) -> pl.Series:
    """Return the order that puts records back, after the plain ones come first and the others last."""
    others = pl.Series(list(batch.others), dtype=pl.get_index_type())
    rows = pl.int_range(batch.height, dtype=pl.get_index_type(), eager=True)
    plain = rows.filter(~rows.is_in(others.implode()))
    return pl.concat([plain, others]).arg_sort()


def _cut(runs: Sequence[Run], wanted: Sequence[str], places: Sequence[int], width: int, cut: Cut) -> pl.DataFrame:
    """Cut lines that are unambiguous records.

    polars does it fast, and on lines whose fields are counted and wholly quoted or not at all it has nothing to guess;
    should it not find what was counted all the same, Python cuts them.
    """
    body = b"".join(run.body for run in runs)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if body and places and not body.startswith(codecs.BOM_UTF8):
        frame = pl.read_csv(
            body,
            has_header=False,
            separator=cut.delimiter,
            quote_char=cut.quote if cut.quote and cut.quote.encode() in body else None,
            schema={_column(place): pl.String for place in range(width)},
            columns=[_column(place) for place in sorted(set(places))],
            empty_string_is_null=False,
        )
        if frame.height == sum(run.lines for run in runs):
            return frame.select(
                pl.col(_column(place)).alias(column) for column, place in zip(wanted, places, strict=True)
            )
    lines = (line for run in runs for line in run.body.splitlines(keepends=True))
    return _columns([cut.cells((line.decode(),)) for line in lines], wanted, places)


def _columns(rows: list[list[str]], wanted: Sequence[str], places: Sequence[int]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            pl.Series(column, [row[place] for row in rows], dtype=pl.String)
            for column, place in zip(wanted, places, strict=True)
        ]
    )


def _column(place: int) -> str:
    return f"column_{place + 1}"  # the only names that polars takes for a text without header


def _names(name: str, header: Record | None, dialect: Dialect) -> tuple[str, ...]:
    if header is None:
        raise UnreadableInputError(f"{name} is empty", hint="check how it was made")
    if header.cells is None:
        codes = header.fault.codes if header.fault else ()
        if ViolationCode.RECORD_ENCODING in codes:
            raise UnreadableInputError(
                f"{name}: the header is not {dialect.encoding.name} text",
                hint="save the file as UTF-8, or state its encoding in a profile",
            )
        raise UnreadableInputError(
            f"{name}: the header line is badly quoted or holds NUL bytes", hint="correct the first line"
        )
    names = [cell.strip(OUTER_SPACE) for cell in header.cells]
    while dialect.tail and names and not names[-1]:
        names.pop()
    return tuple(names)
