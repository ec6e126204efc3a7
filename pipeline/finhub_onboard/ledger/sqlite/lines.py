"""The lines of ``recent`` that the run of this process appends, and which of them may go.

A line has what differs from the lines before of its generation. When filing begins so does a generation: the lines
before are removed once they are filed, whatever was appended meanwhile. Identity hashes have lines of their own, which
stay longer. Knows no transaction: who calls has one.
"""

import sqlite3
import time

from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Group, Recent


class Lines:
    """The lines of a run; ``base`` has the entries of their generation."""

    def __init__(self, base: Recent) -> None:
        self.base = base
        self._entries: list[int] = []
        self._hashes: list[int] = []
        self._leaving_entries: list[int] = []
        self._leaving_hashes: list[int] = []
        self._added: list[tuple[list[int], int]] = []
        # Above all lines that there ever were, so that readers notice when they are others.
        self._next = time.time_ns()

    @property
    def next_generation(self) -> int:
        """One that no line has."""
        return self._next

    def append(self, db: sqlite3.Connection, group: Group) -> None:
        """Append the lines of a group; call ``keep`` once they are durable."""
        self._added = []
        if group.journeys or group.calls:
            self._add(db, group._replace(hashes=[]), self._entries)
        if group.hashes:
            self._add(db, Group({}, {}, group.hashes), self._hashes)

    def keep(self) -> None:
        """What was appended last is durable."""
        for lines, number in self._added:
            lines.append(number)
        self._next += len(self._added)
        self._added = []

    def begin(self, base: Recent, *, hashes: bool) -> None:
        """Begin the generation of ``base``; the lines before are to go, those of hashes only if ``hashes``."""
        self.base = base
        self._leaving_entries, self._entries = self._entries, []
        if hashes:
            self._leaving_hashes, self._hashes = self._hashes, []

    def remove(self, db: sqlite3.Connection) -> None:
        """Remove those that are to go; call ``keep`` and ``end`` once that is durable."""
        self._added = []
        if not self._entries and not self._hashes:
            db.execute(sql("forget_recent"))
            return
        leaving = self._leaving_entries + self._leaving_hashes
        db.executemany(sql("drop_recent"), [(number,) for number in leaving])
        self._add(db, Group({}, {}, []), self._entries)  # the last line is another one: readers look again

    def end(self) -> None:
        """They are gone."""
        self._leaving_entries, self._leaving_hashes = [], []

    def give_up(self) -> None:
        """They stay; the next generation tries again."""
        self._entries = self._leaving_entries + self._entries
        self._hashes = self._leaving_hashes + self._hashes
        self.end()

    def _add(self, db: sqlite3.Connection, group: Group, lines: list[int]) -> None:
        number = self._next + len(self._added)
        db.execute(sql("add_recent"), (number, self.base.run, self.base.pack(group)))
        self._added.append((lines, number))
