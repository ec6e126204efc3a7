"""Connections to the database: their settings, and one for each thread."""

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite.database import connect
from tests.ledger.support import journey, key, opened, write


def test_every_connection_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL with synchronous=FULL: a kill cannot show the difference, a power cut would."""
    path = tmp_path / "l.db"
    opened(path).close()
    db = connect(path)
    found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    db.close()
    assert found == ["wal", 2]


def test_each_thread_reads_through_a_connection_of_its_own(tmp_path: Path) -> None:
    """No two threads meet on one connection: one that waits in the database holds nobody else up."""
    path = tmp_path / "l.db"
    opened(path).close()
    asyncio.run(write(path, [(journey(1), [])]))
    with opened(path) as ledger:
        own = ledger._db
        assert ledger._db is own
        with ThreadPoolExecutor(2) as threads:
            both = threading.Barrier(2)

            def look() -> sqlite3.Connection:
                both.wait()
                assert set(ledger.find([key(1)])) == {key(1)}
                return ledger._db

            others = [task.result() for task in (threads.submit(look), threads.submit(look))]
        assert len({id(db) for db in (own, *others)}) == 3
    for db in (own, *others):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            db.execute("SELECT 1")
