"""What is durable and not yet filed, for those who read: it makes no difference to anything that a ledger tells."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.sqlite import looking
from finhub_onboard.ledger.sqlite.portions import Portions
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import Standing
from tests.ledger.support import call, file_all, journey, key, opened, unfiled

KEYS = [key(number) for number in range(1, 6)]
MARKS = [b"mark of 1", b"mark of 2", b"mark of 3", b"nobody's"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with an earlier run in its tables, and a later one of which nothing is filed."""
    file = tmp_path / "l.db"
    with opened(file) as ledger:
        ledger.start_run("earlier", {})
        asyncio.run(earlier(file))
        ledger.start_run("later", {})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Portions, "file_all", lambda *_: None)
            asyncio.run(later(file))
    assert unfiled(file) > 0
    return file


async def earlier(file: Path) -> None:
    """Three customers, two of them finished, each with a hash."""
    async with SqliteWriter(file, run=1) as book:
        for number in (1, 2, 3):
            done = number < 3
            standing = Standing.COMPLETE if done else Standing.PARKED
            state = journey(number, standing=standing, sealed_id=b"s", finished_at=float(number))
            book.post(state, [call(number, number, outcome="done", outcome_at=2.0, http_status=200, seconds=0.5)])
            book.identify([(MARKS[number - 1], key(number))])


async def later(file: Path) -> None:
    """One of them again, one that is in doubt, one that was refused, a hash that ends and one that moves."""
    async with SqliteWriter(file, run=2) as book:
        book.post(journey(3, last_run=2, step="approve", doubts=1), [call(11, 3, run=2, step="approve", intent_at=9.0)])
        book.post(journey(4, first_run=2, last_run=2), [call(12, 4, run=2)], hashes=[(b"mark of 4", key(4))])
        refused = call(12, 4, run=2, outcome="refused", outcome_at=3.0, http_status=429, seconds=1.5)
        state = journey(4, first_run=2, last_run=2, standing=Standing.FAILED, code="refused")
        book.post(state, [refused], ended=[(b"mark of 4", key(4)), (MARKS[0], key(1))])
        book.identify([(MARKS[1], key(4)), (MARKS[1], key(4))])
        complete = journey(5, first_run=2, last_run=2, standing=Standing.COMPLETE, sealed_id=b"s", finished_at=5.0)
        await book.post(complete, [call(13, 5, run=2, outcome="done", outcome_at=4.0, intent_at=3.5)])


def everything(ledger: SqliteLedger) -> dict[str, Any]:
    """All that a ledger tells."""
    told: dict[str, Any] = {}
    for run in (None, 1, 2):
        told[f"find {run}"] = ledger.find(KEYS, as_of=run)
        told[f"sharing {run}"] = ledger.sharing([*MARKS, b"mark of 4"], as_of=run)
        told[f"unresolved {run}"] = ledger.unresolved(as_of=run)
        told[f"calls {run}"] = list(ledger.calls(KEYS, run=run))
    for run in (1, 2, 3):
        told[f"counts {run}"] = ledger.counts(run), ledger.call_totals(run), ledger.knows_until(run)
        told[f"timeline {run}"] = list(ledger.timeline(run, since=0.0, bucket_s=1.0))
        told[f"finished before {run}"] = ledger.finished_before(KEYS, run)
    told["states"] = [ledger.states(each) for each in KEYS]
    told["finished"] = ledger.finished(KEYS), ledger.finished_last(9), ledger.standings(), ledger.latency_s()
    return told


def test_what_is_not_filed_is_told_like_what_is(path: Path) -> None:
    """By an opening of its own, in a snapshot and out of it, before and after the next writer files it."""
    with opened(path) as ledger:
        before = everything(ledger)
        with ledger.snapshot():
            assert everything(ledger) == before
        assert everything(ledger) == before
        assert before["find None"][key(3)].doubts == 1
        assert before["find 1"][key(3)].standing is Standing.PARKED
        assert before["sharing None"] == {MARKS[1]: {key(2), key(4)}, MARKS[2]: {key(3)}}
        assert unfiled(path) > 0
        asyncio.run(file_all(path))
        assert unfiled(path) == 0
        assert everything(ledger) == before
    with opened(path) as ledger:
        assert everything(ledger) == before


def test_the_process_that_writes_is_told_the_same(path: Path) -> None:
    """It looks into its memory for what is not filed: with all that it told before, while more comes in."""

    async def scenario(ledger: SqliteLedger) -> tuple[dict[str, Any], dict[str, Any]]:
        with ledger.acquire_lease() as lease:
            async with lease.writer(run=2) as book:
                await book.post(journey(2, last_run=2, doubts=1), [call(21, 2, run=2)], hashes=[(MARKS[3], key(2))])
                await book.post(journey(1, last_run=2), ended=[(MARKS[1], key(4))], hashes=[(MARKS[0], key(1))])
                assert unfiled(path) > 0
                with opened(path) as other:
                    told = everything(ledger), everything(other)
        return told

    with opened(path) as ledger:
        own, others = asyncio.run(scenario(ledger))
        assert own == others == everything(ledger)
    assert own["sharing None"][MARKS[3]] == {key(2)}


def test_reading_leaves_the_file_as_it_is(path: Path) -> None:
    """Also one that may not be written: what is not filed is read from memory."""
    before = path.read_bytes()
    with opened(path) as ledger:
        expected = everything(ledger)
    assert path.read_bytes() == before
    path.chmod(0o400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "_may_be_written", lambda _: False)
        with SqliteLedger.open_to_look(path, tenant_id="tenant", seed="seed") as ledger:
            assert everything(ledger) == expected
    assert path.read_bytes() == before


def test_what_is_being_read_is_not_replaced(path: Path) -> None:
    """Whoever asks for more in the middle of a long answer gets it and the rest, also once a run begins."""

    async def scenario(ledger: SqliteLedger) -> None:
        with ledger.acquire_lease() as lease:
            async with lease.writer(run=3) as book:
                await book.post(journey(9), [call(99, 9)])
                assert ledger.find([key(3)])[key(3)].doubts == 1

    with opened(path) as ledger:
        answer = ledger.calls(KEYS)
        first = next(answer)
        asyncio.run(scenario(ledger))
        assert [first, *answer] == list(ledger.calls(KEYS))


def test_an_intervention_begins_with_everything_filed(path: Path) -> None:
    """It reads and writes the tables: who failed in a run that died is found and opened again."""
    with opened(path) as ledger, ledger.acquire_lease() as lease:
        with lease.interventions() as book:
            (failed,) = book.standing(Standing.FAILED)
            book.enter("act", "retry", 1, lambda number: [journey(4, first_run=2, last_run=number)])
        assert failed.key == key(4)
        assert [each.standing for each in ledger.states(key(4))] == [Standing.FAILED, Standing.OPEN]


def test_a_ledger_out_of_reach_is_said_plainly(path: Path) -> None:
    """A thread that asks for the first time, when the file is gone: in one sentence, whatever it asks."""

    def ask(ledger: SqliteLedger) -> list[type[BaseException] | None]:
        found: list[type[BaseException] | None] = []
        for question in (lambda: ledger.find(KEYS), lambda: ledger.sharing(MARKS), ledger.snapshot().__enter__):
            try:
                question()
            except LedgerError as error:
                found.append(type(error))
        return found

    with opened(path) as ledger, ThreadPoolExecutor(1) as another:
        path.rename(path.with_name("away"))
        assert another.submit(ask, ledger).result() == [LedgerError] * 3
