"""Customers of a ledger that may be out of date: it was restored from a backup, or is a copy. Pure.

Promise: before anything of phases 4 to 8 is sent for a customer who was registered before this visit, the bank is asked
how far it is. What its answers do not show is in doubt, for a person: verifications cannot be read (API.md, section 9).
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Step, step
from finhub_onboard.journey.move_kinds import Move, Revise, Send
from finhub_onboard.journey.phase_table import IN_ORDER, PHASES
from finhub_onboard.journey.situation import Situation
from finhub_onboard.journey.visit import unread
from finhub_onboard.model import Journey, Phase


def compare(at: Situation) -> Move:
    """What to ask the bank next, or what its answers show."""
    check = at.visit.check
    if check is None:
        return Send(step=step(CallName.CHECK, phase=Phase.VERIFICATION))
    for rules in IN_ORDER:
        if move := rules.restored.compare(at, check):
            return move
    for rules in IN_ORDER:
        at = replace(at, journey=rules.restored.learn(at, check))
    return Revise(journey=at.journey, visit=replace(unread(at.visit), restored=0.0))


def is_further(journey: Journey, at: Step, facts: Facts) -> bool | None:
    """Whether an answer shows that the bank is further than the ledger with the customer; ``None``: it does not say."""
    shows = PHASES[at.phase].restored.is_further.get(at.call.name)
    return shows(journey, facts) if shows is not None else None
