"""The file of a ledger: which tables it has, and who may read it."""

import os
import stat
from dataclasses import fields
from pathlib import Path

from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.rows import JOURNEY_COLUMNS, KIND_COLUMNS
from finhub_onboard.model import Customer
from tests.ledger.support import opened


def test_the_ledger_has_no_column_for_personal_data(tmp_path: Path) -> None:
    """No column is named like one of a row but those that hold states, and there are exactly the known tables."""
    path = tmp_path / "l.db"
    opened(path).close()
    db = connect(path)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    columns = {table: {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in tables}
    db.close()
    assert tables == {"meta", "run", "customer", "history", "call_kind", "call_pack", "identity", "recent", "holder"}
    assert columns["customer"] == columns["history"] == set(JOURNEY_COLUMNS)
    assert columns["call_kind"] == {"number", *KIND_COLUMNS}
    assert columns["call_pack"] == {"number", "key", "run", "calls"}
    personal = {column.name for column in fields(Customer)}
    for table, names in columns.items():
        assert not names & personal, table


def test_files_are_for_their_owner_only_under_a_lax_umask(tmp_path: Path) -> None:
    """Database, -wal and -shm are 0600 and new folders 0700 under umask 000."""
    folder = tmp_path / "made" / "here"
    before = os.umask(0)
    try:
        with opened(folder / "l.db") as ledger, ledger.acquire_lease():
            ledger.start_run("r", {})
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("l.db", "l.db-wal", "l.db-shm"), 0o600)
    assert [stat.S_IMODE(made.stat().st_mode) for made in (folder, folder.parent)] == [0o700, 0o700]
