"""Compacting: the file becomes small, what it tells stays, and a death in the middle changes nothing."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.sqlite import compacting
from finhub_onboard.ledger.sqlite.compacting import compact, compact_if_quick
from finhub_onboard.ledger.sqlite.database import connect
from tests.ledger.sqlite.test_journal import another_program_reads
from tests.ledger.support import call, journey, key, opened, write

ROOT = Path(__file__).resolve().parents[3]
MANY = range(200)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a ledger most of whose pages are free."""
    file = tmp_path / "l.db"
    opened(file).close()
    asyncio.run(write(file, [(journey(n, message="m" * 50), [call(n, n)]) for n in MANY]))
    with closing(connect(file)) as db:
        with db:
            db.execute("CREATE TABLE large AS SELECT randomblob(3000) FROM customer")
            db.execute("DROP TABLE large")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def told(path: Path) -> object:
    """Return what a ledger tells of its customers."""
    with opened(path) as ledger:
        keys = [key(number) for number in MANY]
        return ledger.find(keys), list(ledger.calls(keys)), ledger.counts(1)


def test_a_compacted_ledger_is_small_and_tells_the_same(path: Path) -> None:
    """Its sizes are those of the file; to compact it again does no harm."""
    expected, size = told(path), path.stat().st_size
    with closing(connect(path)) as db:
        sizes = compact(db, path)
        again = compact(db, path)
    assert sizes == (size, path.stat().st_size, True)
    assert sizes.after < size / 4
    assert again.after == sizes.after
    assert told(path) == expected


def test_a_reader_holds_the_former_pages(path: Path) -> None:
    """That the file will become smaller is told with its sizes; once the reader is gone, it does."""
    with closing(connect(path)) as db:
        db.execute("PRAGMA busy_timeout = 10")
        with another_program_reads(path):
            assert not compact(db, path).is_final
        assert compact(db, path).is_final


def test_a_run_compacts_a_small_file_with_much_free_space(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that would take long, and not for a few pages."""
    size = path.stat().st_size
    with closing(connect(path)) as db:
        monkeypatch.setattr(compacting, "_QUICK", size - 1)
        compact_if_quick(db)
    assert path.stat().st_size == size
    monkeypatch.undo()
    asyncio.run(write(path, []))
    small = path.stat().st_size
    assert small < size / 4
    before = path.read_bytes()
    with closing(connect(path)) as db:
        compact_if_quick(db)
    assert path.read_bytes() == before


class Full(sqlite3.Connection):
    """A connection that finds no room to write the file again."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Fail as SQLite does."""
        if sql == "VACUUM":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, parameters)


def test_where_room_is_missing_is_said(path: Path) -> None:
    """It may be in the folder for temporary files, which is seldom on the ledger's disk."""
    expected = told(path)
    with closing(sqlite3.connect(path, factory=Full)) as db, pytest.raises(LedgerError, match="no room") as caught:
        compact(db, path)
    assert "temporary files (SQLITE_TMPDIR" in caught.value.hint
    assert told(path) == expected


def test_a_reader_goes_on_and_holds_nobody_up(path: Path) -> None:
    """The file shrinks when it has ended; a run that ends meanwhile is not delayed by it."""
    expected = told(path)
    with another_program_reads(path):
        began = time.monotonic()
        asyncio.run(write(path, []))
        assert time.monotonic() - began < 5  # a wait for it would take ten
        assert told(path) == expected
    with closing(connect(path)) as db:
        compact(db, path)
    assert told(path) == expected


_DIE = """
import os, sys
from pathlib import Path
from finhub_onboard.ledger.sqlite.compacting import compact
from finhub_onboard.ledger.sqlite.database import connect

path, steps, moment = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
db = connect(path)
if moment == "within":
    left = iter(range(steps))
    db.set_progress_handler(lambda: next(left, None) is None and os._exit(9), 10)
else:
    db.set_trace_callback(lambda statement: "wal_checkpoint" in statement and os._exit(9))
compact(db, path)
"""


@pytest.mark.parametrize(
    ("steps", "moment"), [(0, "within"), (10, "within"), (100, "within"), (300, "within"), (0, "after")]
)
def test_a_death_leaves_the_ledger_as_it_was_or_compacted(path: Path, steps: int, moment: str) -> None:
    """At the beginning, in the middle, and before the journal is copied back."""
    expected = told(path)
    done = subprocess.run(
        [sys.executable, "-c", _DIE, str(path), str(steps), moment],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "."},
        check=False,
    )
    assert done.returncode == 9
    assert told(path) == expected
    with closing(connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
