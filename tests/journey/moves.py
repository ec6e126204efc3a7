"""Journeys before each phase and in doubt about each step, and what comes next for them: shared by tests of phases."""

from finhub_onboard.finhub.calls import CallName, Step, step
from finhub_onboard.journey.move_kinds import JourneyRules, Move, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Repeat
from tests.journey.world import AUTO, a_customer
from tests.values import replace

MANUAL = JourneyRules()
WEBHOOKS = replace(AUTO, webhooks=True)
START = Journey(key=b"k", fingerprint=b"", first_run=1, last_run=1)
IDS = {"customer_id": "c", "user_id": "u", "verification_id": "v"}


def at(phase: Phase, **more: object) -> Journey:
    """Return a journey whose next phase is ``phase``."""
    return replace(START, done=phase.number - 1, **(IDS if phase.number > 2 else {}), **more)


def doubt(name: CallName, item: str = "", *, doubts: int = 1, **more: object) -> Journey:
    """Return a journey with a step in doubt."""
    there = step(name, item)
    repeat = {"repeat": Repeat.SENT if doubts > 1 else Repeat.UNUSED}
    return at(there.phase, step=there.label, doubts=doubts, **repeat | more)


def move(
    journey: Journey, customer: Customer | None = None, visit: Visit | None = None, rules: JourneyRules = AUTO
) -> Move:
    """Ask for the next move."""
    return next_move(journey, customer or a_customer(), visit or Visit(), rules)


def sent(found: Move) -> Step:
    """Return the step of a move that sends."""
    assert isinstance(found, Send)
    return found.step
