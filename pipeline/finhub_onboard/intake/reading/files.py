"""Opens inputs and reads them as batches of canonical columns: one interface for CSV, Parquet and workbooks.

Promises: an input is either readable as a whole (exists, is a table, has the columns) or refused by one
:class:`UnreadableInputError` with a plain sentence and a hint; every record comes out exactly once, in order, as text
or as a fault; memory is bounded by the batch. Knows columns, not rules.
"""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

import polars as pl

from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import IntakeSettings
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake import header
from finhub_onboard.intake.cells import Cells
from finhub_onboard.intake.mapping import columns as mapping
from finhub_onboard.intake.mapping.columns import Plan
from finhub_onboard.intake.reading import csv_file, dialect, encoding, excel_file, parquet_file, places, sniff, unpack
from finhub_onboard.intake.reading.csv_file import Uncut
from finhub_onboard.intake.reading.dialect import Dialect
from finhub_onboard.intake.reading.records import Fault
from finhub_onboard.intake.reading.stamps import Stamp, stamp
from finhub_onboard.model.columns import CANONICAL_COLUMNS

_HEAD_BYTES = 64 * 1024
MAX_UNPACKED = 16 * 1024**3
MAX_MALFORMED_PERCENT = 50.0
SMALL_BYTES = 256 * 1024
"""Inputs of up to this size are small: there may be thousands of them, so that the fixed cost of each matters."""
_MIN_KNOWN_NAMES = 2
"""How many known names identify a header."""


class Kind(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    PARQUET = "parquet"
    EXCEL = "excel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How inputs are read: the partner's profile, the bytes that one may unpack to, and how many may be malformed.

    ``checkpoint`` is called for each batch; what it raises ends the reading.
    """

    profile: Profile = field(default_factory=Profile)
    max_unpacked: int = MAX_UNPACKED
    max_malformed_percent: float = MAX_MALFORMED_PERCENT
    checkpoint: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)

    @classmethod
    def configured(
        cls, profile: Profile, settings: IntakeSettings, checkpoint: Callable[[], None] = lambda: None
    ) -> "Reading":
        """Return a reading by the settings."""
        return cls(
            profile=profile,
            max_unpacked=settings.max_unpacked_bytes,
            max_malformed_percent=settings.max_malformed_percent,
            checkpoint=checkpoint,
        )

    @property
    def known(self) -> frozenset[str]:
        """The names that a header may have."""
        return frozenset((*CANONICAL_COLUMNS, *self.profile.named))

    @property
    def header(self) -> excel_file.Header:
        """Where the header of a workbook is."""
        return excel_file.Header(skip_lines=self.profile.source.skip_lines, known=self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An opened input: ``columns`` are its own names in order, ``plan`` maps them to the canonical ones.

    ``stamp`` was taken before anything was read. ``header`` is the header line of a text file. ``blocks`` carries what
    one reading found out to the next (:class:`Lines`), as long as the file is unchanged.
    """

    name: str
    path: Path
    kind: Kind
    columns: tuple[str, ...]
    plan: Plan
    reading: Reading
    stamp: Stamp
    dialect: Dialect | None = None
    header: bytes = b""
    blocks: dict[int, int] = field(default_factory=dict, compare=False)

    @property
    def written(self) -> str:
        """The dialect of a text file, '' for plain CSV in UTF-8."""
        return "" if self.dialect is None or self.dialect.usual else self.dialect.words

    @property
    def untouched(self) -> bool:
        """Whether the file's stamp is still the one from when it was opened."""
        return stamp(self.path) == self.stamp

    def facts(self, fault: Fault) -> dict[str, object]:
        """Return what the message about a malformed record says."""
        encoding = self.dialect.encoding.name if self.dialect else ""
        return {"line": fault.line, "found": fault.found, "expected": len(self.columns), "encoding": encoding}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive records, ``height`` of them: ``first_row`` is the first one's row number; faults by place.

    ``file`` returns the file's own columns; ``make_cells`` turns them into the canonical ones. A faulty record is a row
    of empty texts. Both are called later than reading, so that another core can do this work, for many batches at once.
    ``raws`` returns the bytes of records at some places in order, where the input is text: in UTF-8, with line ends.
    """

    first_row: int
    height: int
    file: Callable[[], pl.DataFrame]
    plan: Plan
    faults: dict[int, Fault] = field(default_factory=dict)
    raws: Callable[[Iterable[int]], Iterator[bytes]] | None = None

    def head(self, height: int) -> "Batch":
        """Return the first records."""
        kept = {place: fault for place, fault in self.faults.items() if place < height}
        return replace(self, height=height, faults=kept)

    def only(self, columns: Sequence[str]) -> "Batch":
        """Return the same records, of which only these canonical columns will be made."""
        file, plan = self.file, self.plan.only(columns)
        narrow = file.only(plan.wanted) if isinstance(file, Uncut) else lambda: file().select(plan.wanted)
        return replace(self, file=narrow, plan=plan)


def make_cells(batches: Sequence[Batch], places: pl.Series | None = None) -> Cells:
    """Make the canonical columns of batches with the same plan, or only of the records at some places.

    The batches may be of different inputs: together they cost less than one by one.
    """
    frame = _join(batches)
    return batches[0].plan.read(frame if places is None else frame[places])


def _join(batches: Sequence[Batch]) -> pl.DataFrame:
    uncut = [
        batch.file for batch in batches if isinstance(batch.file, Uncut) and batch.file.records.height == batch.height
    ]
    if len(uncut) == len(batches) and (whole := csv_file.join_uncut(uncut)):
        return whole()
    return pl.concat([batch.file().head(batch.height) for batch in batches])


def expand(inputs: Sequence[Path]) -> list[Path]:
    """Expand patterns such as ``book/*.parquet``, sorted; a path that exists is no pattern."""
    paths: list[Path] = []
    for path in inputs:
        places.check(path)
        if os.path.exists(path) or not glob.has_magic(str(path)):  # noqa: PTH110 - a name may be too long to ask
            paths.append(path)
            continue
        matches = sorted(Path(match) for match in glob.glob(str(path)))  # noqa: PTH207 - patterns may be absolute
        if not matches:
            raise UnreadableInputError(f"no file fits {path}", hint="check the pattern")
        paths += matches
    return paths


def open_table(path: Path, name: str, reading: Reading, like: Table | None = None) -> Table:
    """Detect the format, dialect and columns of an input from its beginning.

    A small input that is ``like`` the previous one, read in the same way, takes over its dialect and plan.
    """
    seen = stamp(path)
    if like and like.dialect and seen.size <= SMALL_BYTES and _is_like(path, like, like.dialect):
        return replace(like, name=name, path=path, stamp=seen, dialect=replace(like.dialect, sure=1.0), blocks={})
    start = head(path, name, reading)
    profile = reading.profile
    known = reading.known
    if start.startswith(sniff.PARQUET_MAGIC):
        columns = parquet_file.columns(path, name)
        header.check(name, columns)
        plan = mapping.plan(profile, columns, name, typed=True)
        names = (*profile.extra_columns, *CANONICAL_COLUMNS)
        origins = {file: column for column in names for file in plan.origin[column]}
        parquet_file.check_types(path, name, origins, profile.extra_columns)
        return Table(name=name, path=path, kind=Kind.PARQUET, columns=columns, plan=plan, reading=reading, stamp=seen)
    if sniff.is_workbook(path):
        columns = excel_file.columns(path, name, profile.source.sheet, header=reading.header)
        header.check(name, columns, known)
        plan = mapping.plan(profile, columns, name, typed=True)
        return Table(name=name, path=path, kind=Kind.EXCEL, columns=columns, plan=plan, reading=reading, stamp=seen)
    refuse_foreign(start, name, reading)
    written = dialect.detect(path, name, profile.source, known, reading.max_unpacked)
    with csv_file.open_csv(path, name, written, reading.max_unpacked) as file:
        columns, line = file.columns, file.header.raw
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
        header=line,
    )


def _is_like(path: Path, like: Table, written: Dialect) -> bool:
    """Tell whether a small text file has the same header and is surely written in the same way."""
    reading = like.reading
    if len({*like.columns} & reading.known) < _MIN_KNOWN_NAMES or not written.tells(reading.profile.source):
        return False
    try:
        places.check(path)
        body = path.read_bytes()
    except OSError:
        return False  # the cause is reported when it is opened
    return body.startswith(like.header) and dialect.holds(written, body[len(like.header) :], len(like.columns))


def refuse_foreign(start: bytes, name: str, reading: Reading) -> None:
    """Refuse a file whose first bytes show that it is no table of text."""
    marked = encoding.detect_mark(start)
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
    """Yield the batches, without row numbers."""
    path, name, plan, wanted, reading = table.path, table.name, table.plan, table.plan.wanted, table.reading
    if table.dialect:
        most = table.reading.max_unpacked
        blocks = table.blocks if table.untouched else None
        for uncut in csv_file.uncut(path, name, wanted, batch_rows, dialect=table.dialect, most=most, known=blocks):
            height, faults, raws = uncut.records.height, uncut.records.faults, uncut.records.raws
            yield Batch(first_row=0, height=height, file=uncut, plan=plan, faults=faults, raws=raws)
        return
    if table.kind is Kind.PARQUET:
        frames = parquet_file.frames(path, name, wanted, batch_rows, quiet=quiet)
    else:
        frames = excel_file.frames(path, name, wanted, batch_rows, reading.profile.source.sheet, header=reading.header)
    for frame, faults in frames:
        yield Batch(first_row=0, height=frame.height, file=partial(pl.DataFrame.clone, frame), plan=plan, faults=faults)


def head(path: Path, name: str, reading: Reading) -> bytes:
    """Return the first bytes of a file, unpacked; refuse an empty or unreadable one."""
    try:
        places.check(path)
        with unpack.opened(path, name, reading.max_unpacked) as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise places.unopened_error(name, error) from None
    if head.startswith(sniff.PARQUET_MAGIC) and (packing := unpack.packing(path)):
        raise UnreadableInputError(
            f"{name} is a Parquet file in a {packing} archive", hint="unpack it first: only text is read packed"
        )
    if not head.removeprefix(sniff.BOM).strip():
        raise UnreadableInputError(f"{name} is empty", hint="check how it was made")
    return head
