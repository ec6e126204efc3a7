"""Whose an id at the bank is: over a real ledger, before and after it is durable."""

import asyncio
from pathlib import Path

import pytest

from pipeline import owners
from pipeline.keys import IdKind, Keys
from pipeline.ledger.writer import Writer
from pipeline.model import Journey
from pipeline.owners import IdOwners
from tests.ledger.support import journey, key, opened

KEYS = Keys("a seed for tests only, invented", "tenant")
CUSTOMER, VERIFICATION = IdKind.CUSTOMER, IdKind.VERIFICATION


@pytest.mark.parametrize("kind", [CUSTOMER, VERIFICATION])
def test_an_id_belongs_to_the_first_customer_who_gets_it_also_in_the_next_run(tmp_path: Path, kind: IdKind) -> None:
    """From the moment of the answer, before any write, and by the ledger ever after; each kind for itself."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:

        async def first_run() -> None:
            async with Writer(path) as writer:
                ids = IdOwners(KEYS, sharing=ledger.sharing, find=ledger.find, identify=writer.identify)
                assert not ids.is_anothers(key(1), kind, "c-1")
                ids.give(key(1), kind, "c-1")
                found = [ids.is_anothers(key(n), kind, "c-1") for n in (1, 2)]
                assert (found, ids.is_anothers(key(2), kind, "c-2")) == ([False, True], False)
                ids.give(key(1), kind, "c-1")
                await writer.post(journey(1, **{kind: "c-1"}))

        asyncio.run(first_run())
        ids = IdOwners(KEYS, sharing=ledger.sharing, find=ledger.find, identify=lambda _: None)
        assert [ids.is_anothers(key(n), kind, "c-1") for n in (1, 2)] == [False, True]
        other = VERIFICATION if kind is CUSTOMER else CUSTOMER
        assert not ids.is_anothers(key(2), other, "c-1")


def known_as(held: Journey | None, *, mark_of: str = "c-1") -> IdOwners:
    """The ids of a ledger in which one customer has the mark of an id."""
    return IdOwners(
        KEYS,
        sharing=lambda marks: {KEYS.id_mark(CUSTOMER, mark_of): {key(1)}} if marks else {},
        find=lambda _: {} if held is None else {key(1): held},
        identify=lambda _: None,
    )


def test_a_mere_claim_does_not_block_the_true_owner() -> None:
    """What only an operator said yields to the bank; once proved, it is the customer's; unknown owners count."""
    claimed = journey(1, customer_id="c-1", claimed=("customer_id",))
    assert not known_as(claimed).is_anothers(key(2), CUSTOMER, "c-1")
    assert known_as(journey(1, customer_id="c-1")).is_anothers(key(2), CUSTOMER, "c-1")
    assert known_as(None).is_anothers(key(2), CUSTOMER, "c-1")
    corrected = journey(1, customer_id="c-9", claimed=("customer_id",))
    assert not known_as(corrected).is_anothers(key(2), CUSTOMER, "c-1")


def test_the_banks_word_disproves_a_claim() -> None:
    """Asked of the claimant: the id was given to somebody else meanwhile."""
    ids = known_as(journey(1, customer_id="c-1", claimed=("customer_id",)))
    assert not ids.is_anothers(key(1), CUSTOMER, "c-1")
    ids.give(key(2), CUSTOMER, "c-1")
    assert ids.is_anothers(key(1), CUSTOMER, "c-1")


def test_only_the_last_ids_are_held() -> None:
    """Memory is bounded: the ledger knows the older ones."""
    ids = IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None)
    for number in range(owners._LAST_GIVEN + 5):
        ids.give(number.to_bytes(16, "big"), CUSTOMER, f"c-{number}")
    assert len(ids._given) == owners._LAST_GIVEN
