"""One run at a time: who is refused learns why, a dead holder holds nothing, one that was taken over does nothing."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.errors import ConfigurationError, LedgerError, LockedError
from finhub_onboard.ledger.sqlite import lease
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.lease import SqliteLease
from finhub_onboard.ledger.sqlite.process import Life, this_process
from tests.ledger.contract.support import another_process_holds
from tests.ledger.support import opened

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE: dict[str, Any] = {"host": "another-host", "machine": "another boot"}
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who lives")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make an empty ledger."""
    file = tmp_path / "l.db"
    opened(file).close()
    return file


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let silence be noticed soon."""
    monkeypatch.setattr(lease, "STALE_S", 0.6)
    monkeypatch.setattr(lease, "_HEARTBEAT_S", 0.1)
    monkeypatch.setattr(lease, "_LOOK_S", 0.02)


def write_holder(path: Path, *, heartbeat_at: float | None = None, beats: int = 0, **other: object) -> None:
    """Enter somebody as the holder: this process, but for ``other``."""
    me = this_process()
    process = {"host": me.host, "pid": me.pid, "machine": me.machine, "start": me.start} | other
    now = time.time()
    at = now if heartbeat_at is None else heartbeat_at
    values = (1, "foreign", *(process[name] for name in ("host", "pid", "machine", "start")), now, at, beats)
    with closing(connect(path)) as db, db:
        db.execute("INSERT OR REPLACE INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


@contextmanager
def beating(path: Path) -> Iterator[None]:
    """Let whoever is entered as the holder show signs of life; the time it writes down never moves."""
    ended = threading.Event()

    def beat() -> None:
        with closing(connect(path)) as db:
            while not ended.wait(0.05):
                with db:
                    db.execute("UPDATE holder SET beats = beats + 1")

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@needs_proc
@pytest.mark.parametrize("reaped", [True, False], ids=["gone", "a zombie"])
def test_the_lock_of_a_killed_run_is_free_at_once(path: Path, *, reaped: bool) -> None:
    """SIGKILL leaves its entry: it is nobody's, and the next run takes over without a wait."""
    with another_process_holds(f"sqlite:///{path}") as holder:
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            holder.wait(10)
        with opened(path) as ledger:
            assert ledger.locked_by() == ""
            started = time.monotonic()
            with ledger.acquire_lease():
                assert time.monotonic() - started < lease.STALE_S / 2
                assert f"process {os.getpid()}" in ledger.locked_by()


@needs_proc
def test_a_process_that_got_the_number_of_a_dead_one_is_not_the_holder(path: Path) -> None:
    """Numbers are given anew: a process is known by its start as well."""
    write_holder(path, start="1")
    with opened(path) as ledger:
        assert ledger.locked_by() == ""
        with ledger.acquire_lease():
            pass


@pytest.mark.parametrize("drift_s", [-3600.0, 0.0, 3600.0], ids=["an hour back", "as ours", "an hour ahead"])
@pytest.mark.parametrize("other", [ELSEWHERE, {}], ids=["elsewhere", "here"])
@pytest.mark.usefixtures("quick")
def test_who_shows_signs_of_life_keeps_the_lock_whatever_the_clocks_say(
    path: Path, drift_s: float, other: dict[str, Any]
) -> None:
    """A jump of the clock, or another machine's, takes the lock from nobody."""
    write_holder(path, heartbeat_at=time.time() + drift_s, **other)
    with beating(path), opened(path) as ledger, pytest.raises(LockedError), ledger.acquire_lease():
        pytest.fail("a living holder lost its lock")


@pytest.mark.parametrize("drift_s", [-3600.0, 0.0, 3600.0], ids=["an hour back", "as ours", "an hour ahead"])
@pytest.mark.usefixtures("quick")
def test_a_silent_holder_elsewhere_is_taken_over_after_a_while(path: Path, drift_s: float) -> None:
    """Whether it is dead cannot be seen from here: it is watched for ``STALE_S`` first, also if it seems fresh."""
    write_holder(path, heartbeat_at=time.time() + drift_s, **ELSEWHERE)
    with opened(path) as ledger:
        assert "another-host" in ledger.locked_by()
        started = time.monotonic()
        with ledger.acquire_lease():
            assert time.monotonic() - started >= lease.STALE_S
            assert f"process {os.getpid()}" in ledger.locked_by()


def test_a_holder_that_ends_while_it_is_watched_is_followed_at_once(path: Path) -> None:
    """No wait for somebody who gave the lock back."""
    write_holder(path, **ELSEWHERE)

    def end() -> None:
        time.sleep(0.1)
        with closing(connect(path)) as db, db:
            db.execute("DELETE FROM holder")

    thread = threading.Thread(target=end)
    with opened(path) as ledger:
        thread.start()
        started = time.monotonic()
        with ledger.acquire_lease():
            assert time.monotonic() - started < lease.STALE_S
        thread.join()


@needs_proc
@pytest.mark.usefixtures("quick")
def test_a_stopped_process_keeps_the_lock_for_a_while_and_loses_it_then(path: Path) -> None:
    """SIGSTOP: it lives, so a run that comes soon is refused; who watches long enough takes over."""
    with another_process_holds(f"sqlite:///{path}") as holder, opened(path) as ledger:
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(LockedError, match=f"process {holder.pid}"), ledger.acquire_lease():
            pytest.fail("a living holder lost its lock at once")
        deadline = time.monotonic() + 20
        while life_of_holder(path) is Life.ALIVE and time.monotonic() < deadline:
            time.sleep(0.05)
        with ledger.acquire_lease():
            assert f"process {os.getpid()}" in ledger.locked_by()
        holder.kill()


def life_of_holder(path: Path) -> Life:
    """What a look at the ledger says of its holder."""
    with closing(connect(path)) as db:
        holder = lease.read_holder(db)
        assert holder is not None
        return holder.life


def entry(db: sqlite3.Connection) -> None:
    """Write something as a run would."""
    db.execute("INSERT INTO identity (mark, key, since) VALUES (?, ?, 1)", (os.urandom(4), b"key"))


def entries(path: Path) -> int:
    """Count what ``entry`` wrote."""
    with closing(connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM identity").fetchone()[0])


@contextmanager
def held_without_beats(path: Path) -> Iterator[tuple[SqliteLease, sqlite3.Connection]]:
    """Hold the lock as a process would that stands still between its transactions."""
    held = SqliteLease(path)
    with closing(connect(path)) as db:
        held.acquire(db)
        yield held, db


def test_a_holder_that_was_taken_over_writes_nothing_and_is_not_sure(path: Path) -> None:
    """Its next transaction fails with who has the lock now; so do all after it."""
    with held_without_beats(path) as (held, db):
        with held.transaction(db):
            entry(db)
        assert held.is_valid()
        write_holder(path, host="the-other-host")
        for _ in range(2):
            with pytest.raises(LockedError, match="the-other-host"), held.transaction(db):
                entry(db)
            assert not held.is_valid()
            assert isinstance(held.lost, LockedError)
        assert entries(path) == 1
        held.release(db)
        assert lease.read_holder(db) is not None, "it gave back what was not its own"


def test_nobody_is_sure_for_longer_than_others_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that slept sends nothing until it has renewed its lock, and goes on if nobody took it meanwhile."""
    assert lease.VALID_S < lease.STALE_S
    with held_without_beats(path) as (held, db):
        now = lease._clock()
        monkeypatch.setattr(lease, "_clock", lambda: now + lease.VALID_S + 0.01)
        assert not held.is_valid()
        with held.transaction(db):
            entry(db)
        assert held.is_valid()


def test_a_transaction_that_fails_renews_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not committed is no sign of life."""
    with held_without_beats(path) as (held, db):
        now = lease._clock()
        monkeypatch.setattr(lease, "_clock", lambda: now + lease.VALID_S + 0.01)
        with pytest.raises(ZeroDivisionError), held.transaction(db):
            raise ZeroDivisionError
        assert not held.is_valid()


@pytest.mark.usefixtures("quick")
def test_a_run_that_writes_nothing_shows_signs_of_life_all_the_same(path: Path) -> None:
    """While reports are written, or the bank is waited for, the lock is renewed."""
    with opened(path) as ledger, ledger.acquire_lease() as held, closing(connect(path)) as db:
        first, deadline = beats_of(db), time.monotonic() + 20
        while beats_of(db) == first and time.monotonic() < deadline:
            time.sleep(0.02)
        assert beats_of(db) > first
        assert held.is_valid()


@pytest.mark.usefixtures("quick")
def test_a_beat_that_fails_is_not_the_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not take one sign of life is tried again: else nothing would ever be sent any more."""
    failed = threading.Event()

    def once(at: Path) -> sqlite3.Connection:
        if threading.current_thread() is not threading.main_thread() and not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("disk I/O error")
        return connect(at)

    monkeypatch.setattr(lease, "connect", once)
    with opened(path) as ledger, ledger.acquire_lease(), closing(connect(path)) as db:
        deadline = time.monotonic() + 20
        while beats_of(db) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert failed.is_set()
        assert beats_of(db) >= 2


def beats_of(db: sqlite3.Connection) -> int:
    """Signs of life of the holder."""
    holder = lease.read_holder(db)
    assert holder is not None
    return holder.beats


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_a_ledger_that_is_taken_away_stops_its_run(path: Path, tmp_path: Path, *, replaced: bool) -> None:
    """The next run would begin from nothing, so this one stops: there is no file that can be removed to get in."""
    with (
        opened(tmp_path / "other.db"),
        opened(path) as ledger,
        ledger.acquire_lease() as held,
        closing(connect(path)) as db,
    ):
        path.unlink()
        if replaced:
            (tmp_path / "other.db").rename(path)
        with pytest.raises(LedgerError, match="removed or replaced"), held.transaction(db):
            entry(db)
        assert not held.is_valid()


def test_there_is_no_file_beside_the_ledger_to_be_removed(path: Path, tmp_path: Path) -> None:
    """The lock lies in the ledger."""
    with opened(path) as ledger, ledger.acquire_lease():
        assert {file.name for file in tmp_path.iterdir()} <= {"l.db", "l.db-wal", "l.db-shm"}


def test_a_holder_that_stands_still_in_the_middle_of_a_write_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can write beside it, so nobody takes it over; exit 6 says who it is. Another program is called that."""

    def impatient(at: Path) -> sqlite3.Connection:
        db = connect(at)
        db.execute("PRAGMA busy_timeout = 20")
        return db

    monkeypatch.setattr(lease, "connect", impatient)
    with closing(connect(path)) as writing, opened(path) as ledger:
        writing.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="locked") as caught, ledger.acquire_lease():
            pytest.fail("the ledger cannot be written")
        assert "another program" in caught.value.hint
        writing.rollback()
        write_holder(path, **ELSEWHERE)
        writing.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="another-host"), ledger.acquire_lease():
            pytest.fail("the ledger cannot be written")
        writing.rollback()
