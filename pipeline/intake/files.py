"""Inputs as batches of text: one face for CSV and Parquet.

Promises: an input is either readable as a whole (exists, is a table, has the columns) or one
:class:`UnreadableInputError` with a plain sentence and a hint; every record of it comes out exactly once, in order, as
text or as a fault; memory is bounded by the batch. Knows columns, not rules.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

from pipeline.errors import UnreadableInputError
from pipeline.intake import csvfile, parquetfile, sniff
from pipeline.intake.records import Fault
from pipeline.model import SourceInfo

_HEAD = 64 * 1024


class Kind(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An input that is a table with the required columns: ``columns`` are its names in order, ``_err_*`` included."""

    name: str
    path: Path
    kind: Kind
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive records: ``frame`` has a text column per wanted name ('' is absent), faults by place in it.

    ``first_row`` is the row number of the first record; a faulty record is a line of empty texts in the frame.
    """

    first_row: int
    frame: pl.DataFrame
    faults: dict[int, Fault]


def open_table(path: Path, name: str) -> Table:
    """Look at an input's beginning: what it is and which columns it has."""
    head = _head(path, name)
    if head.startswith(sniff.PARQUET_MAGIC):
        return Table(name=name, path=path, kind=Kind.PARQUET, columns=parquetfile.columns(path, name))
    foreign = sniff.foreign(head)
    if foreign:
        what, hint = foreign
        raise UnreadableInputError(f"{name} is neither CSV nor Parquet: it looks like {what}", hint=hint)
    return Table(name=name, path=path, kind=Kind.CSV, columns=csvfile.columns(path, name))


def batches(table: Table, *, wanted: Sequence[str], batch_rows: int, quiet: bool = False) -> Iterator[Batch]:
    """Yield every record of a table, ``batch_rows`` at a time; ``quiet`` hides a panicking library's own output."""
    first = 1
    frames = (
        parquetfile.frames(table.path, table.name, wanted, batch_rows, quiet=quiet)
        if table.kind is Kind.PARQUET
        else csvfile.frames(table.path, table.name, wanted, batch_rows)
    )
    for frame, faults in frames:
        yield Batch(first_row=first, frame=frame, faults=faults)
        first += frame.height


def sha256(path: Path, name: str) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unopened(name, error) from None


def verify(source: SourceInfo) -> None:
    """Refuse an input that is not the one that was surveyed: its row numbers would mean other rows."""
    if sha256(Path(source.path), source.name) != source.sha256:
        raise UnreadableInputError(
            f"{source.name} changed while it was being worked on", hint="run again when nobody writes to it"
        )


def _head(path: Path, name: str) -> bytes:
    """Return the first bytes, or say why there are none."""
    try:
        if path.is_dir():
            raise UnreadableInputError(f"{name} is a folder", hint="give the files in it")
        if path.exists() and not path.is_file():
            raise UnreadableInputError(f"{name} is not a regular file", hint="inputs are read twice: save it as a file")
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise _unopened(name, error) from None
    if not head.removeprefix(sniff.BOM).strip():
        raise UnreadableInputError(f"{name} is empty", hint="check how it was made")
    return head


def _unopened(name: str, error: OSError) -> UnreadableInputError:
    if isinstance(error, FileNotFoundError):
        return UnreadableInputError(f"{name} does not exist", hint="check the path")
    if isinstance(error, PermissionError):
        return UnreadableInputError(f"{name} may not be read by this user", hint="check its permissions")
    return UnreadableInputError(f"{name} cannot be read: {error.strerror}", hint="check the path and the disk")


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes with a file's content and costs nothing to ask: which file, its size, its time."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
