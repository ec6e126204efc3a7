"""Inputs as batches of canonical columns: one face for CSV, Parquet and workbooks, in a partner's form or ours.

Promises: an input is either readable as a whole (exists, is a table, has the columns) or one
:class:`UnreadableInputError` with a plain sentence and a hint; every record of it comes out exactly once, in order, as
text or as a fault; memory is bounded by the batch. Knows columns, not rules.
"""

import glob
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipeline.errors import UnreadableInputError
from pipeline.intake import columns as header
from pipeline.intake import csvfile, dialect, encoding, excelfile, mapping, parquetfile, places, sniff, unpack
from pipeline.intake.cells import Cells
from pipeline.intake.dialect import Dialect
from pipeline.intake.mapping import Plan
from pipeline.intake.records import Fault
from pipeline.model import CANONICAL_COLUMNS, SourceInfo
from pipeline.profile import Profile

_HEAD = 64 * 1024
MAX_UNPACKED = 16 * 1024**3
_RACY_NS = 2_000_000_000


class Kind(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    PARQUET = "parquet"
    EXCEL = "excel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How inputs are read: the partner's profile, and the bytes that one may unpack to."""

    profile: Profile = field(default_factory=Profile)
    max_unpacked: int = MAX_UNPACKED

    @property
    def known(self) -> frozenset[str]:
        """The names that a header may have."""
        return frozenset((*CANONICAL_COLUMNS, *self.profile.named))

    @property
    def header(self) -> excelfile.Header:
        """Where the header of a workbook is."""
        return excelfile.Header(skip_lines=self.profile.source.skip_lines, known=self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An input that is a table: ``columns`` are its own names in order, ``plan`` makes canonical ones of them.

    ``stamp`` is the file's from before anything of it was read.
    """

    name: str
    path: Path
    kind: Kind
    columns: tuple[str, ...]
    plan: Plan
    reading: Reading
    stamp: "Stamp"
    dialect: Dialect | None = None

    @property
    def written(self) -> str:
        """How a text file is written, where that is not plain CSV in UTF-8."""
        return "" if self.dialect is None or self.dialect.usual else self.dialect.words

    @property
    def untouched(self) -> bool:
        """Whether the file is the one that was opened, as far as its stamp tells."""
        return stamp(self.path) == self.stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive records, ``height`` of them: ``first_row`` is the first one's row number; faults by place.

    ``file`` makes the file's own columns, of which ``cut`` makes the canonical ones; a faulty record is a line of empty
    texts in them. Most of the work is there, so that it can be done on another core than reading. ``raws`` gives the
    bytes of records at some places in order, where the input is text: in UTF-8, line end included.
    """

    first_row: int
    height: int
    file: Callable[[], pl.DataFrame]
    plan: Plan
    faults: dict[int, Fault] = field(default_factory=dict)
    raws: Callable[[Iterable[int]], Iterator[bytes]] | None = None

    def cut(self) -> Cells:
        """Make the canonical columns."""
        return self.plan.read(self.file().head(self.height))

    def at(self, places: pl.Series) -> pl.DataFrame:
        """Make the canonical columns of the records at some places."""
        return self.plan.read(self.file()[places]).frame

    def head(self, height: int) -> "Batch":
        """Return the first records."""
        kept = {place: fault for place, fault in self.faults.items() if place < height}
        return replace(self, height=height, faults=kept)


def expand(inputs: Sequence[Path]) -> list[Path]:
    """Return the files that patterns such as ``book/*.parquet`` mean, sorted; a path that exists is no pattern."""
    found: list[Path] = []
    for path in inputs:
        places.check(path)
        if os.path.exists(path) or not glob.has_magic(str(path)):  # noqa: PTH110 - a name may be too long to ask
            found.append(path)
            continue
        matches = sorted(Path(match) for match in glob.glob(str(path)))  # noqa: PTH207 - patterns may be absolute
        if not matches:
            raise UnreadableInputError(f"no file fits {path}", hint="check the pattern")
        found += matches
    return found


def open_table(path: Path, name: str, reading: Reading) -> Table:
    """Look at an input's beginning: what it is, how it is written and which columns it has."""
    seen = stamp(path)
    start = head(path, name, reading)
    profile = reading.profile
    known = reading.known
    if start.startswith(sniff.PARQUET_MAGIC):
        columns = parquetfile.columns(path, name)
        header.check(name, columns)
        plan = mapping.plan(profile, columns, name, typed=True)
        parquetfile.check_types(
            path, name, {file: canonical for canonical, origin in plan.origin.items() for file in origin}
        )
        return Table(name=name, path=path, kind=Kind.PARQUET, columns=columns, plan=plan, reading=reading, stamp=seen)
    if sniff.is_workbook(path):
        columns = excelfile.columns(path, name, profile.source.sheet, header=reading.header)
        header.check(name, columns, known)
        plan = mapping.plan(profile, columns, name, typed=True)
        return Table(name=name, path=path, kind=Kind.EXCEL, columns=columns, plan=plan, reading=reading, stamp=seen)
    refuse_foreign(start, name, reading)
    written = dialect.detect(path, name, profile.source, known, reading.max_unpacked)
    columns = csvfile.columns(path, name, written, reading.max_unpacked)
    header.check(name, columns, known)
    plan = mapping.plan(profile, columns, name)
    return Table(
        name=name,
        path=path,
        kind=Kind.CSV,
        columns=columns,
        plan=plan,
        reading=reading,
        stamp=seen,
        dialect=written,
    )


def refuse_foreign(start: bytes, name: str, reading: Reading) -> None:
    """Refuse what is no table of text by its first bytes."""
    marked = encoding.of_mark(start)
    if marked:
        start = start.removeprefix(marked.mark).decode(marked.name, "replace").encode()
    foreign = None if reading.profile.source.encoding and not marked else sniff.foreign(start)
    if foreign:
        what, hint = foreign
        raise UnreadableInputError(f"{name} is neither CSV nor Parquet: it looks like {what}", hint=hint)


def batches(table: Table, *, batch_rows: int, quiet: bool = False) -> Iterator[Batch]:
    """Yield every record of a table, ``batch_rows`` at a time; ``quiet`` hides a panicking library's own output."""
    first = 1
    for batch in _pieces(table, batch_rows, quiet=quiet):
        yield replace(batch, first_row=first)
        first += batch.height


def _pieces(table: Table, batch_rows: int, *, quiet: bool) -> Iterator[Batch]:
    """Yield the records, not numbered yet."""
    path, name, plan, wanted, reading = table.path, table.name, table.plan, table.plan.wanted, table.reading
    if table.dialect:
        most = table.reading.max_unpacked
        for records, cut in csvfile.uncut(path, name, wanted, batch_rows, dialect=table.dialect, most=most):
            height, faults, raws = records.height, records.faults, records.raws
            yield Batch(first_row=0, height=height, file=cut, plan=plan, faults=faults, raws=raws)
        return
    if table.kind is Kind.PARQUET:
        frames = parquetfile.frames(path, name, wanted, batch_rows, quiet=quiet)
    else:
        frames = excelfile.frames(path, name, wanted, batch_rows, reading.profile.source.sheet, header=reading.header)
    for frame, faults in frames:
        yield Batch(first_row=0, height=frame.height, file=partial(pl.DataFrame.clone, frame), plan=plan, faults=faults)


def sha256(path: Path, name: str) -> str:
    """Return the SHA-256 of a file's bytes, in hex; one that nobody touched since the last time is not read again."""
    try:
        seen = stamp(path)
        # What is changed again within the grain of the clock shows no other time (git calls such files racy).
        racy = time.time_ns() - max(seen.changed, seen.modified) < _RACY_NS
        return _digest.__wrapped__(path, seen) if racy else _digest(path, seen)
    except OSError as error:
        raise _unopened(name, error) from None


@lru_cache(maxsize=256)
def _digest(path: Path, _: "Stamp") -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(source: SourceInfo) -> None:
    """Refuse an input that is not the one that was surveyed: its row numbers would mean other rows."""
    if sha256(Path(source.path), source.name) != source.sha256:
        raise changed(source.name)


def changed(name: str) -> UnreadableInputError:
    """Make the error for an input that somebody writes to."""
    return UnreadableInputError(
        f"{name} changed while it was being worked on", hint="give the run a copy that nobody writes to"
    )


def head(path: Path, name: str, reading: Reading) -> bytes:
    """Return the first bytes of what is in a file, or say why there are none."""
    try:
        places.check(path)
        with unpack.opened(path, name, reading.max_unpacked) as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise _unopened(name, error) from None
    if head.startswith(sniff.PARQUET_MAGIC) and (packing := unpack.packing(path)):
        raise UnreadableInputError(
            f"{name} is a Parquet file in a {packing} archive", hint="unpack it first: only text is read packed"
        )
    if not head.removeprefix(sniff.BOM).strip():
        raise UnreadableInputError(f"{name} is empty", hint="check how it was made")
    return head


def _unopened(name: str, error: OSError) -> UnreadableInputError:
    if isinstance(error, FileNotFoundError):
        return UnreadableInputError(f"{name} does not exist", hint="check the path")
    if isinstance(error, PermissionError):
        return UnreadableInputError(f"{name} may not be read by this user", hint="check its permissions")
    return UnreadableInputError(f"{name} cannot be read: {error.strerror}", hint="check the path and the disk")


class Stamp(NamedTuple):
    """What changes with a file's content and costs nothing to ask; times in nanoseconds."""

    file: int
    size: int
    modified: int
    changed: int


def stamp(path: Path) -> Stamp:
    """Return a file's stamp; that of a file which is gone is like no other."""
    try:
        found = path.stat()
    except OSError:
        return Stamp(file=0, size=0, modified=0, changed=0)
    return Stamp(file=found.st_ino, size=found.st_size, modified=found.st_mtime_ns, changed=found.st_ctime_ns)
