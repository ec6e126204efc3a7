"""What the engine's tests share: settings, rows, a ledger in memory."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.model import CallRecord, Customer, IntakeRow, Journey

if TYPE_CHECKING:
    from finhub_onboard.errors import LedgerError


def settings(**flags: Any) -> Settings:
    """Return settings of the embedded sandbox with some changed."""
    return load(None, flags={name.replace("__", "."): value for name, value in flags.items()}, environ={})


def rows(count: int, *, rejects: int = 0) -> list[IntakeRow]:
    """Return accepted rows and then rejects."""
    made = []
    for number in range(1, count + rejects + 1):
        customer = Customer(
            source="b.csv", row_number=number, external_id=f"C-{number}", first_name="a", last_name="b",
            email=f"c{number}@example.com", phone="+37061231001", date_of_birth="1990-01-01", nationality="Lithuania",
            category="STANDARD",
        )  # fmt: skip
        accepted = customer if number <= count else None
        made.append(IntakeRow(source="b.csv", row_number=number, external_id=f"C-{number}", customer=accepted))
    return made


class Held:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.journeys: dict[bytes, Journey] = {}
        self.calls: list[CallRecord] = []
        self.hashes: set[tuple[bytes, bytes]] = set()
        self.written: set[tuple[bytes, bytes]] = set()
        self.error: LedgerError | None = None

    def post(
        self,
        journey: Journey,
        calls: Sequence[CallRecord] = (),
        *,
        hashes: Sequence[tuple[bytes, bytes]] = (),
        ended: Sequence[tuple[bytes, bytes]] = (),
    ) -> Awaitable[None]:
        """Hold these."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.error is not None:
            raise self.error
        self.hashes.difference_update(ended)
        self.hashes.update(hashes)
        self.written.update(hashes)
        self.journeys[journey.key] = journey
        self.calls += calls
        done.set_result(None)
        return done

    def identify(self, hashes: Sequence[tuple[bytes, bytes]]) -> None:
        """Take what customers would be known again by."""
        self.hashes.update(hashes)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Journey]:
        """Return what is held."""
        return {key: self.journeys[key] for key in keys if key in self.journeys}
