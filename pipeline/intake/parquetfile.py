"""Parquet in canonical columns: its schema judged, its rows as frames of text.

Promises: text stays text, ``date_of_birth`` may be a date, ``*_accepted_at`` instants; any other type in a canonical
column is refused by name, never guessed. Whatever the library does on a corrupt file, a panic included, is one
:class:`UnreadableInputError`. An instant without a time zone comes out without an offset, and the rules refuse it:
evidence needs one. Knows types, not rules.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException

from pipeline.errors import UnreadableInputError
from pipeline.intake import columns as header_columns
from pipeline.intake.records import Fault
from pipeline.model import CANONICAL_COLUMNS, CONSENTS

_INSTANTS = frozenset(f"{consent}_accepted_at" for consent in CONSENTS)
_STDERR = 2


def columns(path: Path, name: str) -> tuple[str, ...]:
    """Return the names of the columns, checked, and refuse types that would have to be guessed."""
    schema = scan_schema(path, name)
    names = tuple(schema.names())
    header_columns.check(name, names)
    for column in CANONICAL_COLUMNS:
        if column in schema:
            _check_type(name, column, schema[column])
    return names


def scan_schema(path: Path, name: str) -> pl.Schema:
    """Return the file's schema as it stands."""
    with guarded(name), silenced():
        return scan(path).collect_schema()


def scan(path: Path) -> pl.LazyFrame:
    """Return the file lazily: one file, never a pattern, whatever characters its name has."""
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def frames(
    path: Path, name: str, wanted: Sequence[str], batch_rows: int, *, quiet: bool
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the rows as frames of text with the wanted columns; null is '', and no row is at fault as a record."""
    schema = scan_schema(path, name)
    texts = [
        (_text(column, schema[column]) if column in schema else pl.lit("", dtype=pl.String)).alias(column)
        for column in wanted
    ]
    first = 0
    while True:
        with guarded(name), silenced() if quiet else nullcontext():
            # with_row_index keeps the height when no wanted column is in the file.
            piece = scan(path).slice(first, batch_rows).with_row_index("\0row").collect()
            frame = piece.select(pl.col("\0row"), *texts).drop("\0row")
        if not frame.height:
            return
        yield frame, {}
        first += frame.height


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    if isinstance(dtype, pl.Date):
        value = value.dt.to_string("%Y-%m-%d")
    elif isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            value = value.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f")
        else:
            value = value.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ")
    else:
        value = value.cast(pl.String)
    return value.fill_null("")


def _check_type(name: str, column: str, dtype: pl.DataType) -> None:
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return
    wanted = "text"
    if column == "date_of_birth":
        if isinstance(dtype, pl.Date):
            return
        wanted = "text or a date"
    elif column in _INSTANTS:
        if isinstance(dtype, pl.Datetime):
            return
        wanted = "text or an instant"
    raise UnreadableInputError(
        f"{name}: column {column} is {dtype}, it must be {wanted}",
        hint="write the column again in that type; numbers may have lost leading zeros or signs",
    )


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Turn any failure of the Parquet reader into one plain sentence."""
    try:
        yield
    except MemoryError:
        raise UnreadableInputError(f"{name} does not fit into memory", hint="lower intake.batch_rows") from None
    except (Exception, PanicException) as error:
        if isinstance(error, UnreadableInputError):
            raise
        raise UnreadableInputError(
            f"{name} is a corrupt Parquet file, or one with features that are not supported",
            hint="write it again, and check that it was copied whole",
        ) from None


@contextmanager
def silenced() -> Iterator[None]:
    """Hide what the library's native code prints on stderr when it panics; the error is reported properly."""
    kept = os.dup(_STDERR)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(sink)
