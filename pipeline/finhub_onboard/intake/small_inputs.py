"""Small inputs in the first pass: their keys are taken many at a time, as a thousand small files are common.

Promises: rows come in the order in which they are given. Knows no rules.
"""

from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import Collector
from finhub_onboard.intake.pipelined import batch_share
from finhub_onboard.intake.reading import files
from finhub_onboard.intake.reading.files import Batch, Table

TOGETHER = 20_000
"""Rows, at most, that are judged at once although they are of several inputs: many small files cost little more."""


def rows_together(batch_rows: int) -> int:
    """Return how many rows may be judged at once: no more than of one large input."""
    return min(TOGETHER, batch_share(batch_rows))


def is_small(table: Table) -> bool:
    """Tell whether an input is read without helpers: they would take longer to start than it to read."""
    return table.stamp.size <= files.SMALL and not (table.dialect and table.dialect.packing)


class SmallInputs:
    """The keys of consecutive small inputs, given to a collector many at a time."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._batches: list[Batch] = []
        self._rows = 0

    def add(self, batch: Batch) -> int:
        """Take a batch; return its rows."""
        if self._batches and (self._rows + batch.height > TOGETHER or batch.plan != self._batches[0].plan):
            self.flush()
        self._batches.append(batch)
        self._rows += batch.height
        return batch.height

    def flush(self) -> None:
        """Give the collector what waits."""
        if self._batches:
            keys = identity.loose_keys(files.make_cells(self._batches).frame, self._batches[0].plan.constant)
            self._collector.add(self._collector.hash_keys(keys))
        self._batches, self._rows = [], 0
