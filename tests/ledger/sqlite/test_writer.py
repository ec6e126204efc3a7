"""The writer: what was acknowledged is durable, groups are whole, and errors reach everybody who waits."""

import asyncio
import sqlite3
from pathlib import Path
from secrets import token_hex

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
    with opened(path) as ledger:
        customers = [key(number) for number in range(300)]
        return set(ledger.find(customers)), {each.number for each in ledger.calls(customers)}


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


def test_an_error_that_nobody_awaited_comes_with_the_next_entry(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome that was posted and could not be written is not lost in silence."""
    _full(monkeypatch)

    async def scenario() -> None:
        async with SqliteWriter(path) as writer:
            writer.post(journey(1, message=token_hex(100_000)))
            with pytest.raises(LedgerError):
                await writer.post(journey(2))

    asyncio.run(scenario())
    assert held(path) == (set(), set())


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
    entries = [journey(number, message=token_hex(3000)) for number in range(1, 60)]
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
                await writer.post(journey(1, message=token_hex(100_000)))
            with pytest.raises(LedgerError):
                await writer.post(journey(2))

    asyncio.run(scenario())
    assert held(path) == (set(), set())


@pytest.mark.parametrize(
    "entry",
    [journey(2, http_status=2**70)],
    ids=["a number too large"],
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
