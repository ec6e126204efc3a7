"""Phase 1: no customer has a call of its own."""

from finhub_onboard.journey.move_kinds import Advance
from finhub_onboard.model import Phase
from tests.journey.moves import START, move


def test_a_customer_has_nothing_to_send() -> None:
    """The run reads the categories once for all."""
    assert move(START) == Advance(phase=Phase.CATEGORIZATION)
