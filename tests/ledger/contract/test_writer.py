"""A run's writer: what was acknowledged is durable, in order and whole, and errors reach everybody who waits."""

import asyncio
import signal

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.model import CallRecord, Journey
from tests.ledger.contract.support import keep, open_at, process
from tests.ledger.support import call, journey, key, writing

MANY = [key(number) for number in range(1000)]


def written(ledger: Ledger) -> tuple[set[bytes], set[int]]:
    """The customers and the calls that a reader finds."""
    return set(ledger.find(MANY)), {record.number for record in ledger.calls(MANY)}


def test_what_was_awaited_is_there_for_every_reader(url: str) -> None:
    """As soon as it was acknowledged, also in another opening of the ledger; many at once are all written."""

    async def scenario(ledger: Ledger, reader: Ledger) -> None:
        async with writing(ledger) as writer:

            async def one(number: int) -> None:
                await writer.post(journey(number), [call(number, number)])
                assert set(reader.find([key(number)])) == {key(number)}
                assert [record.number for record in reader.calls([key(number)])] == [number]

            await asyncio.gather(*(one(number) for number in range(1, 201)))

    with open_at(url) as ledger, open_at(url) as reader:
        asyncio.run(scenario(ledger, reader))
        assert written(reader) == ({key(n) for n in range(1, 201)}, set(range(1, 201)))


def test_the_order_of_one_customers_entries_is_kept(ledger: Ledger) -> None:
    """Entries handed in without waiting are written in that order: the last one stays."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            await asyncio.gather(*(writer.post(journey(1, sent=number)) for number in range(500)))

    asyncio.run(scenario())
    assert ledger.find([key(1)])[key(1)].sent == 499


def test_leaving_writes_what_was_handed_in(ledger: Ledger) -> None:
    """The end of the run waits for what is on its way."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            posted = [writer.post(journey(number)) for number in range(50)]
        await asyncio.gather(*posted)
        assert not writer.failed

    asyncio.run(scenario())
    assert len(written(ledger)[0]) == 50


def test_whoever_awaits_the_last_entry_has_all_before_it(ledger: Ledger) -> None:
    """What is posted later is never durable before what was posted earlier: only the last needs awaiting."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            for start in range(0, 100, 10):
                posted = [writer.post(journey(start + number)) for number in range(10)]
                await posted[-1]
                assert len(written(ledger)[0]) == start + 10

    asyncio.run(scenario())


def test_a_write_after_the_end_is_an_error_not_a_wait_for_ever(ledger: Ledger) -> None:
    """Nobody serves a closed writer."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            await writer.post(journey(1))
        with pytest.raises(LedgerError, match="closed"):
            await asyncio.wait_for(writer.post(journey(2)), 5)

    asyncio.run(scenario())


def test_a_cancelled_waiter_does_not_disturb_the_others(ledger: Ledger) -> None:
    """A customer whose task ends early leaves the group as it is."""

    async def scenario() -> None:
        async with writing(ledger) as writer:
            posted = [asyncio.ensure_future(writer.post(journey(number))) for number in range(20)]
            posted[3].cancel()
            results = await asyncio.gather(*posted, return_exceptions=True)
            await writer.post(journey(99))
        assert [index for index, result in enumerate(results) if result is not None] == [3]

    asyncio.run(scenario())
    assert {key(0), key(19), key(99)} <= written(ledger)[0]


@pytest.mark.parametrize(
    "entry",
    [journey(2, message="\ud800"), journey(2, sent="many", done=b"x")],
    ids=["a lone surrogate", "a wrong type"],
)
def test_an_entry_that_cannot_be_written_is_an_error_not_a_wait_for_ever(ledger: Ledger, entry: Journey) -> None:
    """Those who wait hear of it, its group is not half-written, and nothing is written after it."""

    async def scenario() -> list[BaseException | None]:
        async with writing(ledger) as writer:
            entries = enumerate((journey(1), entry, journey(3)), start=1)
            waiting = [writer.post(each, [call(number, number)]) for number, each in entries]
            results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
            assert writer.failed
            with pytest.raises(LedgerError):
                await writer.post(journey(4), [call(4, 4)])
            return results

    results = asyncio.run(scenario())
    assert isinstance(results[1], LedgerError)
    assert results[1].hint
    kept = {number for number, result in enumerate(results, start=1) if result is None}
    assert written(ledger) == ({key(number) for number in kept}, kept)


def test_two_writers_never_share_a_call_number(url: str) -> None:
    """Each counts on from a range of its own, in time's order, also before either has written anything."""
    with open_at(url) as one, open_at(url) as two:
        ranges = [ledger.reserve_call_numbers() for ledger in (one, two, one)]
        assert ranges == sorted(set(ranges))
        numbers = [first + count for first in ranges for count in (0, 1, 2, 2**31)]
        numbers.append(numbers[-1] + 2**40)  # as an earlier version would that counts on from the last call
        asyncio.run(keep(one, *((journey(1), [call(number, 1)]) for number in numbers)))
        assert [record.number for record in two.calls([key(1)])] == numbers
        assert two.reserve_call_numbers() > numbers[-1]


@pytest.mark.parametrize(
    "other",
    [call(1, 2), call(1, 1, run=2), call(1, 1, step="approve"), call(1, 1, attempt=2)],
    ids=["customer", "run", "step", "attempt"],
)
def test_a_call_never_takes_the_place_of_another_one(ledger: Ledger, other: CallRecord) -> None:
    """An intent that was written stays: who was given its number once more gets an error, and nothing is half done."""
    asyncio.run(keep(ledger, (journey(1), [call(1, 1)])))

    async def scenario() -> None:
        async with writing(ledger) as writer:
            with pytest.raises(LedgerError, match="one number"):
                await writer.post(journey(2), [other])

    asyncio.run(scenario())
    assert list(ledger.calls([key(1), key(2)])) == [call(1, 1)]
    assert set(ledger.find([key(1), key(2)])) == {key(1)}


_WRITE = """
import asyncio, itertools, sys
from tests.ledger.contract.support import open_at
from tests.ledger.support import call, journey, writing

async def one(writer, numbers):
    for number in numbers:
        await writer.post(journey(number), [call(number, number)])
        print(number, flush=True)

async def main():
    with open_at(sys.argv[1]) as ledger:
        async with writing(ledger) as writer:
            await asyncio.gather(*(one(writer, itertools.count(start, 8)) for start in range(1, 9)))

asyncio.run(main())
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(url: str) -> None:
    """SIGKILL in the middle of writing: every acknowledged entry is there, whole, and the ledger opens as it is."""
    with process(_WRITE, url) as started:
        assert started.stdout is not None
        said = [started.stdout.readline() for _ in range(300)]
        started.kill()
        said += started.stdout.readlines()
    assert started.returncode == -signal.SIGKILL
    acknowledged = {int(line) for line in said if line.endswith(b"\n")}
    assert len(acknowledged) >= 300
    with open_at(url) as ledger:
        keys = [key(number) for number in range(max(acknowledged) + 1000)]
        customers, calls = set(ledger.find(keys)), {record.number for record in ledger.calls(keys)}
    assert acknowledged <= calls
    assert customers == {key(number) for number in calls}


def test_an_intent_and_its_journey_are_one_commit(url: str) -> None:
    """A reader never sees a call whose customer is missing, at whatever moment it looks."""

    async def scenario(ledger: Ledger, reader: Ledger) -> None:
        async with writing(ledger) as writer:
            for posted in [writer.post(journey(n), [call(n, n)]) for n in range(1, 100)]:
                with reader.snapshot():
                    customers, calls = written(reader)
                assert {key(number) for number in calls} <= customers
                await posted

    with open_at(url) as ledger, open_at(url) as reader:
        asyncio.run(scenario(ledger, reader))


def test_an_identity_hash_is_durable_with_the_intent_that_it_came_with(ledger: Ledger) -> None:
    """A reader finds both or neither, and one that is taken back in the same run was never there."""

    async def scenario() -> None:
        pair = (b"mark", key(1))
        async with writing(ledger, run=3) as writer:
            await writer.post(journey(1), [call(1, 1)], hashes=[pair, pair])
            assert ledger.sharing([b"mark"]) == {b"mark": {key(1)}}
            writer.post(journey(1), [call(1, 1, outcome="refused")], ended=[pair])
            await writer.post(journey(1), [call(2, 1)], hashes=[pair])
            assert ledger.sharing([b"mark"], as_of=3) == {b"mark": {key(1)}}
            await writer.post(journey(1), [call(2, 1, outcome="refused")], ended=[pair])

    asyncio.run(scenario())
    assert [ledger.sharing([b"mark"], as_of=run) for run in (None, 2, 3, 4)] == [{}, {}, {}, {}]


def test_what_is_known_of_a_run_and_its_bank_goes_with_the_entries(ledger: Ledger) -> None:
    """Both are written by the writer, in order and the newest last, and show that the run lives."""
    run = ledger.start_run("r", {"rows": 1})

    async def scenario() -> None:
        async with writing(ledger) as writer:
            for number in range(20):
                writer.note(run.number, {"rows": number})
                writer.belong(f"bank-{number}.example.com")
            await writer.post(journey(1))
            assert ledger.runs()[0].facts == {"rows": 19}
            assert ledger.bank == "bank-19.example.com"

    assert ledger.bank == ""
    asyncio.run(scenario())
    assert ledger.runs()[0].heartbeat_at > run.heartbeat_at
