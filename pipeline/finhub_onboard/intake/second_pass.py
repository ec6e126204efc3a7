"""The intake's two passes: what the inputs are, then every record of them, judged.

Promises: every record of every input comes out exactly once, in input order, as a customer or with the violations
that say why not; a second call gives the same rows. The first pass refuses inputs that cannot be read as a whole and
finds copies over all of them; memory is bounded by the batch and by the copies found.
Knows no bank and no ledger.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake import passes, small_inputs
from finhub_onboard.intake.checking import contacts, documents, schema
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.normalise import canonical, normalise
from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import Collector
from finhub_onboard.intake.duplicates.identity import Companions
from finhub_onboard.intake.findings import Piece
from finhub_onboard.intake.judge import Judge, Judged, Needs
from finhub_onboard.intake.pipelined import gathered, in_order, workers
from finhub_onboard.intake.reading import files, stamps
from finhub_onboard.intake.reading.files import Batch, Reading, Table
from finhub_onboard.intake.small_inputs import SmallInputs, is_small
from finhub_onboard.model import REQUIRED_COLUMNS, Category, Customer, IntakeRow, SourceInfo
from finhub_onboard.texts import printable

_SLICE = 1000
"""Rows that become objects at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the judge needs to know; ``now`` is fixed for the whole run, ``categories`` None when not known yet.

    ``needs``: what a good row is asked for besides, a warning where it lacks it. ``documents_may_fail``: a document
    that trouble of the machine hides counts as good, instead of an error that stops the pass.
    """

    now: datetime
    min_age: int
    documents_root: Path
    max_document_bytes: int
    categories: tuple[Category, ...] | None
    reject_probable: bool = False
    needs: Needs | None = None
    documents_may_fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the first pass found: the inputs, and the rows that share a key, numbered over all inputs from 0.

    ``compared``: all names were that may be the same person's.
    """

    sources: tuple[SourceInfo, ...]
    tables: tuple[Table, ...]
    copies: Mapping[str, Companions]
    reading: Reading = field(default_factory=Reading)
    compared: bool = True

    @property
    def rows(self) -> int:
        """The number of records in all inputs."""
        return sum(source.rows for source in self.sources)


def survey(
    inputs: Sequence[Path], *, batch_rows: int, limit: int | None = None, reading: Reading | None = None
) -> Survey:
    """Make the first pass: every input is readable, has its columns; rows, SHA-256 and copies are known after it.

    With ``limit`` only the first records over all inputs count. Raises :class:`UnreadableInputError`.
    """
    schema.load()
    reading = reading or Reading()
    inputs = files.expand(inputs)
    tables: list[Table] = []
    for path, name in zip(inputs, _names(inputs), strict=True):
        tables.append(files.open_table(path, name, reading, tables[-1] if tables else None))
    sources: list[SourceInfo] = []
    left = limit
    with Collector(identity.LOOSE) as collector, workers(1) as beside:
        small = SmallInputs(collector)
        for table in tables:
            count = 0
            with passes.unchanging(table):  # or what is counted may not be what is hashed
                batches = passes.batches(
                    passes.keys_only(table, identity.LOOSELY), batch_rows=batch_rows, limit=left, quiet=True
                )
                if is_small(table):
                    count = sum(map(small.add, batches))
                    sha256 = stamps.sha256(table.path, table.name)
                else:
                    small.flush()
                    digest = beside.submit(stamps.sha256, table.path, table.name)
                    for hashed in in_order(partial(_hashed, collector, table.plan.constant), batches):
                        count += collector.add(hashed)
                    sha256 = digest.result()
            if count == 0 and left != 0:
                raise UnreadableInputError(
                    f"{table.name} has a header and no data rows", hint="check that the export was complete"
                )
            left = None if left is None else left - count
            sources.append(SourceInfo(name=table.name, path=str(table.path), sha256=sha256, rows=count))
        small.flush()
        copies, whole = identity.prove(
            collector.suspects(), lambda rows: passes.rows_at(rows, tables, sources, batch_rows)
        )
    return Survey(sources=tuple(sources), tables=tuple(tables), copies=copies, reading=reading, compared=whole)


def judged(found: Survey, rules: Rules, *, batch_rows: int) -> Iterator[Judged]:
    """Make the second pass: yield every record in input order, judged, a batch at a time."""
    specification = schema.specification(now=rules.now, min_age=rules.min_age, required=found.reading.profile.required)
    catalogue = Catalogue(known=rules.categories)
    judge = Judge(
        sources=found.sources,
        copies=found.copies,
        catalogue=catalogue,
        min_age=rules.min_age,
        max_document_bytes=rules.max_document_bytes,
        reject_probable=rules.reject_probable,
        needs=rules.needs,
    )

    brought = partial(
        normalise,
        catalogue=catalogue,
        documents_root=rules.documents_root,
        max_bytes=rules.max_document_bytes,
        look=documents.known_problem if rules.documents_may_fail else documents.problem,
        nationalities=found.reading.profile.texts("nationality"),
    )

    def judge_group(group: Sequence[Piece]) -> list[Judged]:
        given = files.cut([piece.batch for piece in group])
        frame, earlier = brought(given.frame), given.earlier
        if earlier.height:
            earlier = brought(earlier, nationalities=(), email=contacts.earlier_email)
        return judge.judged(group, frame, schema.validate(specification, frame), given=given, earlier=earlier)

    pieces, most = _pieces(found, batch_rows), small_inputs.together(batch_rows)
    groups = gathered(pieces, lambda piece: piece.batch.height, most, alike=lambda piece: piece.table.plan)
    yield from chain.from_iterable(in_order(judge_group, groups))


def _pieces(found: Survey, batch_rows: int) -> Iterator[Piece]:
    """Yield all batches of inputs that are still as surveyed."""
    offset = 0
    for source, table in zip(found.sources, found.tables, strict=True):
        if source.rows:
            stamps.verify(source)
        for batch in passes.surveyed(source, table, batch_rows):
            yield Piece(table=table, batch=batch, offset=offset)
            offset += batch.height


def _hashed(collector: Collector, constant: Collection[str], batch: Batch) -> Mapping[str, pl.Series]:
    return collector.hashed(identity.loose(files.cut([batch]).frame, constant))


def _names(inputs: Sequence[Path]) -> list[str]:
    """Return how inputs are called: by file name, or as given where two have the same."""
    seen: dict[Path, Path] = {}
    for path in inputs:
        real = Path(os.path.realpath(path))  # which, unlike Path.resolve, does not mind links that lead to themselves
        if real in seen:
            raise ConfigurationError(f"the input {path} is given twice", hint="give each file once")
        seen[real] = path
    times = Counter(path.name for path in inputs)
    return _told_apart([path.name if times[path.name] == 1 else str(path) for path in inputs])


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return the names as reports may hold them: text that can be shown, and still one per input.

    A file system may hold names that are not text, or hold what moves a terminal's cursor.
    """
    shown = [printable(os.fsencode(name).decode("utf-8", "backslashreplace")) for name in names]
    times = Counter(shown)
    return [name if times[name] == 1 else f"{name} ({number})" for number, name in enumerate(shown, 1)]


def rows(found: Survey, rules: Rules, *, batch_rows: int) -> Iterator[list[IntakeRow]]:
    """Make the second pass and yield rows with their customers, few at once: who stops early has little to wait."""
    for batch in judged(found, rules, batch_rows=batch_rows):
        for start in range(0, batch.height, _SLICE):
            yield batch.rows(range(start, min(start + _SLICE, batch.height)))


def may_lack(found: Survey, needs: Needs, *, batch_rows: int) -> bool:
    """Tell whether any record lacks something; of the inputs only the columns that decide it are read.

    Also records that break a rule count: who must know exactly makes the second pass.
    """
    columns = (*needs.worth, *needs.filled)
    tables = [replace(table, plan=table.plan.only(("external_id", *columns))) for table in found.tables]
    for source, table in zip(found.sources, tables, strict=True):
        for batch in passes.surveyed(source, table, batch_rows):
            frame = canonical(files.cut([batch]).frame.select(columns))
            if any(needs.lacks(_blank(frame.row(places[0], named=True))) for places in needs.kinds(frame)):
                return True
    return False


def any_filled(found: Survey, columns: Sequence[str], *, batch_rows: int) -> bool:
    """Tell whether any record has a value in one of these columns; an input without such a column is not read."""
    for source, table in zip(found.sources, found.tables, strict=True):
        if not any(table.plan.origin[column] or column in table.plan.constant for column in columns):
            continue
        plan = table.plan.only(("external_id", *columns))
        for batch in passes.surveyed(source, replace(table, plan=plan), batch_rows):
            frame = canonical(files.cut([batch]).frame.select(columns))
            if frame.select(pl.any_horizontal(pl.all() != "").any()).item():
                return True
    return False


def _blank(values: Mapping[str, str]) -> Customer:
    """A customer of whom nothing else is known."""
    return Customer(**{"source": "", "row_number": 0, **dict.fromkeys(REQUIRED_COLUMNS, ""), **values})  # type: ignore[arg-type]
