"""Phase 1, categorization: the run reads the bank's hierarchy once; no customer has a call of its own."""

from finhub_onboard.journey.move_kinds import Advance, Move
from finhub_onboard.journey.phase_rules import PhaseRules
from finhub_onboard.journey.situation import Situation
from finhub_onboard.model import Phase


def next_move(_: Situation) -> Move:
    """There is nothing to do for a customer."""
    return _COMPLETE


_COMPLETE = Advance(phase=Phase.CATEGORIZATION)
RULES = PhaseRules(next_move=next_move)
