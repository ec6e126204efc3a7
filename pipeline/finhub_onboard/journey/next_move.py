"""The next move of a customer: one pure function over the eight phases.

The journey's specification (API.md sections 3, 5 and 6). An unresolved step is settled first (``settling``); what each
phase does is in ``phases``. All input beyond the ledger is in ``Visit`` and ``JourneyRules``: no clock and no file is
read.
"""

from finhub_onboard.journey import gates, restored
from finhub_onboard.journey.move_kinds import JourneyRules, Move, Rest
from finhub_onboard.journey.phase_table import IN_ORDER
from finhub_onboard.journey.settling import settle
from finhub_onboard.journey.situation import Situation
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Standing


def next_move(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    """What to do now for ``customer``; an unresolved step comes before anything else."""
    if journey.standing is not Standing.OPEN or visit.gave_up:
        # Gave up: the bank keeps refusing this customer for its rate. A later run tries again.
        return Rest(standing=journey.standing)
    situation = Situation(journey, customer, visit, rules)
    if visit.restored and journey.done >= Phase.REGISTRATION.number:
        return restored.compare(situation)
    if journey.doubts:
        return settle(situation)
    if unsafe := gates.unsafe_change(journey, visit.row):
        return unsafe
    if journey.done >= rules.until.number:
        return Rest(standing=Standing.OPEN)
    return IN_ORDER[journey.done].next_move(situation)
