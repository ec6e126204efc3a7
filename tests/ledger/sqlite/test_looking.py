import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.sqlite import looking
from finhub_onboard.ledger.sqlite.create import SCHEMA_VERSION, open_or_create
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.lease import SqliteLease
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from tests.ledger.sqlite.test_create import older

TENANT = "tenant"

KILLED = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("INSERT INTO meta VALUES ('note_x', 'from the journal')")
os._exit(9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger in a folder of its own."""
    place = tmp_path / "folder" / "l.db"
    place.parent.mkdir()
    SqliteLedger.open(place, tenant_id=TENANT, seed="s").close()
    return place


def killed(path: Path) -> None:
    """Let a process die in the middle: its journal stays, with what counts."""
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == 9
    assert path.with_name("l.db-wal").stat().st_size > 0


@contextmanager
def not_to_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the right to write away: by modes, or from root by a mount, or where it may not mount by what it is told."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    folder = path.parent
    if os.geteuid() != 0:
        folder.chmod(0o500)
        path.chmod(0o400)
    elif subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode == 0:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    else:
        monkeypatch.setattr(looking, "_may_be_written", lambda _: False)
    try:
        yield
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    finally:
        if os.geteuid() != 0:
            folder.chmod(0o700)
            path.chmod(0o600)
        else:
            subprocess.run(["umount", "-l", folder], capture_output=True, check=False)


def noted(path: Path) -> str:
    """Look into it."""
    with SqliteLedger.open_to_look(path, tenant_id=TENANT, seed="") as ledger:
        assert ledger.path == path
        assert ledger.locked_by() == ""
        assert ledger.standings() == {}
        return ledger.noted("x")


def test_a_ledger_at_rest_is_read_where_nothing_may_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither journal nor index is there, and none can be made."""
    with not_to_be_written(path, monkeypatch):
        assert noted(path) == ""


@pytest.mark.parametrize("left", ["both", "the journal alone", "an empty journal"])
def test_what_a_killed_run_left_in_its_journal_is_seen(path: Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    """With the journal's index or without: what is durable counts."""
    killed(path)
    if left != "both":
        path.with_name("l.db-shm").unlink()
    if left == "an empty journal":
        os.truncate(path.with_name("l.db-wal"), 0)
    with not_to_be_written(path, monkeypatch):
        assert noted(path) == ("" if left == "an empty journal" else "from the journal")


def test_a_run_that_is_under_way_is_seen(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock and what it has written so far."""
    with SqliteLedger.open(path, tenant_id=TENANT, seed="s") as ledger, ledger.acquire_lease():
        ledger.note("x", "by a run")
        monkeypatch.setattr(looking, "_may_be_written", lambda _: False)
        with SqliteLedger.open_to_look(path, tenant_id=TENANT, seed="s") as seen:
            assert f"process {os.getpid()}" in seen.locked_by()
            assert seen.noted("x") == "by a run"


def test_an_older_ledger_is_led_here_in_a_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read all the same, and stays as it was."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    made: list[Path] = []

    def led(
        place: Path, *, tenant_id: str, seed: str, create: bool, is_copy: bool
    ) -> tuple[Path, sqlite3.Connection, Keys | None]:
        made.append(place)
        with closing(sqlite3.connect(place)) as db:
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return open_or_create(place, tenant_id=tenant_id, seed=seed, create=create, is_copy=is_copy)

    monkeypatch.setattr(looking, "open_or_create", led)
    with not_to_be_written(path, monkeypatch):
        assert noted(path) == ""
    (copy,) = made
    assert copy != path
    assert not copy.parent.exists(), "the copy is gone"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"external_id\n" * 900), "not a database"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.unlink(), "there is no ledger"),
    ],
    ids=["a CSV file", "empty", "gone"],
)
def test_what_is_no_ledger_is_said(path: Path, spoil: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for who may write."""
    assert callable(spoil)
    spoil(path)
    monkeypatch.setattr(looking, "_may_be_written", lambda _: False)
    with pytest.raises(ConfigurationError, match=said):
        noted(path)


def test_the_ledger_of_another_seed_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks by keys must have its seed."""
    shutil.copy(path, path.with_name("other.db"))
    monkeypatch.setattr(looking, "_may_be_written", lambda _: False)
    with (
        pytest.raises(ConfigurationError, match="another seed"),
        SqliteLedger.open_to_look(path, tenant_id=TENANT, seed="t"),
    ):
        pass


@pytest.mark.parametrize("version", range(3, SCHEMA_VERSION))
def test_a_run_of_an_older_version_can_be_watched(tmp_path: Path, version: int) -> None:
    """What it has written so far is read from a copy; its own ledger stays as it is."""
    path = tmp_path / "l.db"
    older(path, version)
    with closing(connect(path)) as db:
        lease = SqliteLease(path)
        lease.acquire(db)
        with db:
            db.execute("INSERT INTO meta VALUES ('note_x', 'not yet in the file')")
        with SqliteLedger.open_to_look(path, tenant_id=TENANT, seed="seed", say=lambda _: None) as ledger:
            assert ledger.noted("x") == "not yet in the file"
            assert ledger.locked_by()
        assert db.execute("PRAGMA user_version").fetchone()[0] == version
        lease.release(db)
    assert not list(Path(tempfile.gettempdir()).glob("finhub-onboard-ledger-*"))
