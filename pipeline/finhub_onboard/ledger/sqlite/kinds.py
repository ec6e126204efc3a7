"""What calls have in common (``call_kind``): a few dozen kinds, however many calls there are.

A kind is never changed or removed, so that it can be remembered. One may be there twice: a writer remembers the latest
only, and where messages differ from call to call its memory does not grow.
"""

import sqlite3
from operator import attrgetter
from typing import Any

from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.rows import KIND_COLUMNS
from finhub_onboard.model import CallRecord

_MOST = 4096
_TRUTHS = ("changes", "sent", "retriable")
_values_of = attrgetter(*KIND_COLUMNS)


class Kinds(dict[int, CallRecord]):
    """A call of each kind, by the kind's number, as the connection ``db`` reads them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __missing__(self, number: int) -> CallRecord:
        row = self._db.execute(sql("kind"), (number,)).fetchone()
        values = dict(zip(KIND_COLUMNS, row, strict=True))
        values |= {name: bool(values[name]) for name in _TRUTHS}
        if len(self) >= _MOST:
            self.clear()
        self[number] = CallRecord(number=0, key=b"", run=0, intent_at=0.0, **values)
        return self[number]


class KindNumbers:
    """The numbers of the kinds of calls that are written: to ``table``, counted on from ``first`` by ``step``.

    Without ``first`` the table numbers them, and its latest ones are used again. Once a transaction fails, ``forget``.
    """

    def __init__(self, table: str = "call_kind", *, first: int | None = None, step: int = 1) -> None:
        self._table = table
        self._next, self._step = first, step
        self._known: dict[tuple[Any, ...], int] = {}

    def forget(self) -> None:
        """Read those of the table again: what was added by now may not be there."""
        self._known.clear()

    def number_of(self, db: sqlite3.Connection, call: CallRecord) -> int:
        """The number of a call's kind, which is added if it is not known."""
        values = _values_of(call)
        number = self._known.get(values)
        return self._add(db, values) if number is None else number

    def _add(self, db: sqlite3.Connection, values: tuple[Any, ...]) -> int:
        if len(self._known) >= _MOST:
            self.forget()
        if not self._known and self._next is None:
            self._known |= {tuple(known): number for number, *known in db.execute(sql("latest_kinds"), (_MOST // 2,))}
        row = tuple(str(value) if isinstance(value, str) else value for value in values)
        number = self._known.get(row)
        if number is None:
            number = db.execute(sql("add_kind", table=self._table), (self._next, *row)).lastrowid
            assert number is not None
            if self._next is not None:
                self._next += self._step
        self._known[values] = self._known[row] = number
        return number
