"""What the run of this process appends to ``recent`` and files from there, a portion at a time.

Of each portion a step is filed after each group that is written, so that nobody waits for all of it. On a full disk a
portion stays where it is: it is durable there, and readers find it. Knows no queue and no thread.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from finhub_onboard.ledger.sqlite.calls import check_free
from finhub_onboard.ledger.sqlite.filing import Filing, file_left
from finhub_onboard.ledger.sqlite.kinds import KindNumbers
from finhub_onboard.ledger.sqlite.lines import Lines
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Group, Live, Recent
from finhub_onboard.ledger.sqlite.trouble import is_full

_FILED = 32_768
"""So many calls and journeys are a portion: each page of the tables is then written once for several of them."""
_FILED_HASHES = 65_536
"""Identity hashes are scattered more than anything else, and small: they wait longer."""
_CACHE_KB = 32_000
_NOTHING = Group({}, {}, [])


class Portions:
    """The entries of run ``run`` from their first line to the tables; ``live`` has those that are not filed.

    ``transaction`` makes one of a connection. ``filed`` counts portions.
    """

    def __init__(
        self, run: int, live: Live, transaction: Callable[[sqlite3.Connection], AbstractContextManager[Any]]
    ) -> None:
        self._live = live
        self._transaction = transaction
        self._recent = Recent(run)
        self._lines = Lines(self._recent)
        self._filing: Filing | None = None
        self._kinds = KindNumbers()
        self._stayed: set[bytes] = set()
        self._file_at = _FILED
        self.filed = 0
        self._highest_before = self._highest = 0

    def begin(self, db: sqlite3.Connection) -> None:
        """File what a run that died left; from now on ``live`` has what is recent."""
        file_left(db, lambda: self._transaction(db))
        # One step changes thousands of pages, and each should be written once.
        db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        # Nothing here is a secret: to overwrite what is removed would only write it once more.
        db.execute("PRAGMA secure_delete = OFF")
        (self._highest_before,) = db.execute(sql("highest_call")).fetchone()
        self._highest = self._highest_before
        self._live.recent = self._recent

    def end(self) -> None:
        """This process writes no more: what is recent has to be read from the file."""
        self._live.recent = None

    def make_way(self, db: sqlite3.Connection, group: Group) -> None:
        """File everything before a group that another run's state of a customer would be lost by."""
        if self._recent.is_left_behind_by(group):
            self.file_all(db)

    def append(self, db: sqlite3.Connection, group: Group) -> None:
        """Append a group, within a transaction; ``take`` it once that is durable."""
        if not any(group):
            return
        for number, call in group.calls.items():
            if number <= self._highest and number not in self._recent.calls:
                check_free(db, call, only_its_customer=number > self._highest_before)
        self._lines.append(db, group)

    def take(self, group: Group) -> None:
        """The group is durable."""
        self._lines.keep()
        self._recent.take(group)
        if self._lines.base is not self._recent:
            files_hashes = self._filing is not None and self._filing.files_hashes
            self._lines.base.take(group if files_hashes else group._replace(hashes=[]))

    def file_some(self, db: sqlite3.Connection) -> None:
        """File a step of a portion, if there is one."""
        recent = self._recent
        if self._filing is None:
            hashes = len(recent.hashes) >= max(_FILED_HASHES, self._file_at)
            if len(recent.journeys) + len(recent.calls) < self._file_at and not hashes:
                return
            self._begin(whole=False, hashes=hashes)
            return  # to sort so many takes as long as a step
        try:
            self._step(db)
        except sqlite3.Error as error:
            if not is_full(error):
                raise
            self._file_at = 2 * len(recent)

    def file_all(self, db: sqlite3.Connection) -> None:
        """File everything; what finds no room is left to the next run."""
        try:
            while self._filing or self._recent:
                if self._filing is None:
                    self._begin(whole=True, hashes=True)
                self._step(db)
        except sqlite3.Error as error:
            if not is_full(error):
                raise

    def _begin(self, *, whole: bool, hashes: bool) -> None:
        self._filing = Filing(
            self._recent,
            self._kinds,
            generation=self._lines.next_generation,
            whole=whole,
            hashes=hashes,
            stayed=self._stayed,
        )
        self._lines.begin(self._filing.since, hashes=hashes)

    def _step(self, db: sqlite3.Connection) -> None:
        filing = self._filing
        assert filing is not None
        try:
            with self._transaction(db):
                if is_last := filing.is_filed:
                    self._lines.remove(db)
                else:
                    carried = filing.step(db) or _NOTHING
                    self._lines.append(db, carried)
        except BaseException:
            self._kinds.forget()
            self._lines.give_up()
            self._filing = None
            raise
        self._lines.keep()
        if not is_last:
            self._lines.base.take(carried)
            return
        self._lines.end()
        self._highest = max([self._highest, *self._recent.calls])
        since, self._stayed = filing.since, filing.staying
        if not filing.files_hashes:
            since.hashes, since.owners = self._recent.hashes, self._recent.owners
        self._recent = self._live.recent = since
        self.filed += 1
        self._filing, self._file_at = None, _FILED + len(since.journeys) + len(since.calls)
