"""What the journey, or a row's category, needs of a good row beyond the rules: asked once for many rows that are alike.

Knows how to find those rows, not what is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from finhub_onboard.intake.findings import Lack
from finhub_onboard.model import Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the journey needs of a good row beyond the rules.

    ``lacks`` may depend only on the values of the columns ``worth`` and on whether the columns ``filled`` are empty. It
    is called once for each combination of these in a batch.
    """

    lacks: Callable[[Customer], Sequence[Lack]]
    worth: Sequence[str]
    filled: Sequence[str]

    def kinds(self, frame: pl.DataFrame) -> pl.Series:
        """Group the rows by these columns; return the places of each group."""
        kind = [*(pl.col(column) for column in self.worth), *(pl.col(column) != "" for column in self.filled)]
        places = frame.lazy().select(kind).with_row_index("place").group_by([*self.worth, *self.filled])
        return places.agg("place").collect()["place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What some categories need of a good row beyond the rules; ``categories``: all words for these."""

    lacks: Callable[[Customer], Sequence[Lack]]
    categories: Sequence[str]

    def places(self, frame: pl.DataFrame) -> list[int]:
        """Return the places of the rows that have one of these categories."""
        return frame["category"].is_in(self.categories).arg_true().to_list()
