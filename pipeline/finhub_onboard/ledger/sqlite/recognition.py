"""Verifies tenant and seed of the file (``ledger.belonging``), and replaces a quick check of the seed."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from finhub_onboard.keys import Keys
from finhub_onboard.ledger import belonging
from finhub_onboard.ledger.sqlite.queries import sql


def recognise(db: sqlite3.Connection, path: Path, *, tenant_id: str, seed: str) -> Keys | None:
    """The keys in this ledger; ``None`` if no seed is given. Raises what ``belonging.recognise`` does."""
    entries = dict(db.execute(sql("every_meta")))
    opened = belonging.recognise(entries, str(path), tenant_id=tenant_id, seed=seed)
    if opened.harder_check:
        _harden(db, entries[belonging.CHECK], opened.harder_check)
    return opened.keys


def _harden(db: sqlite3.Connection, quick: str, harder: str) -> None:
    """Replace a quick check of the seed by a stretched one, and overwrite the old one in the file."""
    with suppress(sqlite3.OperationalError):  # if it cannot be written now, the next opening does it
        db.execute("PRAGMA secure_delete = ON")
        with db:
            db.execute(sql("replace_meta"), (harder, belonging.CHECK, quick))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
