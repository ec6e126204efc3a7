"""The database below the ledger: its settings, and SQLite's errors in plain words.

Promises: WAL with ``synchronous=FULL`` on every connection; no error leaves here without what to do.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import LedgerError


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence with what to do."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        hints = (
            ("readonly", "check who may write the file and its folder"),
            ("unable to open", "check that the folder exists and who may write it"),
            ("full", "make room on the disk; the same command goes on where it ended"),
            ("locked", "another program holds the ledger; close it and run again"),
            ("not a database", "this file is not a ledger; check ledger.url"),
            ("malformed", "the file is damaged; restore the ledger from a backup"),
        )
        hint = next((hint for word, hint in hints if word in said), "check the disk; restore from a backup if it stays")
        raise LedgerError(f"ledger {path}: {said}", hint=hint) from None


def connect(path: Path, *, check: Callable[[sqlite3.Connection], None] | None = None) -> sqlite3.Connection:
    """A connection with this ledger's settings; the caller closes it. ``check`` may refuse it before it is altered."""
    db = sqlite3.connect(path, timeout=10, check_same_thread=False)
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
