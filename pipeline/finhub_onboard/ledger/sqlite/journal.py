"""The write-ahead log beside the ledger (``-wal``): kept small, or reported if that fails.

SQLite truncates it only as far as no reader needs it: a backup or a shell that stays open lets it grow without limit.
To copy it into the ledger takes tenths of a second: a thread of its own does so while the writer goes on, which then
copies what came meanwhile, so that the journal starts over. Promises: above a bound, truncation is tried again and
again without waiting for the reader; while it fails there is a message each time the size has doubled; once the reader
is gone the space is freed. Knows no entry.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from finhub_onboard.ledger.sqlite.database import connect

_BOUND = 64 * 1024 * 1024
"""Bytes that the journal of a run may need by itself, with a margin."""
_PORTIONS = 1
"""So many of what is recent are filed before it is copied: some 40 MB. The longer it is, the more of its pages have
changed again."""
_PAGES = 14_000
"""With so many a commit copies it, 56 MB: where customers have much to file, or the thread does not keep up."""
_EVERY_S = 2.0
_WAIT_MS = 10_000
"""How long a connection waits for others (``database.open_file``)."""


class Journal:
    """The journal of the ledger at ``ledger``; ``say`` is called with a sentence when it is large."""

    def __init__(self, ledger: Path, say: Callable[[str], None]) -> None:
        self._path = ledger.with_name(f"{ledger.name}-wal")
        self._say = say
        self._ledger = ledger
        self._looked = float("-inf")
        self._told = 0
        self._copied_at = 0
        self._copying: threading.Thread | None = None

    def begin(self, db: sqlite3.Connection) -> None:
        """Let SQLite copy it into the ledger seldom, and truncate it to the bound whenever it starts over."""
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_BOUND}")

    def watch(self, db: sqlite3.Connection, *, portions: int) -> None:
        """Have it copied when ``portions`` have grown, and check its size every few seconds.

        Between transactions of this connection.
        """
        if self._copying:
            if self._copying.is_alive():
                return
            self._copying = None
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        elif portions - self._copied_at >= _PORTIONS:
            self._copied_at = portions
            copying = threading.Thread(target=_copy, args=(self._ledger,), name="ledger-journal")
            with suppress(RuntimeError):  # the system has no thread to give: a commit will copy it
                copying.start()
                self._copying = copying
            return
        if time.monotonic() - self._looked < _EVERY_S:
            return
        size = self._size()
        if size > _BOUND and not _emptied(db) and size >= 2 * self._told:
            self._told = size
            self._say(
                f"the ledger's journal {self._path} has {size >> 20} MB and cannot be emptied: another program reads"
                " the ledger (a backup, a `sqlite3` shell, `onboard report`); let it end, or the disk fills up"
            )
        self._looked = time.monotonic()

    def end(self, db: sqlite3.Connection) -> None:
        """Truncate it if it is large; report what remains, and why."""
        if self._copying:
            self._copying.join()
        if (size := self._size()) > _BOUND and not _emptied(db):
            self._say(
                f"the ledger's journal {self._path} is left with {size >> 20} MB: another program still reads the"
                " ledger; keep both files together, the next run empties it"
            )

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0


def _copy(ledger: Path) -> None:
    """Copy it as far as readers allow; others write meanwhile."""
    with suppress(sqlite3.Error), closing(connect(ledger)) as db:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _emptied(db: sqlite3.Connection) -> bool:
    """Checkpoint and truncate it without waiting, as far as readers allow; return whether it is empty."""
    db.execute("PRAGMA busy_timeout = 0")
    try:
        return bool(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.OperationalError:  # another program is writing
        return False
    finally:
        db.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
