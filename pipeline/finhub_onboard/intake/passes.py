"""The records of inputs, pass by pass: as far as a limit goes, and only of inputs that are as they were.

Promises: an input that somebody writes to is refused, whatever else goes wrong because of it. Knows no rules.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, chain

import polars as pl

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import select_between
from finhub_onboard.intake.mapping.columns import Plan
from finhub_onboard.intake.pipelined import batch_share, group_items, map_in_order, read_ahead
from finhub_onboard.intake.reading import files, stamps
from finhub_onboard.intake.reading.files import Batch, Table
from finhub_onboard.intake.small_inputs import is_small, rows_together
from finhub_onboard.model import SourceInfo


@contextmanager
def refuse_changes(table: Table) -> Iterator[None]:
    """Say that an input changed meanwhile, whatever else went wrong because of it."""
    try:
        yield
    except (UnreadableInputError, ValueError):
        if table.untouched:
            raise
    if not table.untouched:
        raise stamps.changed(table.name)


def read_surveyed(source: SourceInfo, table: Table, batch_rows: int) -> Iterator[Batch]:
    """Yield the batches of an input as long as it is the one that was surveyed."""

    def check() -> None:
        if not table.untouched:  # perhaps only its name or its rights were changed
            stamps.verify(source)

    check()
    for batch in read_batches(table, batch_rows=batch_rows, limit=source.rows):
        check()
        yield batch
    check()


def read_rows_at(
    numbers: pl.Series, tables: Sequence[Table], sources: Sequence[SourceInfo], batch_rows: int
) -> Iterator[pl.DataFrame]:
    """Yield the surveyed rows with some numbers over all inputs once more, in order, keys only."""
    starts = accumulate((source.rows for source in sources), initial=0)
    found = chain.from_iterable(
        _select_asked(select_between(numbers, start, source.rows) - start, source, with_keys_only(table), batch_rows)
        for start, source, table in zip(starts, sources, tables, strict=False)
    )
    yield from map_in_order(
        _cut_asked, group_items(found, lambda asked: asked[0].height, rows_together(batch_rows), alike=_plan_of)
    )


def _plan_of(asked: tuple[Batch, pl.Series]) -> Plan:
    return asked[0].plan


def _select_asked(
    rows: pl.Series, source: SourceInfo, table: Table, batch_rows: int
) -> Iterator[tuple[Batch, pl.Series]]:
    """Yield the batches in which some rows of an input are, with their places in it."""
    for batch in read_surveyed(source, table, batch_rows) if rows.len() else ():
        first = batch.first_row - 1
        if (here := select_between(rows, first, batch.height)).len():
            yield batch, here - first


def _cut_asked(asked: Sequence[tuple[Batch, pl.Series]]) -> pl.DataFrame:
    starts = accumulate((batch.height for batch, _ in asked), initial=0)
    places = pl.concat([there + start for (_, there), start in zip(asked, starts, strict=False)])
    return files.make_cells([batch for batch, _ in asked], places).frame


def with_keys_only(table: Table, unclean: Sequence[str] = ()) -> Table:
    """Return a table of which only what keys are made of is read, some columns of it as they stand."""
    return replace(table, plan=table.plan.only(identity.COLUMNS, unclean))


def read_batches(table: Table, *, batch_rows: int, limit: int | None, quiet: bool = False) -> Iterator[Batch]:
    """Yield a table's batches up to a number of records."""
    if limit == 0:
        return
    read = files.batches(table, batch_rows=batch_share(batch_rows), quiet=quiet)
    for batch in read if is_small(table) else read_ahead(read):
        table.reading.checkpoint()
        before = batch.first_row - 1
        if limit is None or before + batch.height < limit:
            yield batch
            continue
        yield batch.head(limit - before)
        return
