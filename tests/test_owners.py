"""Whose an id at the bank is: over a real ledger, before and after it is durable."""

import asyncio
from pathlib import Path

from pipeline.customer_ids import CustomerIds

from pipeline import customer_ids
from pipeline.keys import Keys
from pipeline.ledger.writer import Writer
from tests.ledger.support import journey, key, opened

KEYS = Keys("a seed for tests only, invented", "tenant")


def test_an_id_belongs_to_the_first_customer_who_gets_it_also_in_the_next_run(tmp_path: Path) -> None:
    """From the moment of the answer, before any write, and by the ledger ever after."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:

        async def first_run() -> None:
            async with Writer(path) as writer:
                ids = CustomerIds(KEYS, sharing=ledger.sharing, identify=writer.identify)
                assert not ids.taken(key(1), "c-1")
                ids.give(key(1), "c-1")
                assert (ids.taken(key(1), "c-1"), ids.taken(key(2), "c-1"), ids.taken(key(2), "c-2")) == (0, 1, 0)
                ids.give(key(1), "c-1")
                await writer.post(journey(1, customer_id="c-1"))

        asyncio.run(first_run())
        ids = CustomerIds(KEYS, sharing=ledger.sharing, identify=lambda _: None)
        assert (ids.taken(key(1), "c-1"), ids.taken(key(2), "c-1")) == (False, True)


def test_only_the_last_ids_are_held() -> None:
    """Memory is bounded: the ledger knows the older ones."""
    ids = CustomerIds(KEYS, sharing=lambda _: {}, identify=lambda _: None)
    for number in range(customer_ids._LAST_GIVEN + 5):
        ids.give(number.to_bytes(16, "big"), f"c-{number}")
    assert len(ids._given) == customer_ids._LAST_GIVEN
