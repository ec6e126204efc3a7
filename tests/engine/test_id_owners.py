"""Whose an id at the bank is: over a real ledger, before and after it is durable."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from finhub_onboard.engine import id_owners
from finhub_onboard.engine.id_owners import IdOwners
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.model import Journey
from tests.ledger.support import journey, key, opened, writing

KEYS = Keys("a seed for tests only, invented", "tenant")
CUSTOMER, VERIFICATION = IdKind.CUSTOMER, IdKind.VERIFICATION


@pytest.mark.parametrize("kind", IdKind)
def test_an_id_belongs_to_the_first_customer_who_gets_it_also_in_the_next_run(tmp_path: Path, kind: IdKind) -> None:
    """From the moment of the answer, before any write, and by the ledger ever after."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:

        async def first_run() -> None:
            async with writing(ledger) as writer:
                ids = IdOwners(KEYS, sharing=ledger.sharing, find=ledger.find, identify=writer.identify)
                assert not ids.is_anothers(key(1), kind, "c-1")
                ids.give(key(1), kind, "c-1")
                others = [ids.is_anothers(key(n), kind, said) for n, said in ((1, "c-1"), (2, "c-1"), (2, "c-2"))]
                assert others == [False, True, False]
                ids.give(key(1), kind, "c-1")
                await writer.post(journey(1, **{kind: "c-1"}))

        asyncio.run(first_run())
        ids = IdOwners(KEYS, sharing=ledger.sharing, find=ledger.find, identify=lambda _: None)
        assert (ids.is_anothers(key(1), kind, "c-1"), ids.is_anothers(key(2), kind, "c-1")) == (False, True)


def test_ids_of_two_kinds_are_two_ids() -> None:
    """A bank that numbers customers and verifications alike mixes nobody up."""
    ids = IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None)
    ids.give(key(1), CUSTOMER, "7")
    assert (ids.is_anothers(key(2), CUSTOMER, "7"), ids.is_anothers(key(2), VERIFICATION, "7")) == (True, False)


def held_by(kind: IdKind, held: Journey | None) -> IdOwners:
    """The ids of a ledger in which the first customer is known by ``id-1``."""
    mark = KEYS.id_hash(kind, "id-1")
    return IdOwners(
        KEYS,
        sharing=lambda marks: {mark: {key(1)}} if mark in marks else {},
        find=lambda _: {} if held is None else {held.key: held},
        identify=lambda _: None,
    )


@pytest.mark.parametrize(
    ("kind", "held", "anothers"),
    [
        (CUSTOMER, journey(1, customer_id="id-1"), True),
        (CUSTOMER, journey(1, customer_id="id-1", claimed=("customer_id",)), False),
        (CUSTOMER, journey(1, customer_id="id-1", claimed=("user_id",)), True),
        (CUSTOMER, journey(1, customer_id="id-2"), False),
        (CUSTOMER, journey(1), True),
        (CUSTOMER, None, True),
        (VERIFICATION, journey(1, verification_id="id-1"), True),
        (VERIFICATION, journey(1, verification_id="id-1", claimed=("verification_id",)), False),
        (VERIFICATION, journey(1, verification_id="id-2"), True),
    ],
    ids=[
        "the bank's word",
        "an operator's word",
        "another id is claimed",
        "corrected since",
        "not yet in its journey",
        "no journey yet",
        "a verification",
        "a claimed verification",
        "an older verification",
    ],
)
def test_what_only_an_operator_said_blocks_nobody(kind: IdKind, held: Journey | None, *, anothers: bool) -> None:
    """A mistyped id is the owner's to whom the bank gives it; nothing else is."""
    assert held_by(kind, held).is_anothers(key(2), kind, "id-1") is anothers


def test_a_claim_is_disproved_once_the_bank_gives_the_id_to_somebody() -> None:
    """In this run by the answer, in the next one by the ledger."""
    claim = journey(1, customer_id="id-1", claimed=("customer_id",))
    ids = held_by(CUSTOMER, claim)
    assert not ids.is_anothers(key(1), CUSTOMER, "id-1")
    ids.give(key(2), CUSTOMER, "id-1")
    assert ids.is_anothers(key(1), CUSTOMER, "id-1")
    assert not ids.is_anothers(key(2), CUSTOMER, "id-1")
    proved = journey(2, customer_id="id-1")
    later = IdOwners(
        KEYS,
        sharing=lambda marks: {mark: {key(1), key(2)} for mark in marks},
        find=lambda keys: {one.key: one for one in (claim, proved) if one.key in keys},
        identify=lambda _: None,
    )
    assert later.is_anothers(key(1), CUSTOMER, "id-1")
    assert not later.is_anothers(key(2), CUSTOMER, "id-1")


def test_who_asks_twice_in_a_row_is_answered_from_memory() -> None:
    """An answer is compared twice; others, other ids and what was given meanwhile are looked up again."""
    asked: list[bytes] = []
    taken: dict[bytes, set[bytes]] = {}

    def sharing(hashes: Sequence[bytes]) -> dict[bytes, set[bytes]]:
        asked.extend(hashes)
        return {identity: taken[identity] for identity in hashes if identity in taken}

    ids = IdOwners(KEYS, sharing=sharing, find=lambda _: {}, identify=lambda _: None)
    assert not any(ids.is_anothers(key(1), CUSTOMER, "c-1") for _ in range(3))
    assert len(asked) == 1
    taken[KEYS.id_hash(CUSTOMER, "c-1")] = {key(1)}
    assert ids.is_anothers(key(2), CUSTOMER, "c-1")
    assert not ids.is_anothers(key(1), VERIFICATION, "c-1")
    ids.give(key(3), CUSTOMER, "c-3")
    assert not ids.is_anothers(key(1), VERIFICATION, "c-1")
    assert len(asked) == 4


def test_only_the_last_ids_are_held() -> None:
    """Memory is bounded: the ledger knows the older ones."""
    ids = IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None)
    for number in range(id_owners._LAST_GIVEN + 5):
        ids.give(number.to_bytes(16, "big"), CUSTOMER, f"c-{number}")
    assert len(ids._given) == id_owners._LAST_GIVEN
