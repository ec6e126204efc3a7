"""Small inputs in the first pass: their keys are taken many at a time, as a thousand small files are common.

Promises: rows come in the order in which they are given. Knows no rules.
"""

import polars as pl

from pipeline.intake import identity
from pipeline.intake.copies import Collector
from pipeline.intake.files import Table

TOGETHER = 5_000
"""Rows that are judged at once although they are of several inputs: many small files cost little more than one."""
_SMALL = 256 * 1024
"""Bytes of an input that is read without helpers: they would take longer to start than it to read."""


def is_small(table: Table) -> bool:
    """Tell whether an input is read without helpers."""
    return table.stamp.size <= _SMALL and not (table.dialect and table.dialect.packing)


class SmallInputs:
    """The keys of consecutive small inputs, given to a collector many at a time."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._frames: list[pl.DataFrame] = []
        self._constant: frozenset[str] = frozenset()
        self._rows = 0

    def add(self, frame: pl.DataFrame, constant: frozenset[str]) -> int:
        """Take a batch; return its rows."""
        if constant != self._constant or self._rows >= TOGETHER:
            self.flush()
        self._constant = constant
        self._frames.append(frame)
        self._rows += frame.height
        return frame.height

    def flush(self) -> None:
        """Give the collector what waits."""
        if self._frames:
            keys = identity.loose(pl.concat(self._frames), self._constant)
            self._collector.add(self._collector.hashed(keys))
        self._frames, self._rows = [], 0
