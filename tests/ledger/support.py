"""What the ledger's tests share: journeys, calls, and a writer for one test."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from finhub_onboard.ledger.ports import Ledger, Writer
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.model import CallRecord, Journey


def opened(path: Path, **other: Any) -> SqliteLedger:
    """Open the ledger of the tests' tenant and seed."""
    return SqliteLedger.open(path, **{"tenant_id": "tenant", "seed": "seed"} | other)


def key(number: int) -> bytes:
    """Return a customer's key."""
    return number.to_bytes(16, "big")


def journey(number: int, **more: Any) -> Journey:
    """Return a journey."""
    usual: dict[str, Any] = {"key": key(number), "fingerprint": b"f" * 6, "first_run": 1, "last_run": 1}
    return Journey(**usual | more)


def call(number: int, customer: int, **more: Any) -> CallRecord:
    """Return a request."""
    usual: dict[str, Any] = {"run": 1, "phase": "registration", "step": "register", "attempt": 1}
    usual |= {"changes": True, "intent_at": 1.0}
    return CallRecord(number=number, key=key(customer), **usual | more)


async def write(path: Path, entries: Sequence[tuple[Journey, Sequence[CallRecord]]]) -> None:
    """Write entries one after the other."""
    async with SqliteWriter(path) as writer:
        for journey_, calls in entries:
            await writer.post(journey_, calls)


@asynccontextmanager
async def writing(ledger: Ledger, *, run: int = 1) -> AsyncIterator[Writer]:
    """Write as the holder of the ledger's lease."""
    with ledger.acquire_lease() as lease:
        async with lease.writer(run=run) as writer:
            yield writer


def unfiled(path: Path) -> int:
    """Return how many lines wait to be filed."""
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM recent").fetchone()[0])


async def file_all(path: Path) -> None:
    """File them, as the next run does."""
    async with SqliteWriter(path, run=3):
        pass
