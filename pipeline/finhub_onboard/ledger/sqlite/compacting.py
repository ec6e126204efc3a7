"""Makes a ledger's file as small as what it holds: without free pages, and with full ones.

Promises: nothing that the ledger tells changes, and a death leaves the file as it was or compacted; readers may go on.
The file shrinks once none of them needs its former pages.
"""

import sqlite3
from pathlib import Path

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.records import FileSizes
from finhub_onboard.ledger.sqlite.trouble import is_full

_FREE_SHARE = 8
_ROOM = (
    "nothing was changed; it needs the ledger's size in the folder for temporary files (SQLITE_TMPDIR, TMPDIR or"
    " /var/tmp), and again beside the ledger"
)
_QUICK = 64 * 1024 * 1024
"""Bytes that are written again in about a second."""


def compact(db: sqlite3.Connection, path: Path) -> FileSizes:
    """Write the file again; needs its size in the temporary folder meanwhile, and again beside it."""
    before = _size(path)
    try:
        db.execute("VACUUM")
    except sqlite3.Error as error:
        if not is_full(error):
            raise
        raise LedgerError(f"ledger {path}: no room to write it again ({error})", hint=_ROOM) from None
    ((is_held, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return FileSizes(before=before, after=_size(path), is_final=not is_held)


def compact_if_quick(db: sqlite3.Connection) -> None:
    """The same at the end of a run, where much of the file is free and it is not large; waits for no reader."""
    free, pages, page = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PAGES)
    if free * _FREE_SHARE > pages and pages * page <= _QUICK:
        db.execute("VACUUM")


_PAGES = ("freelist_count", "page_count", "page_size")


def _size(path: Path) -> int:
    """Bytes of the file and its journal."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
