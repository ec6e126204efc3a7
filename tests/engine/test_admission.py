"""Whom a run takes from its rows: each customer once, a few at a time, and nobody once the run stops."""

import asyncio
from collections.abc import Iterator

import pytest

from finhub_onboard.engine.admission import Admission
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tally import Tally
from finhub_onboard.errors import ExitCode, UnreadableInputError
from finhub_onboard.model import Disposition, IntakeRow
from finhub_onboard.outbound.pacing.gate import Gate
from tests.engine.support import KEYS, Held, admission, rows


def opened(batches: Iterator[list[IntakeRow]], tally: Tally | None = None) -> tuple[Admission, Stopper]:
    """Take from these rows; must be called in a running loop."""
    stopper = Stopper(Gate(asyncio.get_running_loop().time), lambda _: None)
    return admission(batches, Held(), stopper, tally or Tally(total=10)), stopper


async def taken(source: Admission, n: int) -> list[str]:
    """Take once; the numbers of who came."""
    return [work.row.external_id for work in await source.take(n)]


def test_customers_come_in_order_at_most_as_many_as_asked_for() -> None:
    """A batch is handed out in portions; the next one is read when it is used up; then nothing comes any more."""

    async def main() -> list[list[str]]:
        source, _ = opened(iter([rows(5), rows(7)[5:]]))
        return [await taken(source, 3) for _ in range(5)]

    assert asyncio.run(main()) == [["C-1", "C-2", "C-3"], ["C-4", "C-5"], ["C-6", "C-7"], [], []]


def test_a_batch_without_work_does_not_end_the_source() -> None:
    """Rejects are counted on the way to whoever comes after them."""
    tally = Tally(total=10)

    async def main() -> list[str]:
        source, _ = opened(iter([rows(0, rejects=4), rows(1)]), tally)
        return await taken(source, 10)

    assert asyncio.run(main()) == ["C-1"]
    assert tally.dispositions == {Disposition.REJECTED: 4}


def test_nobody_is_taken_up_once_the_run_stops() -> None:
    """Also if the run stops while a batch is read: what taking up writes would find the same full disk."""
    tally = Tally(total=10)

    async def main() -> list[str]:
        def batches() -> Iterator[list[IntakeRow]]:
            stopper.request("full", ExitCode.STOPPED_EARLY)
            yield rows(3)

        source, stopper = opened(batches(), tally)
        return await taken(source, 10)

    assert asyncio.run(main()) == []
    assert (tally.under_way, tally.dispositions.total()) == ({}, 0)


def test_a_customer_who_is_under_way_is_not_handed_out_again() -> None:
    """The input changed under our hands: the same number again is left out until the first one rests."""

    async def main() -> list[list[str]]:
        source, _ = opened(iter([rows(2), rows(2), rows(2)]))
        [first, second] = await source.take(10)
        source.finish(first, first.journey)
        again = await taken(source, 10)
        source.finish(second, second.journey)
        return [again, await taken(source, 10)]

    assert asyncio.run(main()) == [["C-1"], ["C-2"]]


def test_who_rests_is_counted_and_forgotten() -> None:
    """The row's disposition is returned, and nobody is under way any more."""
    tally = Tally(total=10)

    async def main() -> Disposition:
        source, _ = opened(iter([rows(1)]), tally)
        [work] = await source.take(1)
        assert list(tally.under_way) == [KEYS.customer("C-1")]
        return source.finish(work, work.journey)

    assert asyncio.run(main()) is Disposition.PENDING
    assert tally.under_way == {}
    assert tally.dispositions[Disposition.PENDING] == 1


def test_what_cannot_be_read_is_raised() -> None:
    """After what came before it was handed out."""

    async def main() -> list[str]:
        def batches() -> Iterator[list[IntakeRow]]:
            yield rows(1)
            raise UnreadableInputError("the file shrank", hint="look")

        source, _ = opened(batches())
        before = await taken(source, 10)
        with pytest.raises(UnreadableInputError, match="shrank"):
            await source.take(10)
        return before

    assert asyncio.run(main()) == ["C-1"]
