"""The database below the ledger: its settings, and SQLite's errors in plain words.

Promises: WAL with ``synchronous=FULL`` on every connection; a connection never makes a file, and never serves two
threads; no error leaves here without what to do.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from finhub_onboard.errors import LedgerError, OnboardError
from finhub_onboard.ledger.sqlite.trouble import explained, odd_entry


class Transactions(Protocol):
    """Whoever may write (``ledger.sqlite.lease``)."""

    def transaction(self, db: sqlite3.Connection) -> AbstractContextManager[None]:
        """Commit what the block writes, or nothing of it."""


@contextmanager
def plainly(path: Path, error: type[OnboardError] = LedgerError, *, draft: Path | None = None) -> Iterator[None]:
    """Turn SQLite's errors, and entries that cannot be read, into one sentence with what to do.

    ``error`` is what they become: before anything was sent, a ledger in trouble is a :class:`ConfigurationError`.
    ``draft`` is the file that is worked on, where it is not at its place yet.
    """
    try:
        yield
    except sqlite3.Error as trouble:
        reason, hint = explained(draft or path, trouble)
        raise error(f"ledger {path}: {reason}", hint=hint) from None
    except (ValueError, TypeError, KeyError) as trouble:
        reason, hint = odd_entry(draft or path, trouble)
        raise error(f"ledger {path}: {reason}", hint=hint) from None


def connect(
    path: Path, *, check: Callable[[sqlite3.Connection], object] | None = None, closed_elsewhere: bool = False
) -> sqlite3.Connection:
    """A connection with this ledger's settings; the caller closes it. ``check`` may refuse it before it is altered.

    It serves the thread that made it; with ``closed_elsewhere`` another thread may close it, once that one is done.
    """
    db = open_file(path, closed_elsewhere=closed_elsewhere)
    try:
        if check is not None:
            check(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        db.close()
        raise
    return db


def open_file(path: Path, *, closed_elsewhere: bool = False) -> sqlite3.Connection:
    """A bare connection to a file that is there: SQLite would make one that is not, and call it a new ledger."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=10, check_same_thread=not closed_elsewhere)


class Connections:
    """A connection for each thread that asks, made when it asks first.

    A thread that waits for a lock of the database holds its connection's mutex. Another one that uses the connection
    then waits for that mutex without giving the interpreter's lock away, and the whole process stands still.
    """

    def __init__(self, path: Path, first: sqlite3.Connection) -> None:
        self._path = path
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._keep(first)

    def own(self) -> sqlite3.Connection:
        """The connection of the thread that asks."""
        db: sqlite3.Connection | None = getattr(self._own, "db", None)
        return db or self._keep(connect(self._path, closed_elsewhere=True))

    def renew(self) -> None:
        """Let the thread that asks have a new connection at its next look: the file system may have been away."""
        if db := getattr(self._own, "db", None):
            self._all.remove(db)
            self._own.db = None
            db.close()

    def close(self) -> None:
        """Close all, when no thread uses its connection any more."""
        for db in self._all:
            db.close()

    def _keep(self, db: sqlite3.Connection) -> sqlite3.Connection:
        self._own.db = db
        self._all.append(db)  # one step of the interpreter: threads may do so at once
        return db
