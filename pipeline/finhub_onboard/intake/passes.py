"""Reads the records of inputs for either pass: up to a limit, and only while the input is unchanged.

Promises: an input that changes during a pass is refused, whatever error the change causes first. Knows no rules.
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
    """Context manager: report that an input changed, instead of any error that the change caused."""
    try:
        yield
    except (UnreadableInputError, ValueError):
        if table.untouched:
            raise
    if not table.untouched:
        raise stamps.changed(table.name)


def read_surveyed(source: SourceInfo, table: Table, batch_rows: int) -> Iterator[Batch]:
    """Yield the batches of a surveyed input; refuse it as soon as it has changed."""

    def check() -> None:
        if not table.untouched:  # a changed name or mode changes the stamp, but not the content
            stamps.verify(source)

    check()
    for batch in read_batches(table, batch_rows=batch_rows, limit=source.rows):
        check()
        yield batch
    check()


def read_rows_at(
    numbers: pl.Series, tables: Sequence[Table], sources: Sequence[SourceInfo], batch_rows: int
) -> Iterator[pl.DataFrame]:
    """Read the key columns of some rows again; ``numbers`` count over all inputs and are sorted."""
    starts = accumulate((source.rows for source in sources), initial=0)
    pieces = chain.from_iterable(
        _select_asked(select_between(numbers, start, source.rows) - start, source, with_keys_only(table), batch_rows)
        for start, source, table in zip(starts, sources, tables, strict=False)
    )
    yield from map_in_order(
        _cut_asked, group_items(pieces, lambda asked: asked[0].height, rows_together(batch_rows), alike=_plan_of)
    )


def _plan_of(asked: tuple[Batch, pl.Series]) -> Plan:
    return asked[0].plan


def _select_asked(
    rows: pl.Series, source: SourceInfo, table: Table, batch_rows: int
) -> Iterator[tuple[Batch, pl.Series]]:
    """Yield the batches that contain some of the rows, with the places of these rows in the batch."""
    for batch in read_surveyed(source, table, batch_rows) if rows.len() else ():
        first = batch.first_row - 1
        if (here := select_between(rows, first, batch.height)).len():
            yield batch, here - first


def _cut_asked(asked: Sequence[tuple[Batch, pl.Series]]) -> pl.DataFrame:
    starts = accumulate((batch.height for batch, _ in asked), initial=0)
    places = pl.concat([there + start for (_, there), start in zip(asked, starts, strict=False)])
    return files.make_cells([batch for batch, _ in asked], places).frame


def with_keys_only(table: Table, unclean: Sequence[str] = ()) -> Table:
    """Return the table restricted to the key columns; the columns ``unclean`` are read without cleaning."""
    return replace(table, plan=table.plan.only(identity.COLUMNS, unclean))


def read_batches(table: Table, *, batch_rows: int, limit: int | None, quiet: bool = False) -> Iterator[Batch]:
    """Yield the batches of a table, up to ``limit`` records."""
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
