"""Filing: in portions and steps, while a run goes on; nothing is lost wherever it ends."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.ledger.sqlite import calls as calls_
from finhub_onboard.ledger.sqlite import filing, portions, writer
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.filing import Filing
from finhub_onboard.ledger.sqlite.lines import Lines
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import Standing
from tests.ledger.support import call, file_all, journey, key, opened, unfiled
from tests.values import replace


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Small portions in small steps; what is appended for when each is filed."""
    filed: list[int] = []
    before = Lines.remove

    def counted(self: Lines, db: sqlite3.Connection) -> None:
        filed.append(self.next_generation)
        before(self, db)

    monkeypatch.setattr(Lines, "remove", counted)
    monkeypatch.setattr(filing, "_CUSTOMERS", 3)
    monkeypatch.setattr(filing, "_HASHES", 3)
    monkeypatch.setattr(portions, "_FILED", 20)
    monkeypatch.setattr(portions, "_FILED_HASHES", 30)
    return filed


def test_a_run_files_in_portions(tmp_path: Path, small_portions: list[int]) -> None:
    """Everything is told at every moment, whatever was filed of it; hashes wait longer; in the end nothing is left."""
    path = tmp_path / "l.db"

    async def scenario(ledger: SqliteLedger, other: SqliteLedger) -> None:
        with ledger.acquire_lease() as lease:
            async with lease.writer(run=1) as book:
                for number in range(1, 100):
                    mark = b"mark %d" % number
                    await book.post(journey(number), [call(number, number)], hashes=[(mark, key(number))])
                    for reader in (ledger, other):
                        assert len(reader.find([key(each) for each in range(100)])) == number
                        assert reader.sharing([mark, b"mark 1"]) == {mark: {key(number)}, b"mark 1": {key(1)}}
                assert unfiled(path) > 0

    with opened(path) as ledger, opened(path) as other:
        asyncio.run(scenario(ledger, other))
        assert len(small_portions) > 3
        assert unfiled(path) == 0
        assert len(ledger.sharing([b"mark %d" % number for number in range(100)])) == 99


def test_a_disk_that_is_full_when_filing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entries stay where they are durable, and are read there; the next run files them."""
    path, before = tmp_path / "l.db", connect
    opened(path).close()

    def short(at: Path) -> sqlite3.Connection:
        db = before(at)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 4}")
        return db

    async def scenario() -> None:
        async with SqliteWriter(path, run=1) as book:
            for number in range(60):
                state = journey(number, standing=Standing.FAILED, message="x" * 3000)
                await book.post(state, [call(number, number)])
        assert not book.failed

    monkeypatch.setattr(writer, "connect", short)
    monkeypatch.setattr(portions, "_FILED", 20)
    asyncio.run(scenario())
    assert unfiled(path) == 60
    with opened(path) as ledger:
        assert len(ledger.find([key(number) for number in range(60)])) == 60
        monkeypatch.undo()
        asyncio.run(file_all(path))
        assert unfiled(path) == 0
        assert len(ledger.find([key(number) for number in range(60)])) == 60


_DIE = """
import asyncio, os, sys
from finhub_onboard.ledger.sqlite import calls as calls_
from finhub_onboard.ledger.sqlite import filing, portions, writer
from pathlib import Path
from tests.ledger.support import call, journey

portions._FILED = 20
filing.write_calls = lambda *_, **__: os._exit(9)  # after the journeys, before the calls

async def main():
    async with writer.SqliteWriter(Path(sys.argv[1]), run=1) as book:
        for number in range(100):
            await book.post(journey(number), [call(number, number)])
            print(number, flush=True)

asyncio.run(main())
"""


def test_a_death_in_the_middle_of_filing_loses_nothing(tmp_path: Path) -> None:
    """A portion is filed as a whole or not at all: its entries are where they were, and are filed later."""
    path = tmp_path / "l.db"
    opened(path).close()
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", _DIE, str(path)]
    done = subprocess.run(
        command, capture_output=True, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=False
    )
    assert done.returncode == 9, done.stderr
    acknowledged = [int(line) for line in done.stdout.split()]
    assert len(acknowledged) >= 9
    with opened(path) as ledger:
        for _ in range(2):
            assert set(ledger.find([key(number) for number in acknowledged])) == set(map(key, acknowledged))
            assert {each.number for each in ledger.calls(list(map(key, acknowledged)))} == set(acknowledged)
            asyncio.run(file_all(path))
        assert unfiled(path) == 0


@pytest.mark.usefixtures("small_portions")
def test_a_death_at_any_point_of_filing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, within and after each step: what was acknowledged is told, and filed by the next run, as it was."""
    path, copies = tmp_path / "l.db", list[tuple[Path, int]]()
    states = [
        journey(number, standing=Standing.COMPLETE if number % 3 else Standing.OPEN, sent=2) for number in range(30)
    ]
    calls = [[call(number, number, outcome="done", outcome_at=1.5), call(50 + number, number)] for number in range(30)]
    acknowledged = 0

    def dies() -> None:
        copy = tmp_path / f"{len(copies)}.db"
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        copies.append((copy, acknowledged))

    def deadly(before: Callable[..., Any]) -> Callable[..., Any]:
        def around(*values: Any) -> Any:
            dies()
            done = before(*values)
            dies()
            return done

        return around

    monkeypatch.setattr(Filing, "step", deadly(Filing.step))
    monkeypatch.setattr(Lines, "remove", deadly(Lines.remove))

    async def scenario() -> None:
        nonlocal acknowledged
        async with SqliteWriter(path, run=1) as book:
            for state, (first, second) in zip(states, calls, strict=True):
                await book.post(replace(state, standing=Standing.OPEN, sent=1), [replace(first, outcome="")])
                mark = (state.key[-2:], state.key)
                await book.post(state, [first, second], hashes=[mark])
                acknowledged += 1

    opened(path).close()
    asyncio.run(scenario())
    assert len(copies) > 50
    monkeypatch.undo()
    for copy, whole in copies:
        for _ in range(2):
            with opened(copy) as ledger:
                keys = [state.key for state in states[:whole]]
                assert ledger.find(keys) == {state.key: state for state in states[:whole]}
                assert list(ledger.calls(keys)) == [each for some in calls[:whole] for each in some]
                assert ledger.sharing([key_[-2:] for key_ in keys]) == {key_[-2:]: {key_} for key_ in keys}
            asyncio.run(file_all(copy))
            assert unfiled(copy) == 0


@pytest.mark.usefixtures("small_portions")
def test_customers_under_way_stay_but_not_for_ever(tmp_path: Path) -> None:
    """All calls of a customer are filed together; who is left there, as by `--until`, is filed a portion later."""
    path = tmp_path / "l.db"

    async def scenario(ledger: SqliteLedger) -> None:
        with ledger.acquire_lease() as lease:
            async with lease.writer(run=1) as book:
                for number in range(300):
                    await book.post(journey(number), [call(number, number)])
                with closing(sqlite3.connect(path)) as db:
                    assert db.execute("SELECT count(*) FROM customer").fetchone()[0] > 200

    with opened(path) as ledger:
        asyncio.run(scenario(ledger))
        assert len(list(ledger.calls([key(number) for number in range(300)]))) == 300


def test_kinds_of_calls_that_found_no_room_are_written_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_portions: list[int]
) -> None:
    """A step that fails on a full disk takes its kinds along: what is filed later does not name them."""
    path, before = tmp_path / "l.db", calls_.write_calls
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    failures = iter([full, full])

    def write_calls(*values: Any) -> None:
        before(*values)
        if failure := next(failures, None):
            raise failure

    monkeypatch.setattr(filing, "write_calls", write_calls)
    calls = [call(number, number, message=f"of every fifth {number // 5}") for number in range(150)]

    async def scenario() -> None:
        async with SqliteWriter(path, run=1) as book:
            for each in calls:
                await book.post(journey(each.number, standing=Standing.COMPLETE), [each])

    opened(path).close()
    asyncio.run(scenario())
    assert len(small_portions) > 1
    assert unfiled(path) == 0
    with opened(path) as ledger:
        assert list(ledger.calls([each.key for each in calls])) == calls
