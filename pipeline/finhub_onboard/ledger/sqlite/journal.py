"""The write-ahead log beside the ledger (``-wal``): kept small, or reported if that fails.

SQLite truncates it only as far as no reader needs it: a backup or a shell that stays open lets it grow without limit.
Promises: above a bound, truncation is tried again and again without waiting for the reader; while it fails there is a
message each time the size has doubled; once the reader is gone the space is freed. Knows no entry.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_BOUND = 64 * 1024 * 1024
"""Bytes that the journal of a run may need by itself, with a margin."""
_PAGES = 12_000
"""So many are copied into the ledger together: 48 MB, which leaves room below the bound for the last transaction."""
_EVERY_S = 2.0
_WAIT_MS = 10_000
"""How long a connection waits for others (``database.open_file``)."""


class Journal:
    """The journal of the ledger at ``ledger``; ``say`` is called with a sentence when it is large."""

    def __init__(self, ledger: Path, say: Callable[[str], None]) -> None:
        self._path = ledger.with_name(f"{ledger.name}-wal")
        self._say = say
        self._looked = float("-inf")
        self._told = 0

    def begin(self, db: sqlite3.Connection) -> None:
        """Let SQLite copy it into the ledger seldom, and truncate it to the bound whenever it starts over.

        The longer it is, the more of its pages have changed again before they are copied.
        """
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_BOUND}")

    def watch(self, db: sqlite3.Connection) -> None:
        """Check its size every few seconds, between transactions of this connection."""
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


def _emptied(db: sqlite3.Connection) -> bool:
    """Checkpoint and truncate it without waiting, as far as readers allow; return whether it is empty."""
    db.execute("PRAGMA busy_timeout = 0")
    try:
        return bool(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    except sqlite3.OperationalError:  # another program is writing
        return False
    finally:
        db.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
