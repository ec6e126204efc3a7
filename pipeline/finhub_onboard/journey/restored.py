"""A customer whom the ledger may have known better: it was restored from a backup, or is a copy. Pure.

Promise: before anything of phases 4 to 8 leaves for a customer who was registered before this visit, the bank is asked
how far it is. What it does not tell is in doubt, for a person: no read of verifications exists (API.md, section 9).
"""

from finhub_onboard.finhub.calls import CallName, Facts, Step, step
from finhub_onboard.finhub.statuses import CustomerStatus
from finhub_onboard.journey.activation_check import is_approved, is_refused
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Doubt, Learn, Move, Rest, Send
from finhub_onboard.journey.phases import p5_documents, p7_consents
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Standing


def compare(journey: Journey, customer: Customer, visit: Visit) -> Move:
    """What to ask or to learn next about a customer of such a ledger."""
    check = visit.check
    if check is None:
        return Send(step=step(CallName.CHECK, phase=Phase.VERIFICATION))
    given = p7_consents.given_by(check)
    if is_approved(check):
        if journey.done < Phase.APPROVAL.number:
            return Advance(phase=Phase.APPROVAL)
        if check.consent_ok is True:
            # Nothing is left but the activation, which may have been done as well.
            return Doubt(step=step(CallName.ACTIVATE), done=Phase.CONSENTS)
        return Learn(consented=given)
    if is_refused(check) and journey.done >= Phase.VERIFICATION.number:
        return Rest(standing=Standing.DECLINED, code=Code.VERIFICATION_REFUSED, phase=Phase.APPROVAL)
    if journey.done < Phase.VERIFICATION.number:
        return Doubt(step=step(CallName.OPEN_VERIFICATION), done=Phase.SESSION)
    if journey.done == Phase.VERIFICATION.number and visit.listed is None:
        return Send(step=step(CallName.LIST_DOCUMENTS))
    return Learn(uploaded=p5_documents.shown(journey, customer, visit.listed), consented=given)


def is_further(journey: Journey, at: Step, facts: Facts) -> bool | None:
    """Whether an answer shows that the bank is further with the customer than the ledger; ``None``: it tells nothing.

    Verifications are approved by others, too, and so prove nothing; consents and activations are ours.
    """
    match at.call.name:
        case CallName.OPEN_SESSION if at.phase is Phase.SESSION and facts.customer_status:
            return facts.customer_status == CustomerStatus.ACTIVE
        case CallName.CHECK if at.phase is Phase.APPROVAL and facts.missing_consents is not None:
            return not set(p7_consents.given_by(facts)) <= set(journey.consented)
        case _:
            return None
