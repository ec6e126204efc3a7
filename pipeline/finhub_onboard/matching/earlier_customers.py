"""Customers of earlier runs under another ``external_id``: a person must not be registered twice.

A joiner of intake, keys and ledger. Promise: a row is rejected if its e-mail, phone with birth date, or document
belongs to another customer in the ledger, whom the bank had or may have had when the run began, unless the bank has or
may have the row's own customer, which is then continued. Only keyed hashes are compared, and only those that were valid
then: later refusals and corrections change no report.
"""

from collections.abc import Sequence
from dataclasses import replace

from finhub_onboard.intake.checking.violation_codes import ViolationCode, make_violation
from finhub_onboard.intake.duplicates.identity import FIELD_OF
from finhub_onboard.journey.sent import is_at_the_bank
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.former_readings import as_known
from finhub_onboard.model import IntakeRow

_CODE_OF = {
    "email": ViolationCode.EARLIER_EMAIL,
    "phone_and_birth_date": ViolationCode.EARLIER_PHONE_AND_BIRTH_DATE,
    "document_number": ViolationCode.EARLIER_DOCUMENT_NUMBER,
}
"""The violation of a row that shares an identity hash of this kind with another customer."""


class Earlier:
    """What the ledger knew before run ``run`` began; 0: what it knows now."""

    def __init__(self, ledger: Reader, keys: Keys, *, run: int) -> None:
        self._ledger = ledger
        self._keys = keys
        self._first = run == 1
        self._as_of = run - 1 if run else None

    @property
    def is_first(self) -> bool:
        """Whether the ledger was empty before this run, so that nothing can be found."""
        return self._first

    def judged(self, rows: Sequence[IntakeRow]) -> list[IntakeRow]:
        """Return the rows, with rejects in place of rows that belong to other customers."""
        rows = as_known(rows, self._keys, self._ledger.find)
        if self._first:
            return rows
        keys = {place: self._keys.customer(row.external_id) for place, row in enumerate(rows) if row.customer}
        own = self._ledger.find(list(keys.values()), as_of=self._as_of)
        hashes = {place: self._marks(rows[place]) for place, key in keys.items() if not is_at_the_bank(own.get(key))}
        every = list({identity for of_row in hashes.values() for of_kind in of_row.values() for identity in of_kind})
        sharing = self._ledger.sharing(every, as_of=self._as_of)
        others = self._ledger.find(list(set().union(*sharing.values())), as_of=self._as_of)
        known = {key for key, journey in others.items() if is_at_the_bank(journey)}
        judged = list(rows)
        for place, of_row in hashes.items():
            kinds = [
                kind
                for kind, of_kind in of_row.items()
                if any(sharing.get(identity, set()) & known - {keys[place]} for identity in of_kind)
            ]
            if kinds:
                judged[place] = _refused(rows[place], kinds)
        return judged

    def _marks(self, row: IntakeRow) -> dict[str, set[bytes]]:
        """By what else the row's person would be known, in any form that left for such a row."""
        hashes: dict[str, set[bytes]] = {}
        for customer in (row.customer, row.earlier):
            for kind, identity in (self._keys.identity_hashes(customer) if customer else {}).items():
                hashes.setdefault(kind, set()).add(identity)
        return hashes


def _refused(row: IntakeRow, kinds: Sequence[str]) -> IntakeRow:
    violations = [
        make_violation(
            _CODE_OF[kind],
            source=row.source,
            row_number=row.row_number,
            external_id=row.external_id,
            field=FIELD_OF.get(kind, kind),
            facts={},
        )
        for kind in kinds
    ]
    return replace(row, customer=None, violations=tuple(violations))
