"""Phase 6, approval: the job approves what the settings allow; it reads the check before it repeats anything.

API.md, sections 5 and 9: only the power tenant approves high risk; the activation check shows what was decided.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.finhub.documents import expected_documents
from finhub_onboard.finhub.statuses import REFUSED_STATES, VerificationStatus
from finhub_onboard.journey.activation_check import is_approved, is_refused, take_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Move, Resolve, Rest, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.phases import p7_consents
from finhub_onboard.journey.phases.p4_verification import judge_expired, replace_expired
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement, Verdict, judgement
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Phase, Repeat, Risk, Standing

_CHECKS_BEFORE_REPEAT = 2
"""The activation check may lag behind an approval that was carried out."""


def gate(at: Situation, _: str = "") -> Rest | None:
    """Customers whom the job may not approve: a person must."""
    if at.is_high_risk:
        return _rest(Standing.PARKED, Code.HIGH_RISK)
    # An unknown level counts as the highest that is not high (DESIGN 3.3).
    level = at.customer.risk_level or at.journey.risk or Risk.MEDIUM
    return None if level in at.rules.auto_levels else _rest(Standing.PARKED, Code.APPROVAL_NEEDED)


def next_move(at: Situation) -> Move:
    """Approve; verifications from before this visit, and after a refusal of the role, are checked first."""
    check, role_refused = at.visit.check, at.visit.role_refused
    if check is None and (at.visit.check_first or role_refused):
        return _CHECK
    if check is not None and is_approved(check):
        return _COMPLETE
    if check is not None and is_refused(check):
        return _rest(Standing.DECLINED, Code.VERIFICATION_REFUSED)
    if expired := replace_expired(at):
        return expired
    if held := gate(at):
        return held
    return _ROLE_REFUSED if role_refused else _APPROVE


def take_approved(answer: Accepted) -> Moved:
    """The verification is approved."""
    return advance(answer.journey, Phase.APPROVAL, now=answer.now), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """The check decides; the one repeat is sent only if a second check still denies the approval."""
    check = doubt.visit.check
    if check is None:
        return doubt.read_check()
    if is_approved(check):
        return Resolve(step=doubt.at)
    if is_refused(check):
        return doubt.rest(Standing.DECLINED, Code.VERIFICATION_REFUSED)
    if expired := replace_expired(doubt):
        return expired
    if check.high_risk:
        return doubt.rest(Standing.PARKED, Code.HIGH_RISK)
    if doubt.visit.role_refused:
        return _ROLE_REFUSED
    if doubt.visit.polls < _CHECKS_BEFORE_REPEAT:
        return doubt.read_check()
    for code in (Code.STATE_CONFLICT, Code.APPROVAL_NOT_FINAL):
        if doubt.journey.code == code:
            return doubt.rest(Standing.PARKED, code)
    if doubt.may_repeat:
        return doubt.repeat()
    if check.verification_ok is False:
        is_answered = doubt.journey.repeat is Repeat.REFUSED
        return doubt.rest(Standing.PARKED, Code.NOT_VERIFIED if is_answered else Code.APPROVAL_LOST)
    return doubt.ask_person()


def judge_accepted(reply: Reply) -> Judgement:
    """Only the status APPROVED is an approval."""
    if reply.facts.status in REFUSED_STATES:
        return _DECLINED
    return DONE if reply.facts.status == VerificationStatus.APPROVED else _NOT_FINAL


def judge_forbidden(reply: Reply, _: int) -> Judgement | None:
    """The admin user may lack the role, or the refusal is about this customer: the check shows which."""
    return None if reply.kind is Kind.HIGH_RISK else judgement(Verdict.LOOK, Code.ROLE_REFUSED)


def judge_unprocessable(reply: Reply, earlier_attempts: int) -> Judgement | None:
    """The verification is refused, documents are missing, or a person must look."""
    if expired := judge_expired(reply, earlier_attempts):
        return expired
    if reply.field and reply.kind not in _UNPROCESSABLE:
        return None
    return _UNPROCESSABLE.get(reply.kind, _NOT_APPROVED)


def expect_approved(at: Foreseen) -> Reply:
    """The bank refuses to let the job approve a high risk, or a customer whose documents it has not got."""
    if at.is_high:
        return Reply(status=403, says=403, readable=True, kind=Kind.HIGH_RISK)
    needed = expected_documents(at.expected.level) if at.journey.required is None else ()
    if missing := tuple(kind for kind in needed if kind not in at.journey.uploaded):
        return Reply(status=422, says=422, readable=True, kind=Kind.MISSING_DOCUMENTS, facts=Facts(required=missing))
    return Reply()


def expect_check(at: Foreseen) -> Reply:
    """Before the job approves, the check shows whether people have."""
    if at.journey.doubts:
        return at.pass_check()
    approved, level = at.expected.approved, at.expected.level
    return Reply(facts=Facts(verification_ok=approved, power_approval_ok=approved, high_risk=at.is_high, risk=level))


def compare(at: Situation, check: Facts) -> Move | None:
    """An approved customer has completed all phases up to this one."""
    return _COMPLETE if is_approved(check) and at.journey.done < Phase.APPROVAL.number else None


def _rest(standing: Standing, code: Code) -> Rest:
    return Rest(standing=standing, code=code, phase=Phase.APPROVAL)


_APPROVE = Send(step=step(CallName.APPROVE))
_CHECK = Send(step=step(CallName.CHECK, phase=Phase.APPROVAL))
_COMPLETE = Advance(phase=Phase.APPROVAL)
_ROLE_REFUSED = Rest(standing=Standing.OPEN, code=Code.ROLE_REFUSED, phase=Phase.APPROVAL, fatal=True)
_DECLINED = judgement(Verdict.DECLINED, Code.VERIFICATION_REFUSED)
_NOT_APPROVED = judgement(Verdict.PARKED, Code.NOT_VERIFIED)
_UNPROCESSABLE = {
    Kind.VERIFICATION_REFUSED: _DECLINED,
    # Whether the row has them, or the bank did not accept them, the documents' phase will tell.
    Kind.MISSING_DOCUMENTS: replace(
        judgement(Verdict.DOCUMENTS_AGAIN, Code.DOCUMENT_MISSING),
        message="the bank misses documents for the approval",
        hint="the job sends those that the row has; what is left is said by the row's result",
    ),
    Kind.HIGH_RISK: judgement(Verdict.PARKED, Code.HIGH_RISK),
}
_NOT_FINAL = judgement(Verdict.CONFIRM, Code.APPROVAL_NOT_FINAL)
RULES = PhaseRules(
    call=CallName.APPROVE,
    path_id=IdKind.VERIFICATION,
    next_move=next_move,
    judge_accepted=judge_accepted,
    judge_refused={
        **dict.fromkeys((404, 409, 410), judge_expired),
        403: judge_forbidden,
        422: judge_unprocessable,
    },
    replies={CallName.APPROVE: take_approved, CallName.CHECK: take_check},
    expected={CallName.APPROVE: expect_approved, CallName.CHECK: expect_check},
    settle=settle,
    question=Question(text="Is this verification approved?"),
    gate=gate,
    is_decided_by_people=True,
    # Approvals may be anybody's and prove nothing, but only the job sends consents.
    restored=RestoredRules(compare=compare, is_further={CallName.CHECK: p7_consents.is_further}),
)
