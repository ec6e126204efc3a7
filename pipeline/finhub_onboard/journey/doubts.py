"""How a step in doubt is settled: what to read, when it may be repeated, and when a person must look. Pure.

API.md section 9 row by row. Reads to settle are always made; a repeat passes the same gate as its first sending, and
there is one. What cannot be settled stays in doubt: nothing is ever sent again on a guess.
"""

from collections.abc import Callable

from finhub_onboard.finhub.calls import CallName, Facts, Step, step
from finhub_onboard.journey import gates
from finhub_onboard.journey.move_kinds import Advance, JourneyRules, Move, Resolve, Rest, Send
from finhub_onboard.journey.policy import REFUSED_STATES
from finhub_onboard.journey.sent import shown_as
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import CONSENTS, Customer, Journey, Phase, Repeat, Standing

CONSENT_NAMES = dict(
    zip(
        (consent.replace("_", "-") for consent in CONSENTS),
        ("TERMS_AND_CONDITIONS", "PRIVACY_POLICY", "DATA_PROCESSING"),
        strict=True,
    )
)
"""Path of a consent -> its name in the activation check."""
# What the bank calls a customer who is not active yet (API.md, section 3); any other word says nothing.
_REGISTERED_STATES = frozenset({"CS_REGISTRATION_COMPLETED", "PENDING_VERIFICATION", "PENDING_ACTIVATION"})
_POLLS_BEFORE_REPEAT = 2
_CONFLICT = "state_conflict"
_CLAIM = "claim_unknown"


class _Doubt:
    """One step in doubt, with all that decides about it."""

    def __init__(self, at: Step, journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> None:
        self.at = at
        self.journey = journey
        self.customer = customer
        self.visit = visit
        self.rules = rules
        self.held = gates.repeat(at, journey, customer, visit.row, rules)
        self.conflict = journey.code == _CONFLICT

    @property
    def may_repeat(self) -> bool:
        """Whether the one repeat is left."""
        return self.journey.repeat in (Repeat.UNUSED, Repeat.GRANTED)

    def again(self) -> Move:
        """Send the step again, if its gate lets it through."""
        return self.held or Send(step=self.at)

    def rest(self, standing: Standing, code: str) -> Rest:
        """Stop at the step's phase."""
        return Rest(standing=standing, code=code, phase=self.at.phase)

    def unknown(self, code: str = "outcome_unknown") -> Rest:
        """Only a person can tell; that the row changed, or that an answer was wrong, is the first thing to know."""
        if self.journey.code == _CLAIM:
            code = _CLAIM
        changed = gates.changed_in_doubt(self.at, self.journey, self.visit.row)
        return changed or self.rest(Standing.IN_DOUBT, code)

    def look(self) -> Send:
        """Ask the activation check."""
        return Send(step=step(CallName.CHECK, phase=self.at.phase), poll=self.visit.polls)


def settle(at: Step, journey: Journey, customer: Customer, visit: Visit, rules: JourneyRules) -> Move:
    """What to do about ``at``, whose outcome is unknown."""
    return _SETTLE[at.call.name](_Doubt(at, journey, customer, visit, rules))


def is_approved(check: Facts) -> bool:
    """Whether the activation check says that the verification is approved by all who must."""
    return check.verification_ok is True and check.power_approval_ok is not False


def _registration(doubt: _Doubt) -> Move:
    if doubt.may_repeat and doubt.held is None:
        return Send(step=doubt.at)
    if doubt.rules.webhooks and not doubt.visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(doubt.visit.page)))
    if doubt.may_repeat and doubt.held is not None:
        return doubt.held
    exists = doubt.journey.code == "exists_after_doubt"
    return doubt.unknown("exists_after_doubt" if exists else "registration_in_doubt")


def _conflict(doubt: _Doubt) -> Move | None:
    """The bank says that this is done or decided already: the check confirms it, else a person looks."""
    check = doubt.visit.check
    if check is None:
        return doubt.look()
    if is_approved(check):
        return Advance(phase=Phase.APPROVAL)
    if check.status in REFUSED_STATES:
        return doubt.rest(Standing.DECLINED, "verification_refused")
    return None


def _verification(doubt: _Doubt) -> Move:
    if doubt.conflict:
        return _conflict(doubt) or doubt.rest(Standing.PARKED, _CONFLICT)
    return doubt.again() if doubt.may_repeat else doubt.unknown()


def _document(doubt: _Doubt) -> Move:
    if doubt.conflict and (move := _conflict(doubt)):
        return move
    if doubt.may_repeat and not doubt.conflict:
        return doubt.again()
    if doubt.journey.doubts > 1 or not doubt.conflict:
        if doubt.visit.listed is None:
            return Send(step=step(CallName.LIST_DOCUMENTS))
        if _is_listed(doubt, doubt.visit.listed):
            return Resolve(step=doubt.at)
    return doubt.rest(Standing.PARKED, _CONFLICT) if doubt.conflict else doubt.unknown()


def _is_listed(doubt: _Doubt, listed: Facts) -> bool:
    """Whether the bank has as many documents of this very kind as have left for it."""
    own = shown_as(doubt.at.item, doubt.customer.document_type)
    left = sum(mark.partition("=")[0] in own for mark in doubt.journey.documents)
    return sum(kind in own for kind in listed.uploaded) >= max(1, left)


def _approval(doubt: _Doubt) -> Move:
    check, visit = doubt.visit.check, doubt.visit
    if check is None:
        return doubt.look()
    if is_approved(check):
        return Resolve(step=doubt.at)
    if check.status in REFUSED_STATES:
        return doubt.rest(Standing.DECLINED, "verification_refused")
    if check.high_risk:
        return doubt.rest(Standing.PARKED, "high_risk")
    if visit.role_refused:
        return Rest(standing=Standing.OPEN, code="role_refused", phase=Phase.APPROVAL, fatal=True)
    if visit.polls < _POLLS_BEFORE_REPEAT:
        return doubt.look()
    if doubt.conflict or doubt.journey.code == "approval_not_final":
        return doubt.rest(Standing.PARKED, doubt.journey.code)
    if doubt.may_repeat:
        return doubt.again()
    if check.verification_ok is False:
        return doubt.rest(Standing.PARKED, "approval_lost")
    return doubt.unknown()


def _consent(doubt: _Doubt) -> Move:
    check = doubt.visit.check
    if check is None:
        return doubt.look()
    missing = check.missing_consents
    if check.consent_ok or (missing is not None and CONSENT_NAMES[doubt.at.item] not in missing):
        return Resolve(step=doubt.at)
    # A consent may be given twice without harm; what is missing is sent again.
    if doubt.journey.doubts < doubt.rules.max_tries and doubt.journey.repeat is not Repeat.REFUSED:
        return doubt.again()
    return doubt.unknown()


def _activation(doubt: _Doubt) -> Move:
    visit, journey = doubt.visit, doubt.journey
    if visit.status is None and not visit.status_refused and journey.user_id and not _is_unsafe(doubt):
        return Send(step=step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION))
    told = visit.status.customer_status if visit.status is not None else ""
    if told == "ACTIVE":
        return Resolve(step=doubt.at)
    if doubt.rules.webhooks and not visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(visit.page), phase=Phase.ACTIVATION))
    if doubt.conflict:
        return doubt.rest(Standing.PARKED, _CONFLICT)
    # Where nothing could be read a repeat would be blind.
    was_read = visit.status is not None or visit.searched
    told_inactive = told in _REGISTERED_STATES and journey.doubts < doubt.rules.max_tries
    if (doubt.may_repeat and was_read) or (told_inactive and journey.repeat is not Repeat.REFUSED):
        return doubt.again()
    return doubt.unknown()


def _is_unsafe(doubt: _Doubt) -> bool:
    """Whether a log-in would name somebody else."""
    return gates.unsafe_change(doubt.journey, doubt.visit.row) is not None


_SETTLE: dict[CallName, Callable[[_Doubt], Move]] = {
    CallName.REGISTER: _registration,
    CallName.OPEN_VERIFICATION: _verification,
    CallName.UPLOAD_DOCUMENT: _document,
    CallName.APPROVE: _approval,
    CallName.ACCEPT_CONSENT: _consent,
    CallName.ACTIVATE: _activation,
}
