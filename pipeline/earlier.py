"""Customers of earlier runs under another ``external_id``: a person must not be registered twice under two numbers.

A joiner of intake, keys and ledger. Promise: a row whose e-mail, phone with birth date, or document the ledger knows as
that of another customer, whom the bank has or may have, is a reject that says so. What the ledger once took up it
carries on: such rows are not judged again. Only keyed hashes are compared.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

from pipeline.intake import codes
from pipeline.intake.judge import FIELD_OF
from pipeline.keys import Keys
from pipeline.ledger.store import Ledger
from pipeline.model import IntakeRow


class Earlier:
    """What the ledger knew before run ``run`` began; 0: what it knows now."""

    def __init__(self, ledger: Ledger, keys: Keys, *, run: int) -> None:
        self._ledger = ledger
        self._keys = keys
        self._run = run

    def judged(self, rows: Sequence[IntakeRow]) -> list[IntakeRow]:
        """Return the rows, those of another's identity as rejects."""
        if self._run == 1:
            return list(rows)
        key_of = {row.row_number: self._keys.customer(row.external_id) for row in rows if row.customer}
        own = self._ledger.find(list(key_of.values()), as_of=self._run or None)
        marks = {
            row.row_number: self._keys.marks(row.customer)
            for row in rows
            if row.customer and key_of[row.row_number] not in own
        }
        known = self._ledger.sharing(
            list({mark for of_row in marks.values() for mark in of_row.values()}), before=self._run or sys.maxsize
        )
        shared = {
            number: [kind for kind, mark in of_row.items() if known.get(mark)] for number, of_row in marks.items()
        }
        return [_refused(row, kinds) if (kinds := shared.get(row.row_number)) else row for row in rows]


def _refused(row: IntakeRow, kinds: Sequence[str]) -> IntakeRow:
    violations = [
        codes.violation(
            f"earlier_{kind}",
            source=row.source,
            row_number=row.row_number,
            external_id=row.external_id,
            field=FIELD_OF.get(kind, kind),
            facts={},
        )
        for kind in kinds
    ]
    return replace(row, customer=None, violations=tuple(violations))
