"""The database below the ledger: connection settings, and SQLite's errors in plain words.

Promises: WAL with ``synchronous=FULL`` on every connection; a connection never creates a file, and never serves two
threads; every error that leaves has a hint.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from finhub_onboard.errors import LedgerError, OnboardError
from finhub_onboard.ledger.sqlite.tail import Tail
from finhub_onboard.ledger.sqlite.trouble import explained, odd_entry


class Transactions(Protocol):
    """The holder of the right to write (``ledger.sqlite.lease``)."""

    def transaction(self, db: sqlite3.Connection) -> AbstractContextManager[None]:
        """Context manager: commit what the block writes, or none of it."""


@contextmanager
def plainly(path: Path, error: type[OnboardError] = LedgerError, *, draft: Path | None = None) -> Iterator[None]:
    """Context manager: turn SQLite's errors, and unreadable entries, into one sentence with a hint.

    ``error`` is the class to raise: before anything was sent it is :class:`ConfigurationError`. ``draft`` is the file
    in use, where it does not have its final name yet.
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
    """A connection with this ledger's settings; the caller closes it. ``check`` may refuse it first.

    It serves the thread that made it; with ``closed_elsewhere`` another thread may close it afterwards.
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
    """A bare connection to an existing file: SQLite would create a missing one and take it for a new ledger."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=10, check_same_thread=not closed_elsewhere)


class Connections:
    """One connection per thread, made at its first use.

    A thread that waits for a lock of the database holds its connection's mutex. Another thread on the same connection
    would wait for that mutex without releasing the GIL, and the whole process would hang.
    """

    def __init__(self, path: Path, first: sqlite3.Connection) -> None:
        self._path = path
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._keep(first)

    def own(self) -> sqlite3.Connection:
        """The connection of the calling thread."""
        db: sqlite3.Connection | None = getattr(self._own, "db", None)
        return db or self._keep(connect(self._path, closed_elsewhere=True))

    def tail(self) -> Tail:
        """What is recent, for the connection of the calling thread."""
        self.own()
        tail: Tail = self._own.tail
        return tail

    def renew(self) -> None:
        """Make a new connection at the calling thread's next use: the file system may have been unavailable."""
        if db := getattr(self._own, "db", None):
            self._all.remove(db)
            self._own.db = None
            db.close()

    def close(self) -> None:
        """Close all connections; no thread may use its own any more."""
        for db in self._all:
            db.close()

    def _keep(self, db: sqlite3.Connection) -> sqlite3.Connection:
        self._own.db, self._own.tail = db, Tail(db)
        self._all.append(db)  # atomic in the interpreter: threads may do it concurrently
        return db
