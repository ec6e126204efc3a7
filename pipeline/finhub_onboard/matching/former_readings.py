"""Customers whom the ledger knows by an earlier reading of the same row: that of versions up to 0.4.0.

A joiner of intake, keys and ledger. Those versions kept some invisible characters and spreadsheet markers that are not
part of a value (``intake.cells``). Promises: a customer begun under such an ``external_id`` keeps it, and is not
registered under another one; a value that was sent in such a form counts as unchanged while the row stays the same, and
a repeat sends the same value. Rows without such characters cost nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from finhub_onboard.intake import cells
from finhub_onboard.keys import FINGERPRINT_COLUMNS, Keys, column_hash
from finhub_onboard.model import Customer, IntakeRow, Journey

Find = Callable[[Sequence[bytes]], dict[bytes, Journey]]


def as_known(rows: Sequence[IntakeRow], keys: Keys, find: Find) -> list[IntakeRow]:
    """Return the rows as the ledger knows their customers; ``find`` reads it."""
    former = {place: row.earlier for place, row in enumerate(rows) if row.earlier is not None}
    if not former:
        return list(rows)
    ids = {place: (customer.external_id, rows[place].external_id) for place, customer in former.items()}
    known = find([keys.customer(one) for pair in ids.values() for one in dict.fromkeys(pair) if one])
    known_rows = list(rows)
    for place, pair in ids.items():
        external_id = next((one for one in pair if one and keys.customer(one) in known), rows[place].external_id)
        journey = known.get(keys.customer(external_id)) if external_id else None
        known_rows[place] = _as_sent(rows[place], former[place], external_id, journey, keys)
    return known_rows


def key_of(cell: str, keys: Keys, is_known: Callable[[bytes], object]) -> str:
    """Return the ``external_id`` that a person typed, as the ledger knows it, else as it is read now."""
    now, earlier = cells.readings(cell)
    return earlier if earlier != now and is_known(keys.customer(earlier)) else now


def _as_sent(row: IntakeRow, earlier: Customer, external_id: str, journey: Journey | None, keys: Keys) -> IntakeRow:
    """Return the row under this id, with its earlier values where the ledger has these."""
    customer = row.customer
    if customer is not None:
        customer = replace(customer, external_id=external_id)
        if journey is not None:
            before = keys.fingerprint(replace(earlier, external_id=external_id))
            same = [c for c in FINGERPRINT_COLUMNS if column_hash(before, c) == column_hash(journey.fingerprint, c)]
            customer = replace(customer, **{column: getattr(earlier, column) for column in same})
    findings = tuple(structs.replace(one, external_id=external_id) for one in row.findings)
    wrong = tuple(structs.replace(one, external_id=external_id) for one in row.violations)
    return replace(row, external_id=external_id, customer=customer, violations=wrong, findings=findings)


def ids_as_known(ids: Iterable[str], former: Mapping[int, str], keys: Keys, find: Find) -> list[str]:
    """Return the ``external_id`` of each record as the ledger knows its customer.

    ``former`` has by place the ids that were read in another way.
    """
    known_ids = list(ids)
    known = find([keys.customer(earlier) for earlier in former.values()]) if former else {}
    for place, earlier in former.items():
        if keys.customer(earlier) in known:
            known_ids[place] = earlier
    return known_ids
