"""The journal of a run under a reader that stays."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite import journal, portions
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import Standing
from tests.ledger.support import call, journey, key, opened

READS = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN"); db.execute("SELECT count(*) FROM meta").fetchone()
print("reads", flush=True); sys.stdin.read()
"""
BOUND = 200 * 1024


@contextmanager
def another_program_reads(ledger: Path) -> Iterator[None]:
    """A shell that looks at the ledger and waits for its user."""
    command = [sys.executable, "-c", READS, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"reads\n"
        try:
            yield
        finally:
            shell.stdin.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with a small bound for its journal."""
    monkeypatch.setattr(journal, "_BOUND", BOUND)
    monkeypatch.setattr(journal, "_EVERY_S", 0.0)
    opened(tmp_path / "l.db").close()
    return tmp_path / "l.db"


def size(path: Path) -> int:
    """Return the bytes of the journal."""
    return path.with_name("l.db-wal").stat().st_size


async def write_on(writer: SqliteWriter, until: Callable[[], bool], first: int) -> int:
    """Write customers until something is so."""
    for number in range(first, first + 3000):
        await writer.post(journey(number), [call(number, number)])
        if until():
            return number + 1
    raise AssertionError("written in vain")


def test_a_journal_that_cannot_be_emptied_is_said_and_emptied_later(path: Path) -> None:
    """Each doubling is said; when the reader has gone the file is small again, while the run goes on."""
    said: list[str] = []

    async def run() -> None:
        async with SqliteWriter(path, say=said.append) as writer:
            with another_program_reads(path):
                number = await write_on(writer, lambda: len(said) >= 2, 1)
                assert size(path) > 2 * BOUND
            await write_on(writer, lambda: size(path) < BOUND, number)

    with opened(path):
        asyncio.run(run())
    assert "cannot be emptied: another program reads the ledger" in said[0]
    assert "is left with" not in said[-1]


def test_a_journal_that_stays_large_at_the_end_is_said(path: Path) -> None:
    """The next run empties it."""
    said: list[str] = []

    async def run() -> None:
        async with SqliteWriter(path, say=said.append) as writer:
            await write_on(writer, lambda: size(path) > BOUND, 1)
        await asyncio.sleep(0)

    with another_program_reads(path):
        asyncio.run(run())
        assert "is left with" in said[-1]
        assert size(path) > BOUND
    said.clear()
    asyncio.run(run_a_little(path, said))
    assert said == []


async def run_a_little(path: Path, said: list[str]) -> None:
    """Write one customer."""
    async with SqliteWriter(path, say=said.append) as writer:
        await writer.post(journey(1), [])


def test_without_readers_nothing_is_said(path: Path) -> None:
    """What a run needs by itself stays below the bound."""
    said: list[str] = []

    async def run() -> None:
        async with SqliteWriter(path, say=said.append) as writer:
            for number in range(1, 400):
                await writer.post(journey(number), [call(number, number)])
            assert size(path) <= BOUND + 64 * 4096

    with opened(path):
        asyncio.run(run())
    assert said == []


def looked(ledger: SqliteLedger) -> None:
    """Ask everything that a run, its reports or a command asks."""
    ledger.noted("x")
    ledger.find([key(1)])
    ledger.find([key(1)], as_of=1)
    ledger.sharing([b"m"])
    ledger.unresolved()
    ledger.knows_until(1)
    ledger.latency_s()
    ledger.standings()
    ledger.states(key(1))
    ledger.runs()
    ledger.counts(1)
    ledger.call_totals(1)
    ledger.locked_by()
    list(ledger.calls([key(1)]))
    list(ledger.timeline(1, since=0, bucket_s=1))
    with ledger.snapshot():
        ledger.find([key(1)])


def test_nothing_that_we_read_holds_the_journal(path: Path) -> None:
    """After each look of ours the journal can be emptied by the next commit."""

    async def run() -> None:
        async with SqliteWriter(path) as writer:
            await writer.post(journey(1), [call(1, 1)])
            await writer.post(journey(2), [call(2, 2)])

    with opened(path) as ledger, closing(sqlite3.connect(path, timeout=0)) as db:
        asyncio.run(run())
        looked(ledger)
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_a_thread_copies_the_journal_while_the_run_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts over again and again although no commit copies it; a thread that is at work is awaited in the end."""
    monkeypatch.setattr(journal, "_PAGES", 1_000_000)
    monkeypatch.setattr(journal, "_EVERY_S", 1e9)
    monkeypatch.setattr(portions, "_FILED", 50)
    copied: list[str] = []
    before = journal._copy

    def copy(ledger: Path) -> None:
        copied.append(threading.current_thread().name)
        before(ledger)

    monkeypatch.setattr(journal, "_copy", copy)

    async def run() -> None:
        async with SqliteWriter(path) as writer:
            for number in range(1, 1500):
                await writer.post(journey(number, standing=Standing.COMPLETE), [call(number, number)])
            assert size(path) < 8 * 1024 * 1024

    with opened(path) as ledger:
        asyncio.run(run())
        assert set(copied) == {"ledger-journal"}
        assert "ledger-journal" not in [thread.name for thread in threading.enumerate()]
        assert len(list(ledger.calls([key(number) for number in range(1, 1500)]))) == 1499


def test_without_a_thread_to_copy_it_the_run_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine at its limit of threads costs nobody an outcome: the journal is copied later."""
    start = threading.Thread.start

    def refused(thread: threading.Thread) -> None:
        if thread.name == "ledger-journal":
            tried.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    async def carry() -> None:
        async with SqliteWriter(path) as writer:
            async with asyncio.timeout(30):
                for number in range(1, 60):
                    await writer.post(journey(number), [call(number, number)])

    tried: list[str] = []
    monkeypatch.setattr(portions, "_FILED", 5)
    monkeypatch.setattr(threading.Thread, "start", refused)
    asyncio.run(carry())
    assert tried
    with opened(path) as ledger:
        assert len(ledger.find([key(number) for number in range(1, 60)])) == 59
