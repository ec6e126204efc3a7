"""The ledger as a record: what is written comes back, runs are kept apart, readers and a run get on."""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.rows import (
    CALL_COLUMNS,
    JOURNEY_COLUMNS,
    UPSERT_CALL,
    UPSERT_CUSTOMER,
    call_values,
    journey_values,
)
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import CallRecord, Customer, Journey, Phase, Standing
from tests.ledger.support import call, journey, key, opened, write
from tests.values import replace

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 2**62)
times = st.floats(0, 1e12)
tuples = st.lists(texts, max_size=3).map(tuple)
journeys = st.builds(
    Journey,
    key=st.binary(min_size=16, max_size=16),
    fingerprint=st.binary(max_size=200),
    standing=st.sampled_from(Standing),
    done=st.integers(0, 8),
    step=texts,
    doubts=st.integers(0, 9),
    final=st.booleans(),
    phase=st.sampled_from(Phase) | texts,
    code=texts,
    field=texts,
    message=texts,
    hint=texts,
    http_status=st.none() | st.integers(100, 999),
    customer_id=texts,
    user_id=texts,
    verification_id=texts,
    required=st.none() | tuples,
    uploaded=tuples,
    consented=tuples,
    risk=texts,
    first_run=numbers,
    last_run=numbers,
    completed_run=numbers,
    sent=numbers,
    started_at=times,
    finished_at=times,
)
records = st.builds(
    CallRecord,
    number=st.integers(1, 2**62),
    key=st.binary(min_size=16, max_size=16),
    run=numbers,
    phase=st.sampled_from(Phase),
    step=texts,
    attempt=numbers,
    changes=st.booleans(),
    intent_at=times,
    outcome_at=times,
    outcome=texts,
    sent=st.booleans(),
    http_status=st.none() | st.integers(100, 999),
    code=texts,
    field=texts,
    message=texts,
    hint=texts,
    retriable=st.booleans(),
    wait_s=times,
    seconds=times,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one ledger for the many examples of a property."""
    path = tmp_path_factory.mktemp("ledger") / "l.db"
    opened(path).close()
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=journeys, record=records)
def test_every_field_of_a_journey_and_a_call_comes_back(shared: Path, one: Journey, record: CallRecord) -> None:
    """What is written is read back equal, field by field and type by type."""
    with sqlite3.connect(shared) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute(UPSERT_CUSTOMER, journey_values(one))
        db.execute(UPSERT_CALL, call_values(record))
    db.close()
    with opened(shared) as ledger:
        found = ledger.find([one.key])[one.key]
        back = [entry for entry in ledger.calls([record.key]) if entry.number == record.number]
    assert found == one
    assert back == [record]
    assert [type(getattr(found, name)) for name in ("standing", "final", "uploaded")] == [Standing, bool, tuple]
    assert {type(getattr(back[0], name)) for name in ("changes", "sent", "retriable")} == {bool}


def test_the_strategies_know_every_field() -> None:
    """The round trip above leaves no field at its default."""
    assert set(JOURNEY_COLUMNS) == set(Journey.__struct_fields__)
    assert set(CALL_COLUMNS) == set(CallRecord.__struct_fields__)
    usual = Journey(key=b"k", fingerprint=b"f")
    assert len(journey_values(usual)) == len(JOURNEY_COLUMNS)


def test_many_keys_are_found_in_more_than_one_query(tmp_path: Path) -> None:
    """Keys beyond one query's bound are found as well, unknown ones are left out."""
    path = tmp_path / "l.db"
    opened(path).close()
    asyncio.run(write(path, [(journey(n), [call(n, n)]) for n in range(1, 30)]))
    with opened(path) as ledger:
        keys = [key(n) for n in range(1500)]
        assert set(ledger.find(keys)) == {key(n) for n in range(1, 30)}
        assert [record.number for record in ledger.calls(keys)] == list(range(1, 30))
        assert ledger.next_call() == 30
        assert ledger.standings() == {Standing.OPEN: 29}


def test_how_a_customer_stood_in_each_of_three_runs_stays_known(tmp_path: Path) -> None:
    """``as_of`` gives the last state of the run that was last before or at it; later runs change nothing of it."""
    path = tmp_path / "l.db"
    opened(path).close()
    first = journey(1, done=1)
    parked = replace(first, done=5, standing=Standing.PARKED, code="approval_needed")
    failed = replace(parked, last_run=2, standing=Standing.FAILED, code="not_verified", sent=3)
    done = replace(failed, last_run=4, standing=Standing.COMPLETE, done=8, completed_run=4)
    taken_up = replace(done, standing=Standing.OPEN, done=7, completed_run=0)
    untouched = journey(2, standing=Standing.COMPLETE, done=8)
    late = journey(3, first_run=4, last_run=4)
    states = [first, parked, untouched, failed, taken_up, done, late]
    asyncio.run(write(path, [(state, []) for state in states]))
    with opened(path) as ledger:
        keys = [key(n) for n in (1, 2, 3)]
        assert ledger.find(keys) == {key(1): done, key(2): untouched, key(3): late}
        assert ledger.find(keys, as_of=4) == ledger.find(keys)
        assert ledger.find(keys, as_of=3) == {key(1): failed, key(2): untouched}
        assert ledger.find(keys, as_of=2) == {key(1): failed, key(2): untouched}
        assert ledger.find(keys, as_of=1) == {key(1): parked, key(2): untouched}
        assert ledger.find(keys, as_of=0) == {}


def test_an_outcome_replaces_its_intent_and_calls_are_told_by_run(tmp_path: Path) -> None:
    """One record per request, in order; ``run`` narrows; totals count what left, repeats, and refusals for rate."""
    path = tmp_path / "l.db"
    opened(path).close()
    intent = call(1, 1)
    outcome = replace(intent, outcome="doubt", outcome_at=2.0, http_status=500, code="server_error", seconds=0.5)
    again = call(2, 1, attempt=2, outcome="retry", outcome_at=3.0, http_status=429)
    unsent = call(3, 1, sent=False, outcome="retry", outcome_at=3.5, attempt=3)
    later = call(4, 1, run=2, phase="session", outcome="done", outcome_at=4.0)
    steps = [(journey(1), [intent]), (journey(1), [outcome, again]), (journey(1), [unsent, later])]
    asyncio.run(write(path, steps))
    with opened(path) as ledger:
        assert list(ledger.calls([key(1)])) == [outcome, again, unsent, later]
        assert list(ledger.calls([key(1)], run=2)) == [later]
        assert ledger.call_totals(1) == {"registration": (2, 1, 1)}
        assert list(ledger.timeline(1, since=0.0, bucket_s=2.0)) == [(2.0, 0.5, False), (2.0, 0.0, True)]


def test_runs_are_kept_with_their_facts_and_their_end(tmp_path: Path) -> None:
    """The newest run comes first; facts can be replaced; a run that was killed has no end."""
    with opened(tmp_path / "l.db") as ledger:
        first = ledger.start_run("r1", {"rows": 1})
        second = ledger.start_run("r2", {"rows": 2})
        ledger.note_run(first.number, {"rows": 1, "rate": {"asked": 5.0}})
        ledger.finish_run(first.number, exit_code=4, stopped_because="the deadline")
        runs = ledger.runs()
    assert [run.run_id for run in runs] == ["r2", "r1"]
    assert (runs[0].finished_at, runs[0].exit_code, runs[0].facts) == (None, None, {"rows": 2})
    assert (runs[1].exit_code, runs[1].stopped_because) == (4, "the deadline")
    assert runs[1].facts == {"rows": 1, "rate": {"asked": 5.0}}
    assert (second.pid, runs[1].finished_at is not None) == (os.getpid(), True)


def test_the_ledger_has_no_column_for_personal_data(tmp_path: Path) -> None:
    """No column is named like one of a row but those that hold states, and there are exactly the known tables."""
    path = tmp_path / "l.db"
    opened(path).close()
    db = connect(path)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    columns = {table: {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in tables}
    db.close()
    assert tables == {"meta", "run", "customer", "history", "call", "identity", "holder"}
    assert columns["customer"] == columns["history"] == set(JOURNEY_COLUMNS)
    assert columns["call"] == set(CALL_COLUMNS)
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


def test_every_connection_survives_a_power_cut(tmp_path: Path) -> None:
    """WAL with synchronous=FULL: a kill cannot show the difference, a power cut would."""
    path = tmp_path / "l.db"
    opened(path).close()
    db = connect(path)
    found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    db.close()
    assert found == ["wal", 2]


def test_readers_read_while_a_run_writes(tmp_path: Path) -> None:
    """A second connection sees each write as soon as it was acknowledged, and no reader holds the writer up."""
    path = tmp_path / "l.db"

    async def scenario() -> None:
        with opened(path) as reader:
            async with SqliteWriter(path) as writer:
                for number in range(1, 20):
                    await writer.post(journey(number))
                    assert len(reader.find([key(n) for n in range(1, 20)])) == number

    asyncio.run(scenario())


def test_who_would_be_known_by_a_mark_is_told_as_of_any_run(tmp_path: Path) -> None:
    """Valid from the run that wrote it and until the run that took it back; one written and taken back was never."""
    path = tmp_path / "l.db"
    pairs = [(b"m1", key(1)), (b"m2", key(1))]

    async def enter(run: int, *, marks: Sequence[tuple[bytes, bytes]], ended: Sequence[tuple[bytes, bytes]]) -> None:
        async with SqliteWriter(path, run=run) as writer:
            await writer.post(journey(1), marks=marks)
            await writer.post(journey(1), ended=ended)

    with opened(path) as ledger:
        for run, marks, ended in [
            (2, pairs, []),
            (3, pairs, []),
            (4, [], pairs[:1]),
            (6, pairs, []),
            (7, pairs, pairs),
        ]:
            asyncio.run(enter(run, marks=marks, ended=ended))
        known = {run: ledger.sharing([b"m1", b"m2"], as_of=run) for run in range(1, 9)}
        both = {b"m1": {key(1)}, b"m2": {key(1)}}
        assert known == {
            1: {}, 2: both, 3: both, 4: {b"m2": {key(1)}}, 5: {b"m2": {key(1)}}, 6: both, 7: {}, 8: {},
        }  # fmt: skip
        assert ledger.sharing([b"m1", b"m2"]) == {}


def test_who_has_unresolved_calls_is_found_as_of_any_run(tmp_path: Path) -> None:
    """In doubt now, or when a run ended though a later one has settled it."""
    path = tmp_path / "l.db"
    with opened(path) as ledger:
        asyncio.run(write(path, [(journey(n, doubts=n % 2, last_run=1), []) for n in range(1, 5)]))
        asyncio.run(write(path, [(journey(1, doubts=0, last_run=2), []), (journey(2, doubts=1, last_run=2), [])]))
        assert ledger.unresolved() == {key(2), key(3)}
        assert ledger.unresolved(as_of=1) == {key(1), key(3)}
        assert ledger.unresolved(as_of=2) >= {key(2), key(3)}


def test_each_thread_reads_through_a_connection_of_its_own(tmp_path: Path) -> None:
    """No two threads meet on one connection: one that waits in the database holds nobody else up."""
    path = tmp_path / "l.db"
    opened(path).close()
    asyncio.run(write(path, [(journey(1), [])]))
    with opened(path) as ledger:
        own = ledger._db
        assert ledger._db is own
        with ThreadPoolExecutor(2) as threads:
            both = threading.Barrier(2)

            def look() -> sqlite3.Connection:
                both.wait()
                assert set(ledger.find([key(1)])) == {key(1)}
                return ledger._db

            others = [task.result() for task in (threads.submit(look), threads.submit(look))]
        assert len({id(db) for db in (own, *others)}) == 3
    for db in (own, *others):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            db.execute("SELECT 1")
