"""What comes next: the phases in order, one after the other, up to where the settings say."""

import pytest

from finhub_onboard.journey.move_kinds import Advance, Rest, Send
from finhub_onboard.model import Phase, Standing
from tests.journey.moves import START, at, move
from tests.journey.world import AUTO, World
from tests.values import replace


@pytest.mark.parametrize("until", list(Phase))
def test_a_journey_goes_through_its_phases_in_order_and_stops_where_asked(until: Phase) -> None:
    """``until`` each phase: exactly the phases up to it are done; the next run with no limit finishes the rest."""
    world = World(rules=replace(AUTO, until=until))
    world.live()
    assert world.journey.done == until.number
    assert world.journey.standing is (Standing.COMPLETE if until is Phase.ACTIVATION else Standing.OPEN)
    phases = [Phase(world.ledger.calls[number].phase).number for number in sorted(world.ledger.calls)]
    assert phases == sorted(phases)
    assert max(phases, default=1) == until.number
    before = world.bank.requests.copy()
    world.rules = AUTO
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert all(world.bank.requests[label] == count for label, count in before.items())


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing is not Standing.OPEN])
def test_a_customer_who_rests_stays(standing: Standing) -> None:
    """Only an open journey moves."""
    assert move(replace(START, standing=standing, doubts=1, step="register")) == Rest(standing=standing)


def test_no_phase_is_begun_before_the_one_before_it_is_done() -> None:
    """From any number of completed phases the next call belongs to the next phase."""
    for phase in Phase:
        found = move(at(phase, required=("GOVERNMENT_ID",)))
        if isinstance(found, Send):
            assert found.step.phase is phase
        else:
            assert found == Advance(phase=phase)
