"""What comes next for a customer: one pure function over the eight phases.

This is the journey's specification (API.md sections 3, 5 and 6); a step in doubt is settled first (``doubts``). It
never looks at a clock or a file; what it needs to know beyond the ledger stands in ``Visit`` and ``JourneyRules``.
"""

from finhub_onboard.finhub.calls import CallName, Facts, step, step_from_label
from finhub_onboard.journey import gates, restored
from finhub_onboard.journey.doubts import CONSENT_NAMES, is_approved, settle
from finhub_onboard.journey.move_kinds import Advance, Forget, JourneyRules, Move, Rest, Send
from finhub_onboard.journey.policy import REFUSED_STATES
from finhub_onboard.journey.sent import DOCUMENT_COLUMN_OF
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Standing


def next_move(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    """What to do now for ``customer``; a step in doubt is settled before anything else."""
    if journey.standing is not Standing.OPEN or visit.gave_up:
        # Gave up: the bank refuses this one for its rate again and again; a later run tries once more.
        return Rest(standing=journey.standing)
    if visit.restored and journey.done >= Phase.REGISTRATION.number:
        return restored.compare(journey, customer, visit)
    if journey.doubts:
        return settle(step_from_label(journey.step), journey, customer, visit, rules)
    if unsafe := gates.unsafe_change(journey, visit.row):
        return unsafe
    if journey.done >= rules.until.number:
        return Rest(standing=Standing.OPEN)
    return _next_phase(journey, customer, visit, rules)


def _next_phase(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    match tuple(Phase)[journey.done]:
        case Phase.CATEGORIZATION:
            return Advance(phase=Phase.CATEGORIZATION)
        case Phase.REGISTRATION:
            return Send(step=step(CallName.REGISTER))
        case Phase.SESSION:
            # A registration found through deliveries has no user id: only this phase is lost (API.md, section 9).
            return Send(step=step(CallName.OPEN_SESSION)) if journey.user_id else Advance(phase=Phase.SESSION)
        case Phase.VERIFICATION:
            return _verification(customer, rules)
        case Phase.DOCUMENTS:
            return _documents(journey, customer)
        case Phase.APPROVAL:
            return _approval(journey, customer, visit, rules)
        case Phase.CONSENTS:
            return _consents(journey, customer, visit, rules)
        case Phase.ACTIVATION:
            return Send(step=step(CallName.ACTIVATE))


def _verification(customer: Customer, rules: JourneyRules) -> Move:
    lacking = next(gates.verification(customer, rules), None)
    return lacking or Send(step=step(CallName.OPEN_VERIFICATION))


def _documents(journey: Journey, customer: Customer) -> Move:
    """Send what there is before stopping at what there is not."""
    for kind in gates.FALLBACK_KINDS if journey.required is None else journey.required:
        column = DOCUMENT_COLUMN_OF.get(kind, "")
        if kind not in journey.uploaded and column and getattr(customer, column):
            return Send(step=step(CallName.UPLOAD_DOCUMENT, kind))
    return next(gates.documents(journey, customer), None) or Advance(phase=Phase.DOCUMENTS)


def _approval(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    """What was there before this visit, or what the bank says we may not approve, is looked at first."""
    check = visit.check
    if check is None and (visit.check_first or visit.role_refused):
        return Send(step=step(CallName.CHECK, phase=Phase.APPROVAL))
    if check is not None and is_approved(check):
        return Advance(phase=Phase.APPROVAL)
    if check is not None and check.status in REFUSED_STATES:
        return Rest(standing=Standing.DECLINED, code="verification_refused", phase=Phase.APPROVAL)
    if held := gates.approval(journey, customer, rules):
        return held
    if visit.role_refused:
        return Rest(standing=Standing.OPEN, code="role_refused", phase=Phase.APPROVAL, fatal=True)
    return Send(step=step(CallName.APPROVE))


def _consents(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    left = [path for path in CONSENT_NAMES if path not in journey.consented]
    for path in left:
        if held := gates.consent(path, customer, rules):
            return held
    if left:
        return Send(step=step(CallName.ACCEPT_CONSENT, left[0]))
    return _after_consents(visit.check, visit, rules)


def _after_consents(check: Facts | None, visit: Visit, rules: JourneyRules) -> Move:
    """All three are sent: the check decides (API.md, section 6); it may lag behind."""
    look = Send(step=step(CallName.CHECK), poll=visit.polls)
    if check is None:
        return look
    consents_ok = check.consent_ok is True or (check.consent_ok is None and check.activation_allowed is True)
    if consents_ok and (check.activation_allowed is True or (check.activation_allowed is None)):
        return Advance(phase=Phase.CONSENTS)
    if check.high_risk and check.power_approval_ok is not True:
        return Rest(standing=Standing.PARKED, code="high_risk", phase=Phase.CONSENTS)
    if visit.polls < rules.max_tries:
        return look
    if consents_ok:
        code = "not_verified" if check.verification_ok is False else "activation_not_allowed"
        return Rest(standing=Standing.PARKED, code=code, phase=Phase.CONSENTS)
    if not visit.consent_rounds:
        missing = tuple(path for path, name in CONSENT_NAMES.items() if name in (check.missing_consents or ()))
        return Forget(consents=missing or tuple(CONSENT_NAMES))
    return Rest(standing=Standing.FAILED, code="consents_not_recorded", phase=Phase.CONSENTS)
