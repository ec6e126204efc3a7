"""The database below the ledger: its settings, and SQLite's errors in plain words.

Promises: WAL with ``synchronous=FULL`` on every connection; a connection never makes a file, and never serves two
threads; no error leaves here without what to do.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import LedgerError, OnboardError

_DAMAGED = "the file is damaged; restore the ledger from a backup"
_HINTS = (
    ("readonly", "check who may write the file and its folder"),
    ("unable to open", "check that the folder exists and who may write it"),
    ("full", "make room on the disk; the same command goes on where it ended"),
    ("locked", "another program holds the ledger; close it and run again"),
    ("not a database", "this file is not a ledger, or it is damaged; check ledger.url, or restore from a backup"),
    ("malformed", _DAMAGED),
    ("decode", _DAMAGED),
    ("no such", _DAMAGED),
    ("already exists", _DAMAGED),
)
"""Words in SQLite's messages, and what to do."""


@contextmanager
def plainly(path: Path, error: type[OnboardError] = LedgerError) -> Iterator[None]:
    """Turn SQLite's errors, and entries that cannot be read, into one sentence with what to do.

    ``error`` is what they become: before anything was sent, a ledger in trouble is a :class:`ConfigurationError`.
    """
    try:
        yield
    except sqlite3.Error as trouble:
        said = _said(trouble)
        hint = next((hint for word, hint in _HINTS if word in said), "")
        hint = hint or "check the disk and the room on it; restore the ledger from a backup if it stays"
        raise error(f"ledger {path}: {said}", hint=hint) from None
    except (ValueError, TypeError, KeyError) as trouble:
        said = f"ledger {path}: an entry is not as this program writes it ({type(trouble).__name__})"
        raise error(said, hint=_DAMAGED) from None


def _said(error: sqlite3.Error) -> str:
    """SQLite's own words, and what they mean where a disk is full before anything can be written at all."""
    no_room_for_its_index = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_SHMSIZE
    return f"the disk is full ({error})" if no_room_for_its_index else str(error)


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk takes no more. A quota that is used up SQLite calls a failed write."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def connect(
    path: Path, *, check: Callable[[sqlite3.Connection], None] | None = None, closed_elsewhere: bool = False
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

    def close(self) -> None:
        """Close all, when no thread uses its connection any more."""
        for db in self._all:
            db.close()

    def _keep(self, db: sqlite3.Connection) -> sqlite3.Connection:
        self._own.db = db
        self._all.append(db)  # one step of the interpreter: threads may do so at once
        return db
