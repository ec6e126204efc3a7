"""What comes next for a customer: one pure function over the eight phases, and one over steps in doubt.

This is the journey's specification (API.md sections 3, 5, 6 and 9). It never looks at a clock or a file; what it
needs to know beyond the ledger stands in ``Visit`` and ``JourneyRules``.
"""

from dataclasses import dataclass

from pipeline.calls import CallName, Facts, Step, step, step_from_label
from pipeline.journey.sent import DOCUMENT_COLUMN_OF, IDENTITY_KINDS
from pipeline.journey.state import Visit
from pipeline.model import CONSENTS, Customer, Journey, Phase, Risk, Standing

_CONSENT_PATHS = dict(zip(CONSENTS, ("terms", "privacy", "data-processing"), strict=True))
_CONSENT_NAMES = dict(
    zip(_CONSENT_PATHS.values(), ("TERMS_AND_CONDITIONS", "PRIVACY_POLICY", "DATA_PROCESSING"), strict=True)
)
_FALLBACK = ("GOVERNMENT_ID", "PROOF_OF_ADDRESS")
_REFUSED_STATES = frozenset({"REJECTED", "DECLINED", "REFUSED", "FAILED"})
# What the bank calls a customer who is not active yet (API.md, section 3); any other word says nothing.
_REGISTERED_STATES = frozenset({"CS_REGISTRATION_COMPLETED", "PENDING_VERIFICATION", "PENDING_ACTIVATION"})
_POLLS_BEFORE_REPEAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRules:
    """Settings that decide moves. ``webhooks``: deliveries can be searched.

    ``verification_by_admin``: the call that opens verifications takes no customer's token (``POST /verifications``).
    """

    until: Phase = Phase.ACTIVATION
    auto_levels: frozenset[str] = frozenset()
    evidence_required: bool = True
    verification_needs_document: bool = True
    verification_by_admin: bool = False
    webhooks: bool = False
    max_tries: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send ``step``; first wait out the ``poll``-th pause if it is a look at something that may lag."""

    step: Step
    poll: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """``phase`` is complete without a further call."""

    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """The step in doubt was carried out; ``item`` is what it brought."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """The check misses consents that were sent: send these paths again."""

    consents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The customer stops here for this run; ``OPEN`` with no code: as far as asked. ``fatal`` ends the run."""

    standing: Standing
    code: str = ""
    phase: Phase = Phase.CATEGORIZATION
    field: str = ""
    fatal: bool = False


Move = Send | Advance | Resolve | Forget | Rest


def next_move(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    """What to do now for ``customer``; a step in doubt is settled before anything else."""
    if journey.standing is not Standing.OPEN or visit.gave_up:
        # Gave up: the bank refuses this one for its rate again and again; a later run tries once more.
        return Rest(standing=journey.standing)
    if journey.doubts:
        return _IN_DOUBT[step_from_label(journey.step).call.name](journey, visit, rules)
    if journey.done >= rules.until.number:
        return Rest(standing=Standing.OPEN)
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
    for column in ("document_type", "document_number"):
        if rules.verification_needs_document and not getattr(customer, column):
            return Rest(
                standing=Standing.PARKED, code="document_number_missing", phase=Phase.VERIFICATION, field=column
            )
    return Send(step=step(CallName.OPEN_VERIFICATION))


def _documents(journey: Journey, customer: Customer) -> Move:
    missing = ""
    for kind in _FALLBACK if journey.required is None else journey.required:
        if kind in journey.uploaded:
            continue
        column = DOCUMENT_COLUMN_OF.get(kind, "")
        if column and getattr(customer, column):
            return Send(step=step(CallName.UPLOAD_DOCUMENT, kind))
        # Proof of address is only our own guess where the bank asked for nothing: its absence does not stop a row.
        if journey.required is not None or kind in IDENTITY_KINDS:
            missing = missing or kind
    if missing and not _is_high(journey, customer):
        # For high risk the power tenant's people collect what the file cannot hold; the row parks at approval.
        column = DOCUMENT_COLUMN_OF.get(missing, "")
        return Rest(standing=Standing.PARKED, code="document_missing", phase=Phase.DOCUMENTS, field=column)
    return Advance(phase=Phase.DOCUMENTS)


def _is_high(journey: Journey, customer: Customer) -> bool:
    return Risk.HIGH in (customer.risk_level, journey.risk)


def _approved(check: Facts) -> bool:
    return check.verification_ok is True and check.power_approval_ok is not False


def _approval(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    high = _is_high(journey, customer)
    # Unknown is taken as the highest level that is not high (DESIGN 3.3).
    level = customer.risk_level or journey.risk or Risk.MEDIUM
    if not high and level in rules.auto_levels:
        return Send(step=step(CallName.APPROVE))
    if visit.was_parked and visit.check is None:
        return Send(step=step(CallName.CHECK, phase=Phase.APPROVAL))
    if visit.check is not None and _approved(visit.check):
        return Advance(phase=Phase.APPROVAL)
    if visit.check is not None and visit.check.status in _REFUSED_STATES:
        return Rest(standing=Standing.DECLINED, code="verification_refused", phase=Phase.APPROVAL)
    code = "high_risk" if high else "approval_needed"
    return Rest(standing=Standing.PARKED, code=code, phase=Phase.APPROVAL)


def _consents(journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    for column, path in _CONSENT_PATHS.items():
        if path in journey.consented:
            continue
        evidence = f"{column}_accepted_at"
        if rules.evidence_required and not getattr(customer, evidence):
            return Rest(standing=Standing.PARKED, code="consent_evidence_missing", phase=Phase.CONSENTS, field=evidence)
    for path in _CONSENT_PATHS.values():
        if path not in journey.consented:
            return Send(step=step(CallName.ACCEPT_CONSENT, path))
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
        missing = tuple(path for path, name in _CONSENT_NAMES.items() if name in (check.missing_consents or ()))
        return Forget(consents=missing or tuple(_CONSENT_NAMES))
    return Rest(standing=Standing.FAILED, code="consents_not_recorded", phase=Phase.CONSENTS)


def _settle_registration(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    if journey.doubts == 1:
        return Send(step=step(CallName.REGISTER))
    if rules.webhooks and not visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(visit.page)))
    code = "exists_after_doubt" if journey.code == "exists_after_doubt" else "registration_in_doubt"
    return Rest(standing=Standing.IN_DOUBT, code=code, phase=Phase.REGISTRATION)


def _settle_verification(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    del visit, rules
    if journey.code == "state_conflict":
        return Rest(standing=Standing.PARKED, code="state_conflict", phase=Phase.VERIFICATION)
    if journey.doubts == 1:
        return Send(step=step(CallName.OPEN_VERIFICATION))
    return Rest(standing=Standing.IN_DOUBT, code="outcome_unknown", phase=Phase.VERIFICATION)


def _settle_document(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    del rules
    at = step_from_label(journey.step)
    if journey.code == "state_conflict":
        return Rest(standing=Standing.PARKED, code="state_conflict", phase=Phase.DOCUMENTS)
    if journey.doubts == 1:
        return Send(step=at)
    if visit.listed is None:
        return Send(step=step(CallName.LIST_DOCUMENTS))
    same = IDENTITY_KINDS if at.item in IDENTITY_KINDS else (at.item,)
    if any(kind in visit.listed.uploaded for kind in same):
        return Resolve(step=at)
    return Rest(standing=Standing.IN_DOUBT, code="outcome_unknown", phase=Phase.DOCUMENTS)


def _settle_approval(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    del rules
    check = visit.check
    look = Send(step=step(CallName.CHECK, phase=Phase.APPROVAL), poll=visit.polls)
    if check is None:
        return look
    if _approved(check):
        return Resolve(step=step_from_label(journey.step))
    if check.status in _REFUSED_STATES:
        return Rest(standing=Standing.DECLINED, code="verification_refused", phase=Phase.APPROVAL)
    if check.high_risk:
        return Rest(standing=Standing.PARKED, code="high_risk", phase=Phase.APPROVAL)
    if journey.code == "role_refused":
        return Rest(standing=Standing.OPEN, code="role_refused", phase=Phase.APPROVAL, fatal=True)
    if visit.polls < _POLLS_BEFORE_REPEAT:
        return look
    if journey.code in ("state_conflict", "approval_not_final"):
        return Rest(standing=Standing.PARKED, code=journey.code, phase=Phase.APPROVAL)
    if journey.doubts == 1:
        return Send(step=step(CallName.APPROVE))
    if check.verification_ok is False:
        return Rest(standing=Standing.PARKED, code="approval_lost", phase=Phase.APPROVAL)
    return Rest(standing=Standing.IN_DOUBT, code="outcome_unknown", phase=Phase.APPROVAL)


def _settle_consent(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    at = step_from_label(journey.step)
    if visit.check is None:
        return Send(step=step(CallName.CHECK), poll=visit.polls)
    missing = visit.check.missing_consents
    if visit.check.consent_ok or (missing is not None and _CONSENT_NAMES[at.item] not in missing):
        return Resolve(step=at)
    # A consent may be given twice without harm; what is missing is sent again.
    if journey.doubts < rules.max_tries:
        return Send(step=at)
    return Rest(standing=Standing.IN_DOUBT, code="outcome_unknown", phase=Phase.CONSENTS)


def _settle_activation(journey: Journey, visit: Visit, rules: JourneyRules) -> Move:
    at = step_from_label(journey.step)
    if visit.status is None and journey.user_id:
        return Send(step=step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION))
    if visit.status is not None and visit.status.customer_status == "ACTIVE":
        return Resolve(step=at)
    if rules.webhooks and not visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(visit.page), phase=Phase.ACTIVATION))
    if journey.code == "state_conflict":
        return Rest(standing=Standing.PARKED, code="state_conflict", phase=Phase.ACTIVATION)
    told_inactive = visit.status is not None and visit.status.customer_status in _REGISTERED_STATES
    if journey.doubts == 1 or (told_inactive and journey.doubts < rules.max_tries):
        return Send(step=at)
    return Rest(standing=Standing.IN_DOUBT, code="outcome_unknown", phase=Phase.ACTIVATION)


_IN_DOUBT = {
    CallName.REGISTER: _settle_registration,
    CallName.OPEN_VERIFICATION: _settle_verification,
    CallName.UPLOAD_DOCUMENT: _settle_document,
    CallName.APPROVE: _settle_approval,
    CallName.ACCEPT_CONSENT: _settle_consent,
    CallName.ACTIVATE: _settle_activation,
}
