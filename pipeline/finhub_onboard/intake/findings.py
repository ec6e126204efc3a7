"""The findings on the records of consecutive batches, by place: errors, and warnings and notices.

Promises: a place always leads to its own input and row number, although a group may hold many inputs. Knows no rules.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from finhub_onboard.intake.checking.violation_codes import ViolationCode, make_violation
from finhub_onboard.intake.reading.files import Batch, Table
from finhub_onboard.model import Severity, Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A batch of one input; ``offset`` is the number of its first row over all inputs, from 0.

    ``passed``: the places of records that the caller needs not.
    """

    table: Table
    batch: Batch
    offset: int
    passed: Collection[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Something that a row lacks for the journey: a :class:`Violation` without the row."""

    field: str
    code: str
    message: str
    hint: str


class Findings:
    """Collects the findings on consecutive batches, by place in the whole group."""

    def __init__(self, pieces: Sequence[Piece], ids: pl.Series) -> None:
        self._pieces = pieces
        self._starts = [piece.offset - pieces[0].offset for piece in pieces]
        self._series = ids
        self._ids: list[str] = []
        self.errors: defaultdict[int, list[Violation]] = defaultdict(list)
        self.others: defaultdict[int, list[Violation]] = defaultdict(list)

    def _id(self, place: int) -> str:
        """Return the ``external_id`` of a record, from a list: looking into a series is slow."""
        if not self._ids:
            self._ids = self._series.to_list()
        return self._ids[place]

    def at(self, place: int) -> tuple[Table, int]:
        """Return the input and the row number of a record."""
        which = self._which(place)
        piece = self._pieces[which]
        return piece.table, piece.batch.first_row + place - self._starts[which]

    def split(self, findings: Mapping[int, list[Violation]]) -> list[dict[int, list[Violation]]]:
        """Return the findings of each batch, by place in the batch."""
        if len(self._pieces) == 1:
            return [dict(findings)]
        batches: list[dict[int, list[Violation]]] = [{} for _ in self._pieces]
        for place, violations in findings.items():
            which = self._which(place)
            batches[which][place - self._starts[which]] = violations
        return batches

    def _which(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def add(
        self,
        place: int,
        field: str,
        code: ViolationCode,
        facts: Mapping[str, object],
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding."""
        table, row_number = self.at(place)
        violation = make_violation(
            code,
            source=table.name,
            row_number=row_number,
            external_id=self._id(place),
            field=field,
            facts=facts,
            severity=severity,
        )
        (self.errors if severity is Severity.ERROR else self.others)[place].append(violation)

    def lack(self, place: int, lack: Lack) -> None:
        """Add a warning about something that the row lacks."""
        table, row_number = self.at(place)
        violation = Violation(
            source=table.name,
            row_number=row_number,
            external_id=self._id(place),
            field=lack.field,
            code=lack.code,
            message=lack.message,
            hint=lack.hint,
            severity=Severity.WARNING,
        )
        self.others[place].append(violation)
