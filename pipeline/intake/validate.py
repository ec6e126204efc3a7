"""The intake's two passes: what the inputs are, then every record of them, judged.

Promises: every record of every input comes out exactly once, in input order, as a customer or with the violations
that say why not; a second call gives the same rows. The first pass refuses inputs that cannot be read as a whole and
finds copies over all of them; memory is bounded by the batch, but for 16 bytes per row while copies are looked for.
Knows no bank and no ledger.
"""

import os
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path

import polars as pl

from pipeline.errors import ConfigurationError, UnreadableInputError
from pipeline.intake import codes, customers, duplicates, files, schema
from pipeline.intake.categories import Catalogue
from pipeline.intake.duplicates import Copies
from pipeline.intake.files import Batch, Table
from pipeline.intake.normalise import email_key, normalise, text
from pipeline.model import CANONICAL_COLUMNS, Category, Customer, IntakeRow, SourceInfo, Violation

_KEYS = {"external_id": text, "email": email_key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the judge needs to know; ``now`` is fixed for the whole run, ``categories`` None when not known yet."""

    now: datetime
    min_age: int
    documents_root: Path
    max_document_bytes: int
    categories: tuple[Category, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the first pass found: the inputs, and the rows that share a key, numbered over all inputs from 0."""

    sources: tuple[SourceInfo, ...]
    tables: tuple[Table, ...]
    copies: Mapping[str, Copies]

    @property
    def rows(self) -> int:
        """The number of records in all inputs."""
        return sum(source.rows for source in self.sources)


def survey(inputs: Sequence[Path], *, batch_rows: int, limit: int | None = None) -> Survey:
    """Make the first pass: every input is readable, has its columns; rows, SHA-256 and copies are known after it.

    With ``limit`` only the first records over all inputs count. Raises :class:`UnreadableInputError`.
    """
    schema.load()
    tables = tuple(files.open_table(path, name) for path, name in zip(inputs, _names(inputs), strict=True))
    sources: list[SourceInfo] = []
    hashed: dict[str, list[pl.Series]] = {key: [] for key in _KEYS}
    left = limit
    for table in tables:
        digest = files.sha256(table.path, table.name)
        count = 0
        for batch in _batches(table, wanted=tuple(_KEYS), batch_rows=batch_rows, limit=left, quiet=True):
            count += batch.frame.height
            for key, canonical in _KEYS.items():
                hashed[key].append(duplicates.hashes(canonical(batch.frame[key])))
        if count == 0 and left != 0:
            raise UnreadableInputError(
                f"{table.name} has a header and no data rows", hint="check that the export was complete"
            )
        left = None if left is None else left - count
        sources.append(SourceInfo(name=table.name, path=str(table.path), sha256=digest, rows=count))
    suspects = {key: duplicates.suspects(parts) for key, parts in hashed.items()}
    return Survey(sources=tuple(sources), tables=tables, copies=_prove(tuple(sources), tables, suspects, batch_rows))


def rows(found: Survey, rules: Rules, *, batch_rows: int) -> Iterator[list[IntakeRow]]:
    """Make the second pass: yield every record in input order, judged, one list per batch."""
    specification = schema.specification(now=rules.now, min_age=rules.min_age)
    catalogue = Catalogue(known=rules.categories)
    offset = 0
    for source, table in zip(found.sources, found.tables, strict=True):
        if source.rows:
            files.verify(source)
        stamp = files.stamp(table.path)
        for batch in _batches(table, wanted=CANONICAL_COLUMNS, batch_rows=batch_rows, limit=source.rows):
            if files.stamp(table.path) != stamp:
                raise UnreadableInputError(
                    f"{table.name} was changed while it was read", hint="give the run a copy that nobody writes to"
                )
            frame = normalise(
                batch.frame,
                catalogue=catalogue,
                documents_root=rules.documents_root,
                max_bytes=rules.max_document_bytes,
            )
            judge = _Judge(found=found, rules=rules, catalogue=catalogue, table=table, batch=batch, frame=frame)
            yield judge.rows(schema.broken(specification, frame), offset)
            offset += batch.frame.height


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Turns one normalised batch and what was found in it into rows."""

    found: Survey
    rules: Rules
    catalogue: Catalogue
    table: Table
    batch: Batch
    frame: pl.DataFrame

    def rows(self, broken: Sequence[schema.Broken], offset: int) -> list[IntakeRow]:
        """Return the batch's rows; ``offset`` is the number of its first one over all inputs, from 0."""
        violations = self._violations(broken, offset)
        source, first, height = self.table.name, self.batch.first_row, self.frame.height
        good = [place for place in range(height) if place not in violations]
        accepted = customers.build(self.frame[good], source=source, row_numbers=[first + place for place in good])
        by_place: list[Customer | None] = [None] * height
        for place, customer in zip(good, accepted, strict=True):
            by_place[place] = customer
        return [
            IntakeRow(
                source=source,
                row_number=first + place,
                external_id=external_id,
                customer=customer,
                violations=tuple(violations.get(place, ())),
            )
            for place, (external_id, customer) in enumerate(zip(self.frame["external_id"], by_place, strict=True))
        ]

    def _violations(self, broken: Sequence[schema.Broken], offset: int) -> dict[int, list[Violation]]:
        """Gather what speaks against each row, by place; a faulty record has no cells that could break a rule."""
        found: defaultdict[int, list[Violation]] = defaultdict(list)
        for place, fault in self.batch.faults.items():
            record = {"line": fault.line, "found": fault.found, "expected": len(self.table.columns)}
            found[place] += [self._violation(place, "", code, record) for code in fault.codes]
        for rule in broken:
            if rule.place not in self.batch.faults:
                found[rule.place].append(self._violation(rule.place, rule.column, rule.code, self._facts(rule)))
        for key, copies in self.found.copies.items():
            for row, others, more in copies.within(offset, self.batch.frame.height):
                told = {"copies": self._copies(others, more)}
                found[row - offset].append(self._violation(row - offset, key, f"duplicate_{key}", told))
        return found

    def _violation(self, place: int, field: str, code: str, facts: Mapping[str, object]) -> Violation:
        return codes.violation(
            code,
            source=self.table.name,
            row_number=self.batch.first_row + place,
            external_id=self.frame["external_id"][place],
            field=field,
            facts=facts,
        )

    def _facts(self, fault: schema.Broken) -> Mapping[str, object]:
        """Return what the words of a code need to know; none of it is the row's own value."""
        match fault.code:
            case "too_long":
                return {"longest": schema.LONGEST[fault.column]}
            case "birth_date_under_age":
                return {"min_age": self.rules.min_age}
            case "document_too_large":
                return {"max_bytes": self.rules.max_document_bytes}
            case "category_unknown":
                return {"nearest": self.catalogue.nearest(self.frame["category"][fault.place])}
        return {}

    def _copies(self, others: Sequence[int], more: int) -> str:
        """Name other rows: by number, and by input when there are several."""
        starts = [0, *accumulate(source.rows for source in self.found.sources)]
        names = []
        for other in others:
            place = bisect_right(starts, other) - 1
            name = f" of {self.found.sources[place].name}" if len(self.found.sources) > 1 else ""
            names.append(f"{other - starts[place] + 1}{name}")
        told = f"row {names[0]}" if len(names) == 1 and not more else f"rows {', '.join(names)}"
        return f"{told} and {more} more" if more else told


def _names(inputs: Sequence[Path]) -> list[str]:
    """Return how inputs are called: by file name, or as given where two have the same."""
    seen: dict[Path, Path] = {}
    for path in inputs:
        if path.resolve() in seen:
            raise ConfigurationError(f"the input {path} is given twice", hint="give each file once")
        seen[path.resolve()] = path
    times = Counter(path.name for path in inputs)
    names = [path.name if times[path.name] == 1 else str(path) for path in inputs]
    # A file system may hold names that are not text; reports are text.
    return [os.fsencode(name).decode("utf-8", "replace") for name in names]


def _batches(
    table: Table, *, wanted: Sequence[str], batch_rows: int, limit: int | None, quiet: bool = False
) -> Iterator[Batch]:
    """Yield a table's batches up to a number of records."""
    if limit == 0:
        return
    for batch in files.batches(table, wanted=wanted, batch_rows=batch_rows, quiet=quiet):
        before = batch.first_row - 1
        if limit is None or before + batch.frame.height < limit:
            yield batch
            continue
        keep = limit - before
        yield Batch(
            first_row=batch.first_row,
            frame=batch.frame.head(keep),
            faults={place: fault for place, fault in batch.faults.items() if place < keep},
        )
        return


def _prove(
    sources: Sequence[SourceInfo], tables: Sequence[Table], suspects: Mapping[str, pl.Series], batch_rows: int
) -> Mapping[str, Copies]:
    """Read the suspects' real keys and keep those that are copies; without suspects nothing is read."""
    numbers: dict[str, list[pl.Series]] = {key: [] for key in suspects}
    digests: dict[str, list[pl.Series]] = {key: [] for key in suspects}
    offset = 0
    for source, table in zip(sources, tables, strict=True):
        if not any(_between(found, offset, source.rows).len() for found in suspects.values()):
            offset += source.rows
            continue
        for batch in _batches(table, wanted=tuple(_KEYS), batch_rows=batch_rows, limit=source.rows):
            for key, found in suspects.items():
                here = _between(found, offset, batch.frame.height)
                numbers[key].append(here)
                digests[key].append(duplicates.digests(_KEYS[key](batch.frame[key].gather(here - offset))))
            offset += batch.frame.height
    return {key: duplicates.proven(numbers[key], digests[key]) for key in suspects}


def _between(numbers: pl.Series, first: int, rows: int) -> pl.Series:
    return numbers.filter(numbers.is_between(first, first + rows, closed="left"))
