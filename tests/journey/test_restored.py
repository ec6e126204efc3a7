"""A ledger that was restored from an older backup: every state it can have been saved in, and nothing is done twice."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from finhub_onboard.finhub.calls import CallName
from finhub_onboard.model import CallRecord, Disposition, Journey, Phase, Standing
from tests.journey.world import AUTO, Ledger, World, a_customer, no_fault, strike
from tests.values import replace

WEBHOOKS = replace(AUTO, webhooks=True)
ONCE = ("register", "open_verification", "approve", "activate", "upload_document/GOVERNMENT_ID")


class Saved(Ledger):
    """A ledger that keeps a copy of itself after each write."""

    copies: list[tuple[dict[bytes, Journey], dict[int, CallRecord]]]

    def write(self, journey: Journey, calls: object) -> None:
        """Write, and keep a copy."""
        super().write(journey, calls)  # type: ignore[arg-type]
        self.copies.append((dict(self.journeys), dict(self.calls)))


def lived(until: Phase, *, webhooks: bool) -> World:
    """A customer who was carried so far, with every state of the ledger on the way."""
    kept = type("Kept", (Saved,), {"copies": [({}, {})]})
    rules = WEBHOOKS if webhooks else AUTO
    world = World(a_customer(risk_level="MEDIUM"), rules=replace(rules, until=until), kept_in=kept, lazy=False)
    world.live()
    assert world.journey.done == until.number
    world.rules = rules
    return world


def put_back(until: Phase, *, webhooks: bool) -> Iterator[World]:
    """The same, with the ledger put back to each of its earlier states."""
    for number in range(len(lived(until, webhooks=webhooks).ledger.copies) - 1):  # type: ignore[attr-defined]
        world = lived(until, webhooks=webhooks)
        world.ledger.journeys, world.ledger.calls = world.ledger.copies[number]  # type: ignore[attr-defined]
        yield world


@pytest.mark.parametrize("webhooks", [True, False])
@pytest.mark.parametrize("until", list(Phase)[1:])
def test_nothing_is_done_twice_from_any_backup(until: Phase, webhooks: bool) -> None:  # noqa: FBT001
    """With `--ledger-restored` the bank is asked first: complete, or a person is asked; nothing is sent again."""
    for world in put_back(until, webhooks=webhooks):
        world.restored = 1000.0
        world.live()
        assert max(world.bank.carried_out[label] for label in ONCE) == 1
        if webhooks and until.number >= Phase.APPROVAL.number:
            assert world.journey.standing is Standing.COMPLETE
        else:
            assert world.journey.standing in (Standing.COMPLETE, Standing.IN_DOUBT, Standing.PARKED)


def test_without_the_flag_an_older_ledger_does_things_twice() -> None:
    """The control: what the flag prevents does happen without it."""
    twice: Counter[str] = Counter()
    for world in put_back(Phase.DOCUMENTS, webhooks=True):
        with suppress(AssertionError):  # a world that sees it itself
            world.live()
        twice.update(label for label in ONCE if world.bank.requests[label] > 1)
    assert twice["open_verification"]
    assert twice["upload_document/GOVERNMENT_ID"]


def test_an_unfinished_customer_of_a_restored_ledger_goes_on_or_is_asked_about() -> None:
    """The bank is as far as the backup, and nothing is lost: every later run finishes it or names the doubt."""
    for number in range(len(lived(Phase.ACTIVATION, webhooks=True).ledger.copies) - 1):  # type: ignore[attr-defined]
        world = World(a_customer(risk_level="MEDIUM"), rules=WEBHOOKS)
        world.crash_at = 2 * number + 1
        world.live_or_die()
        world.crash_at, world.plan, world.restored = 10**9, no_fault, 1000.0
        world.live()
        assert world.journey.standing in (Standing.COMPLETE, Standing.IN_DOUBT, Standing.PARKED)
        assert max(world.bank.carried_out[label] for label in ONCE) <= 1


@pytest.mark.parametrize("fault", ["400", "400_category", "403_high_risk", "422"])
@pytest.mark.parametrize("webhooks", [True, False])
def test_a_refusal_says_nothing_about_a_registration_that_the_ledger_forgot(webhooks: bool, fault: str) -> None:  # noqa: FBT001
    """Found in the deliveries, or a person is asked; never given up, to be registered again with another e-mail."""
    world = lived(Phase.SESSION, webhooks=webhooks)
    world.ledger.journeys, world.ledger.calls = {}, {}
    world.restored = 1000.0
    world.plan = strike(CallName.REGISTER, fault, times=2)  # the first was before the backup
    world.live()
    if webhooks:
        assert world.journey.customer_id == "cust-1"
    else:
        assert (world.disposition, world.journey.step) == (Disposition.IN_DOUBT, "register")
        world.change(email="corrected@example.com")
        world.live()
    assert world.bank.carried_out["register"] == 1


def test_whom_the_bank_did_not_have_is_carried_as_ever() -> None:
    """A new customer under the flag costs no look more than the journey has."""
    world, flagged = World(), World()
    flagged.restored = 1000.0
    world.live()
    flagged.live()
    assert flagged.bank.requests == world.bank.requests
