"""The first pass over the inputs: what they are, and which rows share a key.

Promises: an input that cannot be read as a whole is refused; after :func:`survey` the rows and the SHA-256 of every
input are known, and all rows over all inputs that share a key. Memory is bounded by the batch and by the duplicates
found. Knows no rules, no bank and no ledger.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake import passes
from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import Collector
from finhub_onboard.intake.duplicates.identity import Companions
from finhub_onboard.intake.pipelined import map_in_order, workers
from finhub_onboard.intake.reading import files, stamps
from finhub_onboard.intake.reading.files import Batch, Reading, Table
from finhub_onboard.intake.small_inputs import SmallInputs, is_small
from finhub_onboard.intake.wrong_file import refuse_wrong_files
from finhub_onboard.model import SourceInfo
from finhub_onboard.texts import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The result of the first pass: the inputs, and the rows that share a key, numbered from 0 over all inputs.

    ``compared``: whether all names that may belong to the same person were compared with each other.
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
    inputs: Sequence[Path],
    *,
    batch_rows: int,
    limit: int | None = None,
    reading: Reading | None = None,
    reached: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Make the first pass: check every input, count its rows, hash it, and find the rows that share a key.

    ``limit``: use only the first records over all inputs. ``reached`` is told how many rows were read so far. Raises
    :class:`UnreadableInputError`.
    """
    schema.load()
    reading = reading or Reading()
    inputs = files.expand(inputs)
    tables: list[Table] = []
    for path, name in zip(inputs, _name_inputs(inputs), strict=True):
        tables.append(files.open_table(path, name, reading, tables[-1] if tables else None))
    sources: list[SourceInfo] = []
    left = limit
    with Collector(identity.LOOSE) as collector, workers(1) as beside:
        small = SmallInputs(collector)
        for table in tables:
            count = 0
            with passes.refuse_changes(table):  # the rows are counted and the bytes are hashed in two readings
                keys = passes.with_keys_only(table, identity.LOOSELY)
                batches = refuse_wrong_files(
                    table, passes.read_batches(keys, batch_rows=batch_rows, limit=left, quiet=True)
                )
                if is_small(table):
                    count = sum(map(small.add, batches))
                    sha256 = stamps.sha256(table.path, table.name)
                else:
                    small.flush()
                    digest = beside.submit(stamps.sha256, table.path, table.name)
                    for hashed in map_in_order(partial(_hash_keys, collector, table.plan.constant), batches):
                        count += collector.add(hashed)
                        reached(collector.rows)
                    sha256 = digest.result()
            if count == 0 and left != 0:
                raise UnreadableInputError(
                    f"{table.name} has a header and no data rows", hint="check that the export was complete"
                )
            left = None if left is None else left - count
            reached(collector.rows)
            sources.append(SourceInfo(name=table.name, path=str(table.path), sha256=sha256, rows=count))
        small.flush()
        reached(collector.rows)
        copies, whole = identity.prove(
            collector.suspects(), lambda rows: passes.read_rows_at(rows, tables, sources, batch_rows)
        )
    return Survey(sources=tuple(sources), tables=tuple(tables), copies=copies, reading=reading, compared=whole)


def _hash_keys(collector: Collector, constant: Collection[str], batch: Batch) -> Mapping[str, pl.Series]:
    return collector.hash_keys(identity.loose_keys(files.make_cells([batch]).frame, constant))


def _name_inputs(inputs: Sequence[Path]) -> list[str]:
    """Return a name for each input: its file name, or its path as given where two file names are equal."""
    seen: dict[Path, Path] = {}
    for path in inputs:
        real = Path(os.path.realpath(path))  # unlike Path.resolve, it accepts a loop of links
        if real in seen:
            raise ConfigurationError(f"the input {path} is given twice", hint="give each file once")
        seen[real] = path
    times = Counter(path.name for path in inputs)
    return _make_distinct([path.name if times[path.name] == 1 else str(path) for path in inputs])


def _make_distinct(names: Sequence[str]) -> list[str]:
    """Make the names printable and unique.

    A file's name may not be valid text, or may contain control characters of a terminal.
    """
    shown = [printable(os.fsencode(name).decode("utf-8", "backslashreplace")) for name in names]
    times = Counter(shown)
    return [name if times[name] == 1 else f"{name} ({number})" for number, name in enumerate(shown, 1)]
