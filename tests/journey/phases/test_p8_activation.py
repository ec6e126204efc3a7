"""Phase 8: an activation in doubt is read before it is repeated."""

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Resolve, Rest
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Phase, Repeat, Standing
from tests.journey.moves import WEBHOOKS, doubt, move, sent
from tests.journey.world import AUTO, World, strike
from tests.values import replace


def test_an_activation_in_doubt_is_read_before_it_is_repeated() -> None:
    """ACTIVE in the session or the deliveries: done. Else one repeat, more only while the read denies; then doubt."""
    lost = doubt(CallName.ACTIVATE)
    there = step(CallName.ACTIVATE)
    asleep, awake = Facts(customer_status="PENDING_ACTIVATION"), Facts(customer_status="ACTIVE")
    assert sent(move(lost)) == step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION)
    assert move(lost, visit=Visit(status=awake)) == Resolve(step=there)
    assert sent(move(lost, visit=Visit(status=asleep))) == there
    search = move(lost, visit=Visit(status=asleep), rules=WEBHOOKS)
    assert sent(search) == step(CallName.LIST_DELIVERIES, "0", phase=Phase.ACTIVATION)
    assert sent(move(lost, visit=Visit(status=asleep, searched=True), rules=WEBHOOKS)) == there
    conflict = replace(lost, code="state_conflict")
    assert move(conflict, visit=Visit(status=asleep)) == Rest(
        standing=Standing.PARKED, code=Code.STATE_CONFLICT, phase=Phase.ACTIVATION
    )
    twice, unknown = (
        replace(lost, doubts=2, repeat=Repeat.SENT),
        Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.ACTIVATION),
    )
    assert sent(move(twice, visit=Visit(status=asleep))) == there
    assert move(replace(twice, doubts=AUTO.max_tries), visit=Visit(status=asleep)) == unknown
    refused = replace(lost, repeat=Repeat.REFUSED)
    assert move(refused, visit=Visit(status=asleep)) == unknown
    for word in ("", "SUSPENDED", "UNKNOWN"):
        assert move(twice, visit=Visit(status=Facts(customer_status=word))) == unknown
    assert move(replace(twice, user_id="")) == unknown
    assert move(replace(lost, user_id="")) == unknown, "nothing can be read, so the repeat would be blind"
    assert sent(move(replace(lost, user_id=""), visit=Visit(searched=True), rules=WEBHOOKS)) == there
    assert move(lost, visit=Visit(status_refused=True)) == unknown


def test_an_activation_that_conflicts_is_confirmed_by_a_read() -> None:
    """A 409 on activation for somebody who is active is done; for somebody who is not, it parks."""
    world = World(rules=replace(AUTO, until=Phase.CONSENTS))
    world.live()
    next(iter(world.bank.people.values())).status = "ACTIVE"
    world.rules = AUTO
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    world = World(plan=strike(CallName.ACTIVATE, "409"))
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "state_conflict")


def test_activation_that_misses_consents_gives_them_again_once() -> None:
    """Section 7: re-run phase 7 once, then fail."""
    world = World(plan=strike(CallName.ACTIVATE, "400_consents", times=2))
    world.live()
    assert [world.bank.requests[f"accept_consent/{path}"] for path in ("terms", "privacy", "data-processing")] == [
        2
    ] * 3
    assert world.bank.requests["activate"] == 2
    assert (world.journey.standing, world.journey.code) == (Standing.FAILED, "missing_consents")
    world.live()
    assert world.journey.standing is Standing.COMPLETE, "its hint says: run again"
