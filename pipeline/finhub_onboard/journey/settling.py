"""How an unresolved step is settled: what to read, when to repeat it, and when to ask a person. Pure.

API.md section 9, one row per phase. Reads are always made; there is one repeat, which passes the same gate as the first
attempt. What cannot be settled stays in doubt: nothing is repeated on a guess.
"""

from finhub_onboard.finhub.calls import step_from_label
from finhub_onboard.journey import gates
from finhub_onboard.journey.move_kinds import Move
from finhub_onboard.journey.phase_table import PHASES
from finhub_onboard.journey.situation import Situation, Unresolved


def settle(situation: Situation) -> Move:
    """What to do about the journey's unresolved step."""
    journey, row = situation.journey, situation.visit.row
    at = step_from_label(journey.step)
    changed, unsafe = gates.changed_in_doubt(at, journey, row), gates.unsafe_change(journey, row)
    settle_phase = PHASES[at.phase].settle
    assert settle_phase is not None, f"{journey.step} changes nothing and cannot be in doubt"
    return settle_phase(
        Unresolved(
            journey,
            situation.customer,
            situation.visit,
            situation.rules,
            at=at,
            changed=changed,
            unsafe=unsafe,
            held=gates.repeat(at, situation, changed, unsafe),
        )
    )
