"""What is recent, as readers see it: tables of their own connection, in memory, in front of those of the file.

A view hides each table behind one of the same name that has the entries of ``recent`` as well, so that every statement
reads what is durable, filed or not, also where the file may not be written. Promises: reading changes nothing in the
file and leaves no transaction open; while nothing is recent the tables are read as they are.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from finhub_onboard.ledger.sqlite.calls import write_recent_calls
from finhub_onboard.ledger.sqlite.kinds import KindNumbers, Kinds
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Recent, write_hashes, write_journeys

_MAKE = (
    "make_recent_customer",
    "make_recent_call_kind",
    "make_recent_call_pack",
    "make_hidden_call_pack",
    "make_recent_identity",
    "make_recent_mark",
)
_VIEW = ("view_customer", "view_history", "view_call_kind", "view_call_pack", "view_identity")
_HIDE = ("hide_customer", "hide_history", "hide_call_kind", "hide_call_pack", "hide_identity")
_DROP = (
    "drop_recent_customer",
    "drop_recent_call_kind",
    "drop_recent_call_pack",
    "drop_hidden_call_pack",
    "drop_recent_identity",
    "drop_recent_mark",
)
_NOTHING: tuple[int | None, int | None] = (None, None)


class Tail:
    """What is recent in front of the tables, for the connection ``db`` and its thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._shown = self._before = _NOTHING
        self._readers = 0
        self.is_snapshot = False
        self.kinds = Kinds(db)
        db.execute("PRAGMA temp_store = MEMORY")

    @contextmanager
    def shown(self, *, as_of: int | None = None, skip: bool = False) -> Iterator[sqlite3.Connection]:
        """Context manager: the connection, which reads what is recent by now too; with ``skip`` the tables alone.

        How things were at the end of run ``as_of`` is in the tables, unless what is recent is of that run. While an
        answer is being read, the connection sees what it saw at its beginning, and nothing is replaced.
        """
        if not skip:
            self._show(as_of)
        elif not self._readers:
            self._hide()
        self._readers += 1
        try:
            yield self._db
        finally:
            self._readers -= 1

    def begin_snapshot(self) -> None:
        """Read what is durable at the first read, until ``end_snapshot``."""
        self._db.execute("BEGIN")
        self._before, self.is_snapshot = self._shown, True

    def end_snapshot(self) -> None:
        """Read what is durable again; what was made meanwhile is gone."""
        self.is_snapshot = False
        self._db.rollback()
        self._shown = self._before
        self.kinds.clear()

    def _show(self, as_of: int | None) -> None:
        ends = self._db.execute(sql("ends_of_recent")).fetchone()
        if ends == self._shown:
            return
        if as_of is not None and ends != _NOTHING:
            row = self._db.execute(sql("run_of_recent")).fetchone()
            if row and as_of < row[0]:
                return
        is_inside = self._db.in_transaction
        self._hide()
        if lines := self._db.execute(sql("recent")).fetchall():  # none: they were filed in this moment
            self._shown = ends
            self._make(Recent.read(lines))
        if not is_inside:
            self._db.commit()

    def _hide(self) -> None:
        if self._shown == _NOTHING:
            return
        for name in (*_HIDE, *_DROP):
            self._db.execute(sql(name))
        self._shown = _NOTHING
        self.kinds.clear()

    def _make(self, recent: Recent) -> None:
        for name in _MAKE:
            self._db.execute(sql(name))
        write_journeys(self._db, list(recent.journeys.values()), table="temp.recent_customer")
        kinds = KindNumbers("temp.recent_call_kind", first=-1, step=-1)
        write_recent_calls(self._db, recent.calls.values(), kinds)
        self._db.executemany(sql("add_recent_mark"), [(identity,) for identity in recent.owners])
        self._db.execute(sql("copy_marks"))
        write_hashes(self._db, recent.hashes, recent.run, table="temp.recent_identity")
        for name in _VIEW:
            self._db.execute(sql(name))
