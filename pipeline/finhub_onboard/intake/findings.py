"""What is said of the records of consecutive batches, by place: errors, and what is only told.

Promises: a place is told apart by input and row number, also where the batches are of many inputs. Knows no rules.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from finhub_onboard.intake.checking import violation_codes
from finhub_onboard.intake.reading.files import Batch, Table
from finhub_onboard.model import Severity, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A batch of one input; ``offset`` is the number of its first row over all inputs, from 0."""

    table: Table
    batch: Batch
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a row does not have and will need: the words of a :class:`Violation` without the row."""

    field: str
    code: str
    message: str
    hint: str


class Findings:
    """Violations and other findings of consecutive batches, by place among all their records."""

    def __init__(self, pieces: Sequence[Piece], ids: pl.Series) -> None:
        self._pieces = pieces
        self._starts = [piece.offset - pieces[0].offset for piece in pieces]
        self._ids = ids
        self.errors: defaultdict[int, list[Violation]] = defaultdict(list)
        self.others: defaultdict[int, list[Violation]] = defaultdict(list)

    def at(self, place: int) -> tuple[Table, int]:
        """Return the input that a record is of, and its row number there."""
        which = self._which(place)
        piece = self._pieces[which]
        return piece.table, piece.batch.first_row + place - self._starts[which]

    def split(self, found: Mapping[int, list[Violation]]) -> list[dict[int, list[Violation]]]:
        """Return errors or others for each batch, by place in it."""
        batches: list[dict[int, list[Violation]]] = [{} for _ in self._pieces]
        for place, violations in found.items():
            which = self._which(place)
            batches[which][place - self._starts[which]] = violations
        return batches

    def _which(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def add(
        self, place: int, field: str, code: str, facts: Mapping[str, object], severity: Severity = Severity.ERROR
    ) -> None:
        """Note a finding."""
        table, row_number = self.at(place)
        found = violation_codes.make_violation(
            code,
            source=table.name,
            row_number=row_number,
            external_id=self._ids[place],
            field=field,
            facts=facts,
            severity=severity,
        )
        (self.errors if severity is Severity.ERROR else self.others)[place].append(found)

    def lack(self, place: int, lack: Lack) -> None:
        """Note what a row does not have."""
        table, row_number = self.at(place)
        found = Violation(
            source=table.name,
            row_number=row_number,
            external_id=self._ids[place],
            field=lack.field,
            code=lack.code,
            message=lack.message,
            hint=lack.hint,
            severity=Severity.WARNING,
        )
        self.others[place].append(found)
