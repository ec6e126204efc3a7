"""Phase 3: the customer's own log-in, which only a customer with a user id has."""

from finhub_onboard.finhub.calls import CallName, step
from finhub_onboard.journey.move_kinds import Advance
from finhub_onboard.model import Phase
from tests.journey.moves import at, move, sent
from tests.values import replace


def test_a_customer_without_a_user_id_skips_only_the_session() -> None:
    """A registration found through deliveries has no user id: the session is left out, the rest goes on."""
    assert move(replace(at(Phase.SESSION), user_id="")) == Advance(phase=Phase.SESSION)
    assert sent(move(at(Phase.SESSION))) == step(CallName.OPEN_SESSION)
