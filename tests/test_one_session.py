"""A bank with one session per user: whoever logs in ends the token of everybody else."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from finhub_onboard.engine.bank_health import Health
from finhub_onboard.engine.bank_settings import caller_of
from finhub_onboard.engine.document_bytes import DocumentBytes
from finhub_onboard.engine.gateway import Gateway
from finhub_onboard.engine.id_owners import IdOwners
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.keys import Keys
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Disposition, Journey
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.session import AdminSession
from tests.engine.support import Held, joined, rows
from tests.outbound.support import CATEGORY, TENANT, HandlerTransport, payloads, response, settings
from tests.values import replace

Foreign = Callable[["Bank"], bool]
"""Whether somebody else logs in now, before the call at hand is looked at."""


class Bank(HandlerTransport):
    """Takes only the token of the last log-in."""

    def __init__(self, foreign: Foreign) -> None:
        self.foreign = foreign
        self.generation = self.foreign_logins = self.logins = self.calls = self.refused = 0

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Log in, or register."""
        path = request.url.raw_path
        await asyncio.sleep(0.002)
        if path.endswith(b"/sessions"):
            self.logins += 1
            self.generation += 1
            return response(200, {"code": 200, "data": {"token": f"t{self.generation}"}})
        self.calls += 1
        if self.foreign(self):
            self.foreign_logins += 1
            self.generation += 1
        if request.headers["Authorization"] != f"Bearer t{self.generation}":
            self.refused += 1
            return response(401, {"code": 401, "message": "Token expired", "data": {"error": "Unauthorized"}})
        email = json.loads(request.read())["email"]
        data = {"id": f"c-{self.calls}", "user": {"id": f"u-{self.calls}", "email": email}}
        return response(200, {"code": 200, "data": data})


class Shared(Held):
    """A ledger that also knows whose an id is: nobody's."""

    def sharing(self, hashes: Sequence[bytes]) -> dict[bytes, set[bytes]]:
        """Know nobody."""
        del hashes
        return {}


def carried(foreign: Foreign, *, customers: int = 100) -> tuple[Bank, Stopper, dict[bytes, Journey], Any]:
    """Register these at a bank where others log in."""
    given = settings(journey={"until": "registration"}, limits={"max_in_flight": 8}, retry={"max_wait_s": 0.05})
    bank, held = Bank(foreign), Shared()
    events: list[Any] = []

    async def main() -> Stopper:
        pacer = Pacer(calls_per_second=2000, max_in_flight=8)
        client = Client(caller_of(given), transport=bank, budget=pacer)
        loop, bodies = asyncio.get_running_loop(), payloads()
        session = AdminSession(client, bodies, Patience(wait_s=lambda _: 0.0), pacer.gate, clock=loop.time)
        keys = Keys("a seed", TENANT)
        stopper = Stopper(pacer.gate, events.append)
        gateway = Gateway(
            client=client,
            budget=pacer,
            places=pacer.places,
            document_bytes=DocumentBytes(1000, largest=0),
            payloads=bodies,
            session=session,
            categories=(CATEGORY,),
            evidence=Evidence(keys, Path("/nowhere"), 1),
            health=Health(pacer.gate, pacer.counters, events.append),
            ids=IdOwners(keys, sharing=held.sharing, find=held.find, identify=held.identify),
            keys=keys,
        )
        batch = [
            replace(row, customer=replace(row.customer, category=CATEGORY.key))
            for row in rows(customers)
            if row.customer is not None
        ]
        made = joined(iter([batch]), held, gateway, pacer, stopper, events.append, settings=given, keys=keys)
        await asyncio.wait_for(made.engine.run(), 30)
        return stopper

    stopper = asyncio.run(main())
    return bank, stopper, held.journeys, events[-1]


@pytest.mark.parametrize(
    "moments",
    [(20, 50, 80), (20, 21, 22), (1, 2, 3), (30, 38, 46), (100, 101, 102)],
    ids=lambda m: "-".join(map(str, m)),
)
def test_a_run_survives_three_foreign_logins(moments: tuple[int, ...]) -> None:
    """`onboard check` during a run, spread or one upon the other: everybody is registered, nobody is refused."""
    bank, stopper, journeys, last = carried(lambda bank: bank.calls in moments)
    assert (bank.foreign_logins, stopper.requested, stopper.reason) == (3, False, "")
    assert {journey.done for journey in journeys.values()} == {2}
    assert last.dispositions == {Disposition.REJECTED: 0, Disposition.PENDING: 100}
    assert bank.logins <= 1 + 2 * 3  # one renewal for all, now and then one more


def test_a_foreign_login_that_takes_the_renewed_token_at_once_is_survived() -> None:
    """All that are under way meet a second 401, with the new token: each waits, one renews for all."""
    taken: set[int] = set()

    def right_after_a_renewal(bank: Bank) -> bool:
        if bank.calls < 30 or bank.generation in taken or bank.foreign_logins == 2:
            return False
        taken.update((bank.generation, bank.generation + 1))
        return True

    bank, stopper, journeys, _ = carried(right_after_a_renewal)
    assert (bank.foreign_logins, stopper.requested, len(journeys)) == (2, False, 100)
    assert {journey.done for journey in journeys.values()} == {2}
    assert bank.refused > 8
    assert bank.logins <= 4


def test_a_token_that_is_never_taken_stops_the_run_soon() -> None:
    """One renewal, one more after a pause; then the run is refused, with few log-ins and nobody failed."""
    bank, stopper, journeys, _ = carried(lambda _: True)
    assert (stopper.requested, stopper.exit_code) == (True, ExitCode.REFUSED)
    assert bank.logins <= 40
    assert {(journey.standing, journey.doubts) for journey in journeys.values()} == {("open", 0)}
