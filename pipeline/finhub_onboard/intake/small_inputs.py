"""Small inputs in the first pass: their keys are collected in groups, because a thousand small files are common.

Promises: rows keep their order. Knows no rules.
"""

from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import Collector
from finhub_onboard.intake.pipelined import batch_share
from finhub_onboard.intake.reading import files
from finhub_onboard.intake.reading.files import Batch, Table

TOGETHER = 20_000
"""The most rows of several inputs that are judged as one group."""


def rows_together(batch_rows: int) -> int:
    """Return how many rows may be judged as one group: at most a batch of one large input."""
    return min(TOGETHER, batch_share(batch_rows))


def is_small(table: Table) -> bool:
    """Tell whether an input is so small that starting threads takes longer than reading it."""
    return table.stamp.size <= files.SMALL_BYTES and not (table.dialect and table.dialect.packing)


class SmallInputs:
    """Collects the keys of consecutive small inputs, and passes them on in groups."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._batches: list[Batch] = []
        self._rows = 0

    def add(self, batch: Batch) -> int:
        """Add a batch; return the number of its rows."""
        if self._batches and (self._rows + batch.height > TOGETHER or batch.plan != self._batches[0].plan):
            self.flush()
        self._batches.append(batch)
        self._rows += batch.height
        return batch.height

    def flush(self) -> None:
        """Pass the waiting batches to the collector."""
        if self._batches:
            keys = identity.loose_keys(files.make_cells(self._batches).frame, self._batches[0].plan.constant)
            self._collector.add(self._collector.hash_keys(keys))
        self._batches, self._rows = [], 0
