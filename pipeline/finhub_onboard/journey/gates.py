"""Preconditions for sending or repeating a step: the row still says what was sent, and the settings allow it.

Pure. A repeat passes the same gate as the first attempt. Each gate returns the reason to stop, or nothing.
"""

from finhub_onboard.finhub.calls import Step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Rest
from finhub_onboard.journey.phase_table import PHASES
from finhub_onboard.journey.sent import changed_since_sent, columns_of
from finhub_onboard.journey.situation import Situation
from finhub_onboard.model import Journey, Phase, Standing

_IDENTITY_COLUMNS = PHASES[Phase.REGISTRATION].identity_columns


def repeat(at: Step, situation: Situation, changed: Rest | None, unsafe: Rest | None) -> Rest | None:
    """Why the unresolved step ``at`` must not be repeated, given the results of the two gates below."""
    if changed or unsafe:
        return changed or unsafe
    if at.phase.number > situation.rules.until.number:
        return Rest(standing=Standing.OPEN)
    return PHASES[at.phase].gate(situation, at.item)


def changed_in_doubt(at: Step, journey: Journey, row: bytes) -> Rest | None:
    """The row differs from what the unresolved step sent; ``row`` is the row's current fingerprint."""
    changed = [column for column in changed_since_sent(journey, row) if column in columns_of(at)]
    if not changed:
        return None
    return Rest(standing=Standing.IN_DOUBT, code=Code.ROW_CHANGED_IN_DOUBT, phase=at.phase, field=changed[0])


def unsafe_change(journey: Journey, row: bytes) -> Rest | None:
    """The row now names another person than the one whom the bank registered: nothing may be sent."""
    if journey.done < Phase.REGISTRATION.number:
        return None
    if not (differing := changed_since_sent(journey, row)):  # as of nearly all rows
        return None
    changed = sorted(_IDENTITY_COLUMNS.intersection(differing))
    if not changed:
        return None
    standing = Standing.IN_DOUBT if journey.doubts else Standing.PARKED
    code = Code.ROW_CHANGED_AFTER_REGISTRATION
    return Rest(standing=standing, code=code, phase=Phase.REGISTRATION, field=changed[0])
