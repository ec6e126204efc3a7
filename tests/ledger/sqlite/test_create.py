"""Opening a ledger: made whole, led here from older schemas, and refused where it cannot be trusted."""

import asyncio
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from finhub_onboard.config.seeds import quick_check
from finhub_onboard.errors import ConfigurationError, LockedError
from finhub_onboard.ledger.connect import look_into
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.ledger.sqlite import create
from finhub_onboard.ledger.sqlite.create import SCHEMA_VERSION
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.lease import SqliteLease
from finhub_onboard.ledger.sqlite.recent import Group, Recent
from finhub_onboard.ledger.sqlite.rows import JOURNEY_COLUMNS, journey_values
from finhub_onboard.model import CallRecord, Standing
from tests.ledger.support import call, journey, key, opened, write

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Path(__file__).parent / "schemas"


def filled(path: Path) -> None:
    """Make a ledger of some pages."""
    opened(path).close()
    asyncio.run(write(path, [(journey(n), [call(n, n)]) for n in range(1, 50)]))


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        filled(path)
        path.write_bytes(change(path.read_bytes()))

    return make


def _another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (a)")


def _newer(path: Path) -> None:
    opened(path).close()
    with closing(connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def _nobodys(path: Path) -> None:
    opened(path).close()
    with closing(connect(path)) as db, db:
        db.execute("DELETE FROM meta")


def _file_for_a_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("x", encoding="utf-8")


def _hard_link(path: Path) -> None:
    opened(path).close()
    path.with_name("second name").hardlink_to(path)


def _nothing(_path: Path) -> None:
    pass


BAD: dict[str, tuple[Callable[[Path], None], dict[str, Any], str]] = {
    "not a database": (lambda path: _put(path, b"external_id,first_name\n" * 200), {}, "not a database"),
    "a short text": (lambda path: _put(path, b"hello"), {}, "not a database"),
    "empty": (lambda path: _put(path, b""), {}, "is empty: what it knew of earlier runs is lost"),
    "emptied": (_bytes(lambda _: b""), {}, "is empty: what it knew of earlier runs is lost"),
    "its journal left alone": (lambda path: _put(path.with_name("l.db-wal"), b"x"), {}, "its journal l.db-wal"),
    "a folder": (Path.mkdir, {}, "is a folder"),
    "a pipe": (os.mkfifo, {}, "is a pipe"),
    "a device": (lambda path: path.symlink_to("/dev/full"), {}, "is a device"),
    "a loop of links": (lambda path: path.symlink_to(path), {}, "cannot open"),
    "a second name": (_hard_link, {}, "has 2 names"),
    "a file for a folder": (_file_for_a_folder, {}, "cannot open"),
    "another database": (_another_database, {}, "not a ledger"),
    "newer": (_newer, {}, "newer version"),
    "truncated": (_bytes(lambda content: content[: len(content) // 2]), {}, "malformed"),
    "truncated in a page": (_bytes(lambda content: content[:5000]), {}, "malformed"),
    "damaged": (_bytes(lambda content: b"\0" * 200 + content[200:]), {}, "not a database"),
    "of nobody": (_nobodys, {}, "does not say whose it is"),
    "another tenant": (filled, {"tenant_id": "other"}, "another tenant"),
    "another seed": (filled, {"seed": "other"}, "another seed"),
    "missing": (_nothing, {"create": False}, "no ledger"),
}


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_trusted_is_refused_plainly(tmp_path: Path, kind: str) -> None:
    """Exit 2, one sentence that names the file and what is wrong, a hint; everything is left as it was."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "l.db"
    make, other, said = BAD[kind]
    make(path)
    before = contents(folder)
    with pytest.raises(ConfigurationError, match=said) as caught:
        opened(path, **other)
    named = path if path.is_symlink() and kind != "a device" else path.resolve()
    assert str(named) in str(caught.value)
    assert caught.value.hint
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, bytes | None]:
    """What lies in a folder."""
    if not folder.is_dir():
        return {}
    return {file.name: file.read_bytes() if file.is_file() else None for file in folder.iterdir()}


@pytest.mark.parametrize("wanted", ["nul\0byte", "x" * 300])
def test_a_name_that_cannot_be_one_is_refused_plainly(tmp_path: Path, wanted: str) -> None:
    """Whatever stands in ledger.url."""
    with pytest.raises(ConfigurationError, match="cannot open the ledger") as caught:
        opened(tmp_path / wanted)
    assert "ledger.url" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; the acceptance tests have a way for root")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_read_only_place_is_refused_plainly(tmp_path: Path, what: str) -> None:
    """Neither a folder nor a file that may not be written ends in a traceback."""
    path = tmp_path / "l.db"
    if what == "file":
        opened(path).close()
        path.chmod(0o400)
    else:
        tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match=str(path)):
            opened(path)
    finally:
        tmp_path.chmod(0o700)


def test_links_lead_to_one_place(tmp_path: Path) -> None:
    """A symbolic link, also to a ledger that is still to be made, is the ledger itself."""
    (tmp_path / "link.db").symlink_to(tmp_path / "l.db")
    with opened(tmp_path / "link.db") as ledger, opened(tmp_path / "l.db") as same:
        assert ledger.path == same.path == tmp_path / "l.db"
        assert ledger.ledger_id == same.ledger_id


_OPEN = """
import os, sys
from pathlib import Path
from tests.ledger.support import opened
def die(*_, **__):
    os._exit(9)
setattr(os if sys.argv[2] == "link" else Path, sys.argv[2], die)
opened(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("point", ["link", "unlink"])
def test_a_death_while_a_ledger_is_made_leaves_nothing_in_the_way(tmp_path: Path, point: str) -> None:
    """Before it has its name there is no ledger, afterwards a whole one: the next start needs no hand."""
    path = tmp_path / "l.db"
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, str(path), point], cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}, check=False
    )
    assert done.returncode == 9
    assert path.exists() == (point == "unlink")
    with opened(path) as ledger:
        assert ledger.runs() == []
    assert path.stat().st_nlink == 1


def older(path: Path, version: int) -> None:
    """Make a ledger as that schema's program did, with a customer, a call and a run that did not end."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript((SCHEMAS / f"{version}.sql").read_text(encoding="utf-8"))
        db.execute("PRAGMA journal_mode = WAL")
        identity = {"tenant_id": "tenant", "seed_check": quick_check("seed"), "ledger_id": "0123456789abcdef"}
        db.executemany("INSERT INTO meta VALUES (?, ?)", identity.items())
        db.execute("INSERT INTO run VALUES (1, 'r1', 'host', 7, 1.0, 2.0, NULL, NULL, '', '{}')")
        db.execute(f"PRAGMA user_version = {version}")
        for state in (journey(1), journey(1, last_run=2, standing=Standing.PARKED)):
            known = dict(zip(JOURNEY_COLUMNS, journey_values(state), strict=True))
            names = [row[1] for row in db.execute("PRAGMA table_info(customer)")]
            changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
            db.execute(
                f"INSERT INTO customer VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO UPDATE SET {changes}",  # noqa: S608
                [known[name] for name in names],
            )
        add_calls(db, call(1, 1))


def add_calls(db: sqlite3.Connection, *calls: CallRecord) -> None:
    """Add calls to the table that schemas before version 6 had: a row for each."""
    places = ", ".join("?" * len(CallRecord.__struct_fields__))
    statement = f"INSERT INTO call ({', '.join(CallRecord.__struct_fields__)}) VALUES ({places})"  # noqa: S608
    db.executemany(statement, map(msgspec.structs.astuple, calls))


def shape(path: Path) -> dict[str, str]:
    """Tables, indexes and triggers by name, without their comments and spaces."""
    with closing(connect(path)) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    lines = {name: [line.partition("--")[0] for line in sql.splitlines()] for name, sql in found}
    return {name: "".join("".join(of).split()) for name, of in lines.items()}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_every_older_schema_is_led_to_the_newest(tmp_path: Path, version: int) -> None:
    """A ledger of each earlier schema keeps what it knew and becomes the same as a new one; again nothing happens."""
    path = tmp_path / "l.db"
    older(path, version)
    opened(tmp_path / "new.db").close()
    for _ in range(2):
        with opened(path) as ledger:
            assert ledger.find([key(1)])[key(1)].standing is Standing.PARKED
            assert ledger.find([key(1)], as_of=1)[key(1)].standing is Standing.OPEN
            assert [record.number for record in ledger.calls([key(1)])] == [1]
            assert ledger.reserve_call_numbers() > 1
            assert [run.run_id for run in ledger.runs()] == ["r1"]
            assert ledger.sharing([b"mark"]) == {}
            assert ledger.ledger_id == "0123456789abcdef"
            assert ledger.locked_by() == ""
            with ledger.acquire_lease():
                assert ledger.locked_by()
    assert shape(path) == shape(tmp_path / "new.db")
    with closing(connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_every_call_of_version_5_is_there_with_all_its_fields(tmp_path: Path) -> None:
    """In one row for a customer and run; what is counted of a run is the same; what a dead run left is filed to it."""
    path = tmp_path / "l.db"
    older(path, 5)
    more = [
        call(2, 1, step="approve", outcome="doubt", outcome_at=1.1, http_status=500, code="c", field="f", message="m"),
        call(3, 1, step="approve", attempt=2, outcome="retry", outcome_at=1.3, http_status=429, wait_s=0.7, hint="h"),
        call(4, 2, phase="session", changes=False, sent=False, retriable=True, intent_at=1_795_000_000.1, seconds=0.1),
        call(6, 1, run=2, outcome="done", outcome_at=2.2, http_status=200),
    ]
    outcome = call(5, 2, outcome="done", outcome_at=9.0)
    with closing(connect(path)) as db, db:
        add_calls(db, *more, call(5, 2))
        lines = Recent(1).pack(Group({key(2): journey(2)}, {5: outcome}, []))
        db.execute("INSERT INTO recent VALUES (1, 1, ?)", [lines])
    asked = [key(1), key(2)]
    for _ in range(2):
        with opened(path) as ledger:
            assert list(ledger.calls(asked)) == [call(1, 1), *more[:2], more[3], more[2], outcome]
            assert list(ledger.calls(asked, run=2)) == [more[3]]
            assert ledger.call_totals(1) == {
                "registration": CallCounts(sent=4, retried=1, refused_for_rate=1),
                "session": CallCounts(),
            }
            assert (ledger.counts(1).intents, ledger.counts(1).outcomes) == (4, 3)
        asyncio.run(write(path, []))
    with closing(connect(path)) as db:
        assert db.execute("SELECT count(*) FROM call_kind").fetchone() == (6,)
        assert db.execute("SELECT number, run FROM call_pack ORDER BY number").fetchall() == [(3, 1), (5, 1), (6, 2)]


@pytest.mark.parametrize(
    ("outcome", "said", "standing"),
    [
        ("doubt", "", Standing.IN_DOUBT),
        ("", "", Standing.IN_DOUBT),
        ("refused", "", Standing.FAILED),
        ("doubt", "operator_vouches", Standing.FAILED),
    ],
)
def test_a_registrations_doubt_that_version_3_took_away_is_back(
    tmp_path: Path, outcome: str, said: str, standing: Standing
) -> None:
    """Its repeat was refused and it was failed for good; in doubt again, unless an operator found nobody since."""
    path = tmp_path / "l.db"
    older(path, 3)
    with closing(connect(path)) as db, db:
        db.execute(
            "UPDATE customer SET standing = 'failed', final = 1, done = 1, step = '', doubts = 0, customer_id = ''"
        )
        db.execute("UPDATE history SET code = ?, last_run = 1", [said])
        db.execute("UPDATE call SET step = 'register', outcome = ?, sent = 1, run = 1, intent_at = 7.0", [outcome])
    with opened(path) as ledger:
        found = ledger.find([key(1)])[key(1)]
    assert found.standing is standing
    if standing is Standing.IN_DOUBT:
        assert (found.step, found.doubts, found.repeat, found.doubt_at) == ("register", 1, "refused", 7.0)
        assert not found.final


def test_there_is_a_sample_of_every_older_schema() -> None:
    """Whoever raises the version leaves the schema before behind, so that the way from it stays tested."""
    assert {int(file.stem) for file in SCHEMAS.glob("*.sql")} == set(range(1, SCHEMA_VERSION))


def test_a_conversion_is_announced(tmp_path: Path) -> None:
    """It may take minutes; a ledger of this version needs none."""
    path = tmp_path / "l.db"
    said: list[str] = []
    older(path, SCHEMA_VERSION - 1)
    for _ in range(2):
        opened(path, say=said.append).close()
    assert [f"schema {SCHEMA_VERSION - 1} to {SCHEMA_VERSION}" in message for message in said] == [True]


def test_a_conversion_is_announced_to_who_only_looks(tmp_path: Path) -> None:
    """``onboard status`` may be the first that opens the ledger."""
    path = tmp_path / "l.db"
    said: list[str] = []
    older(path, SCHEMA_VERSION - 1)
    for _ in range(2):
        with look_into(f"sqlite:///{path}", tenant_id="tenant", seed="", say=said.append) as ledger:
            assert [run.run_id for run in ledger.runs()] == ["r1"]
    assert [f"schema {SCHEMA_VERSION - 1} to {SCHEMA_VERSION}" in message for message in said] == [True]


@pytest.mark.parametrize("version", [1, 2])
def test_a_run_of_an_older_version_is_not_overtaken(tmp_path: Path, version: int) -> None:
    """It held a file beside the ledger and knows no other lock; when it is over or dead, the ledger is led here."""
    path = tmp_path / "l.db"
    older(path, version)
    with (tmp_path / "l.db.lock").open("w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ConfigurationError, match="older version holds"):
            opened(path)
        with closing(connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] <= 2
    opened(path).close()


@pytest.mark.parametrize("version", range(3, SCHEMA_VERSION))
def test_a_run_of_an_older_version_that_holds_the_lease_is_not_overtaken(tmp_path: Path, version: int) -> None:
    """It could write no outcome into tables that it does not know; when it is over, the ledger is led here."""
    path = tmp_path / "l.db"
    older(path, version)
    with closing(connect(path)) as db:
        lease = SqliteLease(path)
        lease.acquire(db)
        with pytest.raises(LockedError, match="another run holds"):
            opened(path)
        assert db.execute("PRAGMA user_version").fetchone()[0] == version
        lease.release(db)
    with opened(path) as ledger:
        assert ledger.locked_by() == ""


@pytest.mark.parametrize("step", range(1, SCHEMA_VERSION))
def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Half a migration is none: version and tables are as before, the error is plain, and the next try succeeds."""
    path = tmp_path / "l.db"
    older(path, step)
    before = shape(path)
    broken = "ALTER TABLE run ADD COLUMN a TEXT; ALTER TABLE nothing ADD b;"
    monkeypatch.setattr(create, "_migration", lambda _: broken)
    with pytest.raises(ConfigurationError, match="nothing"):
        opened(path)
    monkeypatch.undo()
    assert shape(path) == before
    opened(path).close()


_DIE = """
import os, sys
from pathlib import Path
from finhub_onboard.ledger.sqlite import create
from tests.ledger.support import opened
sql = create._migration(2)
endless = sql + " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;"
create._migration = lambda _: endless
print("begun", flush=True)
opened(Path(sys.argv[1]))
"""


def test_a_kill_in_the_middle_of_a_migration_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    """SIGKILL between the statements of a step: nothing of it is there, and the next start does it whole."""
    path = tmp_path / "l.db"
    older(path, 2)
    before = shape(path)
    command = [sys.executable, "-c", _DIE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        locked = False
        while not locked:  # until it is inside its transaction
            with closing(sqlite3.connect(path, timeout=0)) as db:
                try:
                    db.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    locked = True
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert shape(path) == before
    opened(path).close()
    assert "holder" in shape(path)
