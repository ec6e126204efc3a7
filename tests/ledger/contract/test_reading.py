"""The ledger as a record: what is written comes back, runs are kept apart, readers and a run get on."""

import asyncio
import itertools
import os
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.ledger.records import CallCounts, Finished, RunCounts
from finhub_onboard.model import CallRecord, Journey, Phase, Repeat, Standing
from tests.ledger.contract.support import keep, open_at
from tests.ledger.support import call, journey, key, writing
from tests.values import replace

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 2**62)
times = st.floats(0, 1e12)
tuples = st.lists(texts, max_size=3).map(tuple)
JOURNEY: dict[str, st.SearchStrategy[Any]] = {
    "key": st.binary(min_size=16, max_size=16),
    "fingerprint": st.binary(max_size=200),
    "standing": st.sampled_from(Standing),
    "done": st.integers(0, 8),
    "repeat": st.sampled_from(Repeat),
    "final": st.booleans(),
    "phase": st.sampled_from(Phase) | texts,
    "http_status": st.none() | st.integers(100, 999),
    "required": st.none() | tuples,
    **dict.fromkeys(("doubt_email", "sealed_id"), st.binary(max_size=40)),
    **dict.fromkeys(("step", "code", "field", "message", "hint", "risk"), texts),
    **dict.fromkeys(("customer_id", "user_id", "verification_id"), texts),
    **dict.fromkeys(("uploaded", "consented", "documents", "claimed"), tuples),
    **dict.fromkeys(("doubts", "first_run", "last_run", "completed_run", "sent"), numbers),
    **dict.fromkeys(("doubt_at", "started_at", "finished_at"), times),
}
CALL: dict[str, st.SearchStrategy[Any]] = {
    "number": st.builds(itertools.count(1).__next__),
    "key": st.binary(min_size=16, max_size=16),
    "phase": st.sampled_from(Phase),
    "http_status": st.none() | st.integers(100, 999),
    **dict.fromkeys(("changes", "sent", "retriable"), st.booleans()),
    **dict.fromkeys(("step", "outcome", "code", "field", "message", "hint"), texts),
    **dict.fromkeys(("run", "attempt"), numbers),
    **dict.fromkeys(("intent_at", "outcome_at", "wait_s", "seconds"), times),
}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    journeys=st.lists(st.builds(Journey, **JOURNEY), min_size=1, unique_by=lambda journey: journey.key),
    records=st.lists(st.builds(CallRecord, **CALL), min_size=1),
)
def test_every_field_of_a_journey_and_a_call_comes_back(
    ledger: Ledger, journeys: list[Journey], records: list[CallRecord]
) -> None:
    """What is written is read back equal, field by field and type by type."""
    asyncio.run(keep(ledger, (journeys[0], records), *((one, ()) for one in journeys[1:])))
    found = ledger.find([one.key for one in journeys])
    numbers_ = {record.number for record in records}
    back = [entry for entry in ledger.calls(list({record.key for record in records})) if entry.number in numbers_]
    assert found == {one.key: one for one in journeys}
    assert sorted(back, key=lambda entry: entry.number) == records
    for one in found.values():
        assert [type(getattr(one, name)) for name in ("standing", "repeat", "final")] == [Standing, Repeat, bool]
    assert {type(getattr(back[0], name)) for name in ("changes", "sent", "retriable")} == {bool}


def test_the_round_trip_leaves_no_field_at_its_default() -> None:
    """A field that is added to the model is written and read as well."""
    assert set(JOURNEY) == set(Journey.__struct_fields__)
    assert set(CALL) == set(CallRecord.__struct_fields__)


def test_many_keys_are_found_in_more_than_one_query(ledger: Ledger) -> None:
    """Keys beyond one query's bound are found as well, unknown ones are left out."""
    asyncio.run(keep(ledger, *[(journey(n), [call(n, n)]) for n in range(1, 30)]))
    keys = [key(n) for n in range(1500)]
    assert set(ledger.find(keys)) == {key(n) for n in range(1, 30)}
    assert [record.number for record in ledger.calls(keys)] == list(range(1, 30))
    assert ledger.standings() == {Standing.OPEN: 29}


def test_who_was_finished_last_is_found(ledger: Ledger) -> None:
    """Complete journeys only, the latest first."""
    complete = [replace(journey(n), standing=Standing.COMPLETE, finished_at=100.0 - n) for n in range(1, 6)]
    others = replace(journey(6), standing=Standing.PARKED, finished_at=500.0), journey(7)
    asyncio.run(keep(ledger, *((one, ()) for one in (*complete, *others))))
    assert ledger.finished_last(3) == complete[:3]
    assert ledger.finished_last(50) == complete


def test_who_is_finished_is_told_of_those_asked_about(ledger: Ledger) -> None:
    """Not who is under way, unknown, or of an old ledger without identity hashes, which has no sealed ids either."""
    complete = {"standing": Standing.COMPLETE, "sealed_id": b"s"}
    states = [journey(1, **complete), journey(2, **complete), journey(3, sealed_id=b"s")]
    states += [journey(number, **complete) for number in range(1000, 2000)]
    old = journey(4, standing=Standing.COMPLETE)
    asyncio.run(keep(ledger, *[(state, []) for state in (*states, old)]))
    assert ledger.finished([key(n) for n in (1, 3, 4, 5)]) == {key(1)}
    assert ledger.finished([key(n) for n in range(990, 2010)]) == {key(n) for n in range(1000, 2000)}
    assert ledger.finished([]) == set()


def test_what_lines_tell_of_finished_customers_is_told_of_those_nobody_touched_since(ledger: Ledger) -> None:
    """As of before a run; not of who was finished in it or taken up later, and about whom something is noted."""
    complete = {"standing": Standing.COMPLETE, "documents": ("a=b@c", "d=e@f"), "customer_id": "c", "user_id": "u"}
    plain = journey(1, **complete, verification_id="v", started_at=1.5, finished_at=2.5)
    carried, later = journey(2, **complete, last_run=3), journey(3, **complete, last_run=4)
    noted, under_way = journey(4, **complete, code="x"), journey(5)
    asyncio.run(keep(ledger, *[(state, []) for state in (plain, carried, later, noted, under_way)]))
    keys = [key(n) for n in range(1, 8)]
    told = Finished(key(1), plain.fingerprint, ("a=b@c", "d=e@f"), "c", "u", "v", 1.5, 2.5)
    assert ledger.finished_before(keys, 3) == {key(1): told}
    assert ledger.finished_before(keys, 1) == {}
    assert ledger.finished_before(keys, 0).keys() == {key(1), key(2), key(3)}


def test_how_a_customer_stood_in_each_of_three_runs_stays_known(ledger: Ledger) -> None:
    """``as_of`` gives the last state of the run that was last before or at it; later runs change nothing of it."""
    first = journey(1, done=1)
    parked = replace(first, done=5, standing=Standing.PARKED, code="approval_needed")
    failed = replace(parked, last_run=2, standing=Standing.FAILED, code="not_verified", sent=3)
    done = replace(failed, last_run=4, standing=Standing.COMPLETE, done=8, completed_run=4)
    taken_up = replace(done, standing=Standing.OPEN, done=7, completed_run=0)
    untouched = journey(2, standing=Standing.COMPLETE, done=8)
    late = journey(3, first_run=4, last_run=4)
    states = [first, parked, untouched, failed, taken_up, done, late]
    asyncio.run(keep(ledger, *[(state, []) for state in states]))
    keys = [key(n) for n in (1, 2, 3)]
    assert ledger.find(keys) == {key(1): done, key(2): untouched, key(3): late}
    assert ledger.find(keys, as_of=4) == ledger.find(keys)
    assert ledger.find(keys, as_of=3) == {key(1): failed, key(2): untouched}
    assert ledger.find(keys, as_of=2) == {key(1): failed, key(2): untouched}
    assert ledger.find(keys, as_of=1) == {key(1): parked, key(2): untouched}
    assert ledger.find(keys, as_of=0) == {}


def test_an_outcome_replaces_its_intent_and_calls_are_told_by_run(ledger: Ledger) -> None:
    """One record per request, in order; ``run`` narrows; totals count what left, repeats, and refusals for rate."""
    intent = call(1, 1)
    outcome = replace(intent, outcome="doubt", outcome_at=2.0, http_status=500, code="server_error", seconds=0.5)
    again = call(2, 1, attempt=2, outcome="retry", outcome_at=3.0, http_status=429)
    unsent = call(3, 1, sent=False, outcome="retry", outcome_at=3.5, attempt=3)
    later = call(4, 1, run=2, phase="session", outcome="done", outcome_at=4.0)
    steps = [(journey(1), [intent]), (journey(1), [outcome, again]), (journey(1), [unsent, later])]
    asyncio.run(keep(ledger, *steps))
    assert list(ledger.calls([key(1)])) == [outcome, again, unsent, later]
    assert list(ledger.calls([key(1)], run=2)) == [later]
    assert ledger.call_totals(1) == {"registration": CallCounts(sent=2, retried=1, refused_for_rate=1)}
    assert list(ledger.timeline(1, since=0.0, bucket_s=2.0)) == [
        (2.0, 0.5, False, "registration"),
        (2.0, 0.0, True, "registration"),
    ]


def test_runs_are_kept_with_their_facts_and_their_end(ledger: Ledger) -> None:
    """The newest run comes first; facts can be replaced; a run that was killed has no end."""
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


def test_a_snapshot_shows_the_ledger_as_it_was(url: str) -> None:
    """Whatever a run writes meanwhile; afterwards the reader sees it."""

    async def scenario(ledger: Ledger, reader: Ledger) -> None:
        async with writing(ledger) as writer:
            await writer.post(journey(1))
            with reader.snapshot():
                assert reader.standings() == {Standing.OPEN: 1}
                await writer.post(journey(2))
                assert reader.standings() == {Standing.OPEN: 1}
            assert reader.standings() == {Standing.OPEN: 2}

    with open_at(url) as ledger, open_at(url) as reader:
        asyncio.run(scenario(ledger, reader))


def test_counts_and_latency_are_those_of_the_entries(ledger: Ledger) -> None:
    """Customers that a run took up, intents and outcomes of changing calls; the mean of what the bank took."""
    taken = [call(1, 1, outcome="done", outcome_at=5.0, seconds=1.0), call(2, 1), call(3, 1, changes=False)]
    later = call(4, 1, run=2, outcome="done", outcome_at=9.0, intent_at=8.0, seconds=3.0)
    assert ledger.latency_s() is None
    asyncio.run(keep(ledger, (journey(1), taken), (journey(2), ()), (journey(1, last_run=2), [later])))
    assert ledger.counts(1) == RunCounts(customers=2, intents=2, outcomes=1)
    assert ledger.counts(2) == RunCounts(customers=1, intents=1, outcomes=1)
    assert ledger.latency_s() == 2.0
    assert [ledger.knows_until(run) for run in (1, 2, 3)] == [1.0, 1.0, 8.0]


def test_how_each_run_left_a_customer_is_told_in_order(ledger: Ledger) -> None:
    """The last state of each run that took it up; the newest one is how it stands."""
    states = [journey(1, last_run=run, sent=sent) for run, sent in ((1, 1), (1, 2), (3, 3), (4, 4))]
    asyncio.run(keep(ledger, *((state, ()) for state in states)))
    assert ledger.states(key(1)) == states[1:]
    assert ledger.states(key(2)) == []


def test_readers_read_while_a_run_writes(ledger: Ledger) -> None:
    """A second connection sees each write as soon as it was acknowledged, and no reader holds the writer up."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            for number in range(1, 20):
                await writer.post(journey(number))
                assert len(ledger.find([key(n) for n in range(1, 20)])) == number

    asyncio.run(scenario())


def test_who_would_be_known_by_a_mark_is_told_as_of_any_run(ledger: Ledger) -> None:
    """Valid from the run that wrote it and until the run that took it back; one written and taken back was never."""
    pairs = [(b"m1", key(1)), (b"m2", key(1))]

    async def enter(run: int, *, hashes: Sequence[tuple[bytes, bytes]], ended: Sequence[tuple[bytes, bytes]]) -> None:
        async with writing(ledger, run=run) as writer:
            await writer.post(journey(1), hashes=hashes)
            await writer.post(journey(1), ended=ended)

    for run, hashes, ended in [
        (2, pairs, []),
        (3, pairs, []),
        (4, [], pairs[:1]),
        (6, pairs, []),
        (7, pairs, pairs),
    ]:
        asyncio.run(enter(run, hashes=hashes, ended=ended))
    known = {run: ledger.sharing([b"m1", b"m2"], as_of=run) for run in range(1, 9)}
    both = {b"m1": {key(1)}, b"m2": {key(1)}}
    assert known == {
        1: {}, 2: both, 3: both, 4: {b"m2": {key(1)}}, 5: {b"m2": {key(1)}}, 6: both, 7: {}, 8: {},
    }  # fmt: skip
    assert ledger.sharing([b"m1", b"m2"]) == {}


def test_who_has_unresolved_calls_is_found_as_of_any_run(ledger: Ledger) -> None:
    """In doubt now, or when a run ended though a later one has settled it."""
    asyncio.run(keep(ledger, *[(journey(n, doubts=n % 2, last_run=1), []) for n in range(1, 5)]))
    asyncio.run(keep(ledger, *[(journey(1, doubts=0, last_run=2), []), (journey(2, doubts=1, last_run=2), [])]))
    assert ledger.unresolved() == {key(2), key(3)}
    assert ledger.unresolved(as_of=1) == {key(1), key(3)}
    assert ledger.unresolved(as_of=2) >= {key(2), key(3)}
