"""Phase 2: a registration in doubt is repeated once, then looked for, then left to a person."""

from finhub_onboard.finhub.calls import CallName, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Rest
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Phase, Standing
from tests.journey.moves import WEBHOOKS, doubt, move, sent
from tests.values import replace


def test_a_registration_in_doubt_is_repeated_once_and_never_more() -> None:
    """One doubt: the repeat. Two: deliveries if there are any, else in doubt."""
    register = doubt(CallName.REGISTER)
    assert sent(move(register)) == step(CallName.REGISTER)
    for doubts in (2, 3, 9):
        again = doubt(CallName.REGISTER, doubts=doubts)
        assert move(again) == Rest(
            standing=Standing.IN_DOUBT, code=Code.REGISTRATION_IN_DOUBT, phase=Phase.REGISTRATION
        )
        assert sent(move(again, rules=WEBHOOKS)) == step(CallName.LIST_DELIVERIES, "0")
        assert sent(move(again, visit=Visit(page=3), rules=WEBHOOKS)) == step(CallName.LIST_DELIVERIES, "3")
        known = replace(again, code="exists_after_doubt")
        found = move(known, visit=Visit(searched=True), rules=WEBHOOKS)
        assert found == Rest(standing=Standing.IN_DOUBT, code=Code.EXISTS_AFTER_DOUBT, phase=Phase.REGISTRATION)
