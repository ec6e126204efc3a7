"""What a person does between runs is kept like a run: one transaction, and history knows how it was before."""

import asyncio
from collections.abc import Iterable, Iterator

import pytest

from finhub_onboard.ledger.ports import Lease, Ledger
from finhub_onboard.model import Journey, Standing
from tests.ledger.contract.support import keep
from tests.ledger.support import journey, key
from tests.values import replace


def kept(ledger: Ledger, journeys: Iterable[Journey]) -> None:
    """Keep journeys in a ledger, as a run would."""
    asyncio.run(keep(ledger, *((one, ()) for one in journeys)))


def test_an_act_is_numbered_among_the_runs_and_is_no_run(ledger: Ledger) -> None:
    """History keeps how the customer stood; reports of the run before see no difference; `runs` does not list it."""
    kept(ledger, [journey(1, standing=Standing.FAILED, code="refused")])
    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        ledger.start_run("first", {"inputs": []})
        found = ledger.find([key(1)])[key(1)]
        acts.enter("second", "retry", 1, lambda number: [replace(found, last_run=number, code="")])
        every = ledger.runs(acts=True)
        assert [(run.run_id, run.command, run.customers, run.finished_at is None) for run in every] == [
            ("second", "retry", 1, False),
            ("first", "run", 0, True),
        ]
        assert [run.run_id for run in ledger.runs()] == ["first"]
        assert ledger.find([key(1)], as_of=1)[key(1)].code == "refused"
        assert [(state.last_run, state.code) for state in ledger.states(key(1))] == [(1, "refused"), (2, "")]
        assert ledger.start_run("third", {"inputs": []}).number == 3


def test_an_act_that_fails_changes_nothing(ledger: Ledger) -> None:
    """Neither the act nor any of its customers is kept."""
    kept(ledger, [journey(number, standing=Standing.FAILED) for number in (1, 2)])

    def change(number: int) -> Iterator[Journey]:
        yield journey(1, last_run=number)
        raise RuntimeError

    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        with pytest.raises(RuntimeError):
            acts.enter("broken", "retry", 0, change)
        assert ledger.runs(acts=True) == []
        assert ledger.standings() == {Standing.FAILED: 2}


def test_customers_are_found_while_they_are_changed(ledger: Ledger) -> None:
    """Each who stands so comes out once, also when there are more than one look takes and all change meanwhile."""
    failed = [journey(number, standing=Standing.FAILED) for number in range(1, 2502)]
    kept(ledger, [*failed, journey(9000, standing=Standing.COMPLETE)])
    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        seen = []

        def change(number: int) -> Iterator[Journey]:
            for one in acts.standing(Standing.FAILED):
                seen.append(one.key)
                yield replace(one, standing=Standing.OPEN, last_run=number)

        acts.enter("all", "retry", 0, change)
        assert seen == [one.key for one in failed]
        assert ledger.standings() == {Standing.OPEN: 2501, Standing.COMPLETE: 1}


def test_owners_of_ids_are_found_by_column(ledger: Ledger) -> None:
    """Whoever has an id, in the column where it stands; nobody is looked for when nothing is asked."""
    kept(ledger, [journey(1, customer_id="a", user_id="b"), journey(2, customer_id="b"), journey(3, user_id="b")])
    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        assert acts.owners({"b", "c"}) == {("user_id", "b"): {key(1), key(3)}, ("customer_id", "b"): {key(2)}}
        assert acts.owners(set()) == {}


def test_an_act_says_by_what_customers_are_known_from_now_on(ledger: Ledger) -> None:
    """Ids that it brings, and nothing any more of whom it vouches for; what runs before it knew stays."""

    async def enter(lease: Lease) -> None:
        async with lease.writer(run=1) as writer:
            for number in (1, 2, 3):
                writer.identify([(b"e-mail %d" % number, key(number)), (b"phone", key(number))])
            await writer.post(journey(1))

    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        ledger.start_run("first", {"inputs": []})
        asyncio.run(enter(lease))
        acts.enter(
            "second",
            "resolve",
            0,
            lambda _: [],
            hashes=[(b"id", key(2))],
            corrected=[(b"e-mail 3", key(3))],
            ended=[key(1)],
        )
        every = [b"e-mail 1", b"e-mail 2", b"e-mail 3", b"phone", b"id"]
        assert ledger.sharing(every) == {b"e-mail 2": {key(2)}, b"phone": {key(2), key(3)}, b"id": {key(2)}}
        assert ledger.sharing(every) == ledger.sharing(every, as_of=2)
        assert set(ledger.sharing(every, as_of=1)) == {b"e-mail 1", b"e-mail 2", b"e-mail 3", b"phone"}


def test_an_act_that_fails_leaves_what_customers_are_known_by(ledger: Ledger) -> None:
    """Identity hashes share the transaction with the journeys."""
    kept(ledger, [journey(1)])

    def hashes() -> Iterator[tuple[bytes, bytes]]:
        yield b"id", key(1)
        raise RuntimeError

    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        with pytest.raises(RuntimeError):
            acts.enter("broken", "resolve", 0, lambda number: [journey(1, last_run=number, done=2)], hashes=hashes())
        assert ledger.sharing([b"id"]) == {}
        assert ledger.find([key(1)])[key(1)].done == 0
