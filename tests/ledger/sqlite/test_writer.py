"""The writer: what was acknowledged is durable, groups are whole, and errors reach everybody who waits."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.sqlite import writer as module
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import Journey
from tests.ledger.support import call, journey, key, opened

ROOT = Path(__file__).resolve().parents[3]


def held(path: Path) -> tuple[set[bytes], set[int]]:
    """Return the customers and calls that a connection of its own finds."""
    db = sqlite3.connect(path)
    try:
        customers = {found for (found,) in db.execute("SELECT key FROM customer")}
        return customers, {number for (number,) in db.execute("SELECT number FROM call")}
    finally:
        db.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make an empty ledger."""
    file = tmp_path / "l.db"
    opened(file).close()
    return file


def test_what_was_awaited_is_there_for_a_second_connection(path: Path) -> None:
    """After each await, the entry can be read by others; many writers at once share commits."""
    commits = 0

    async def one(writer: SqliteWriter, number: int) -> None:
        await writer.post(journey(number), [call(number, number)])
        customers, calls = held(path)
        assert key(number) in customers
        assert number in calls

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            await asyncio.gather(*(one(writer, number) for number in range(1, 201)))

    before = module.SqliteWriter._commit

    def counted(self: SqliteWriter, db: sqlite3.Connection, group: list[module.Order]) -> None:
        nonlocal commits
        commits += 1
        before(self, db, group)

    module.SqliteWriter._commit = counted  # type: ignore[method-assign]
    try:
        asyncio.run(scenario())
    finally:
        module.SqliteWriter._commit = before  # type: ignore[method-assign]
    assert held(path) == ({key(n) for n in range(1, 201)}, set(range(1, 201)))
    assert commits < 200, "each write had a commit of its own"


def test_the_order_of_one_customers_entries_is_kept(path: Path) -> None:
    """Entries handed in without waiting are written in that order: the last one stays."""

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            await asyncio.gather(*(writer.post(journey(1, sent=number)) for number in range(500)))

    asyncio.run(scenario())
    with opened(path) as ledger:
        assert ledger.find([key(1)])[key(1)].sent == 499


def test_leaving_writes_what_was_handed_in(path: Path) -> None:
    """The end of the run waits for what is on its way."""

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            posted = [writer.post(journey(number)) for number in range(50)]
        await asyncio.gather(*posted)

    asyncio.run(scenario())
    assert len(held(path)[0]) == 50


def test_whoever_awaits_the_last_entry_has_all_before_it(path: Path) -> None:
    """What is posted later is never durable before what was posted earlier: only the last needs awaiting."""

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            for start in range(0, 100, 10):
                posted = [writer.post(journey(start + number)) for number in range(10)]
                await posted[-1]
                assert len(held(path)[0]) == start + 10

    asyncio.run(scenario())


def test_an_error_that_nobody_awaited_comes_with_the_next_entry(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome that was posted and could not be written is not lost in silence."""
    _full(monkeypatch)

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            writer.post(journey(1, message="x" * 100_000))
            with pytest.raises(LedgerError):
                await writer.post(journey(2))

    asyncio.run(scenario())
    assert held(path) == (set(), set())


def test_a_write_after_the_end_is_an_error_not_a_wait_for_ever(path: Path) -> None:
    """Nobody serves a closed writer."""

    async def scenario() -> None:
        writer = SqliteWriter(path)
        async with writer:
            await writer.post(journey(1))
        with pytest.raises(LedgerError, match="closed"):
            await asyncio.wait_for(writer.post(journey(2)), 5)

    asyncio.run(scenario())


def test_a_cancelled_waiter_does_not_disturb_the_others(path: Path) -> None:
    """A customer whose task ends early leaves the group as it is."""

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            posted = [writer.post(journey(number)) for number in range(20)]
            posted[3].cancel()
            results = await asyncio.gather(*posted, return_exceptions=True)
            await writer.post(journey(99))
        assert [index for index, result in enumerate(results) if result is not None] == [3]

    asyncio.run(scenario())
    assert {key(0), key(19), key(99)} <= held(path)[0]


async def _all(path: Path, entries: list[Journey]) -> list[BaseException | None]:
    async with SqliteWriter(path) as writer:
        waiting = [writer.post(entry, [call(number, number)]) for number, entry in enumerate(entries, start=1)]
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)


def _full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database have no page more than it has."""

    def limited(at: Path) -> sqlite3.Connection:
        db = connect(at)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    monkeypatch.setattr(module, "connect", limited)


def test_a_full_disk_reaches_every_waiter_and_nothing_is_half_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody whose entry is not durable gets the error with its hint; a journey is there with its call or not."""
    _full(monkeypatch)
    entries = [journey(number, message="x" * 3000) for number in range(1, 60)]
    results = asyncio.run(_all(path, entries))
    failed = [result for result in results if result is not None]
    assert failed
    assert all(isinstance(error, LedgerError) and "full" in str(error) and "room" in error.hint for error in failed)
    customers, calls = held(path)
    written = {number for number, result in enumerate(results, start=1) if result is None}
    assert calls == written
    assert customers == {key(number) for number in written}


def test_after_an_error_nothing_is_written_any_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could still be written after a lost entry would make the ledger lie: the run stops writing."""
    _full(monkeypatch)

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            with pytest.raises(LedgerError):
                await writer.post(journey(1, message="x" * 100_000))
            with pytest.raises(LedgerError):
                await writer.post(journey(2))

    asyncio.run(scenario())
    assert held(path) == (set(), set())


@pytest.mark.parametrize(
    "entry",
    [journey(2, message="\ud800"), journey(2, http_status=2**70), journey(2, sent="many", done=b"x")],
    ids=["a lone surrogate", "a number too large", "a wrong type"],
)
def test_an_entry_that_cannot_be_written_is_an_error_not_a_wait_for_ever(path: Path, entry: Journey) -> None:
    """Whatever goes wrong in the writer's thread, those who wait hear of it, and its group is not half-written."""
    results = asyncio.run(_all(path, [journey(1), entry, journey(3)]))
    assert isinstance(results[1], LedgerError)
    customers, calls = held(path)
    written = {number for number, result in enumerate(results, start=1) if result is None}
    assert (customers, calls) == ({key(number) for number in written}, written)


def test_a_ledger_that_vanished_reaches_every_waiter(tmp_path: Path) -> None:
    """A writer that cannot open its file answers each write with the error."""
    results = asyncio.run(_all(tmp_path / "gone" / "l.db", [journey(1), journey(2)]))
    assert [isinstance(result, LedgerError) and bool(result.hint) for result in results] == [True, True]


def test_a_ledger_held_by_another_program_is_an_error_with_a_hint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that stays locked is named as such."""

    def impatient(at: Path) -> sqlite3.Connection:
        db = connect(at)
        db.execute("PRAGMA busy_timeout = 20")
        return db

    monkeypatch.setattr(module, "connect", impatient)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    try:
        [result] = asyncio.run(_all(path, [journey(1)]))
    finally:
        other.close()
    assert isinstance(result, LedgerError)
    assert "another program holds the ledger" in result.hint


_WRITE = """
import asyncio, itertools, sys
from pathlib import Path
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from tests.values import replace
from tests.ledger.support import call, journey

async def one(writer, numbers):
    for number in numbers:
        await writer.post(journey(number), [call(number, number)])
        print(number, flush=True)

async def main():
    async with SqliteWriter(Path(sys.argv[1])) as writer:
        await asyncio.gather(*(one(writer, itertools.count(start, 8)) for start in range(1, 9)))

asyncio.run(main())
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(path: Path) -> None:
    """SIGKILL in the middle of writing: every acknowledged entry is there, whole, and the ledger opens as it is."""
    command = [sys.executable, "-c", _WRITE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(300)]
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    acknowledged = {int(line) for line in said if line.endswith(b"\n")}
    assert len(acknowledged) >= 300
    with opened(path) as ledger:
        keys = [key(number) for number in sorted(acknowledged)]
        assert set(ledger.find(keys)) == set(keys)
        assert {record.number for record in ledger.calls(keys)} >= acknowledged
    customers, calls = held(path)
    assert customers == {key(number) for number in calls}


def test_an_intent_and_its_journey_are_one_commit(path: Path) -> None:
    """A reader never sees a call whose customer is missing, at whatever moment it looks."""

    async def scenario() -> None:
        db = sqlite3.connect(path)
        orphans = "SELECT count(*) FROM call WHERE key NOT IN (SELECT key FROM customer)"
        async with SqliteWriter(path) as writer:
            for posted in [writer.post(journey(n), [call(n, n)]) for n in range(1, 100)]:
                assert db.execute(orphans).fetchone() == (0,)
                await posted
        db.close()

    asyncio.run(scenario())
    with opened(path) as ledger:
        assert ledger.find([key(1)])[key(1)] == journey(1)


def test_an_identity_hash_is_durable_with_the_intent_that_it_came_with(path: Path) -> None:
    """A reader finds both or neither, and one that is taken back in the same run leaves nothing."""

    async def scenario() -> None:
        pair = (b"mark", key(1))
        with opened(path) as ledger:
            async with SqliteWriter(path, run=3) as writer:
                await writer.post(journey(1), [call(1, 1)], marks=[pair, pair])
                assert ledger.sharing([b"mark"]) == {b"mark": {key(1)}}
                writer.post(journey(1), [call(1, 1, outcome="refused")], ended=[pair])
                await writer.post(journey(1), [call(2, 1)], marks=[pair])
                assert ledger.sharing([b"mark"], as_of=3) == {b"mark": {key(1)}}
                await writer.post(journey(1), [call(2, 1, outcome="refused")], ended=[pair])

    asyncio.run(scenario())
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(*) FROM identity").fetchone() == (0,)
    db.close()


def test_what_is_known_of_a_run_goes_with_the_entries(path: Path) -> None:
    """Facts of a run are written by the writer, in order and the newest last, and show that the run lives."""
    with opened(path) as ledger:
        run = ledger.start_run("r", {"rows": 1})

        async def scenario() -> None:
            async with SqliteWriter(path) as writer:
                for number in range(20):
                    writer.note(run.number, {"rows": number})
                await writer.post(journey(1))
                assert ledger.runs()[0].facts == {"rows": 19}

        asyncio.run(scenario())
        assert ledger.runs()[0].heartbeat_at > run.heartbeat_at
