"""The columns that each step sends, and what of a row differs from what was sent. Pure.

Promise: writing a step's intent freezes its columns as hashes in ``Journey.fingerprint``. A row that differs later
counts as changed everywhere: on taking a customer up, on repeating a step, and in reports.
"""

from finhub_onboard.finhub.calls import Step, step_from_label
from finhub_onboard.journey.phase_table import BY_CALL, IN_ORDER
from finhub_onboard.keys import FINGERPRINT_COLUMNS, changed_columns
from finhub_onboard.model import Journey, Phase, Standing


def columns_of(at: Step) -> frozenset[str]:
    """The columns that a step sends; a read sends none."""
    rules = BY_CALL.get(at.call.name)
    return rules.columns(at.item) if rules is not None else frozenset()


def is_at_the_bank(journey: Journey | None) -> bool:
    """Whether the bank has the customer, or may have."""
    return journey is not None and (journey.done >= Phase.REGISTRATION.number or journey.doubts > 0)


def sent_columns(journey: Journey) -> frozenset[str]:
    """The columns that were sent for this customer: by completed steps and by the unresolved one."""
    if journey.standing is Standing.COMPLETE:
        return frozenset(FINGERPRINT_COLUMNS)
    in_doubt = columns_of(step_from_label(journey.step)) if journey.doubts else frozenset[str]()
    return in_doubt.union(*(rules.sent(journey) for rules in IN_ORDER))


def changed_since_sent(journey: Journey, fingerprint: bytes) -> tuple[str, ...]:
    """The sent columns in which a row with this ``fingerprint`` differs; empty also if that is unknown."""
    if not fingerprint or fingerprint == journey.fingerprint:
        return ()
    sent = sent_columns(journey)
    return tuple(column for column in changed_columns(journey.fingerprint, fingerprint) if column in sent)
