"""Phase 4, verification: opened once with the document's type and number. Verifications cannot be read."""

from collections.abc import Iterator

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.finhub.documents import expected_documents
from finhub_onboard.finhub.statuses import REFUSED_STATES
from finhub_onboard.journey.activation_check import is_approved, is_expired, is_refused, take_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Doubt, JourneyRules, Move, Rest, Revise, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.progress import advance, settle_attempts
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement, Verdict, judgement
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Journey, Phase, Risk, Standing
from finhub_onboard.model.columns import DOCUMENT_COLUMNS

_NEEDED = ("document_type", "document_number")
VERIFIED_COLUMNS = frozenset(_NEEDED)
"""The columns of the request."""
EVIDENCE_COLUMNS = VERIFIED_COLUMNS | set(DOCUMENT_COLUMNS)
"""What the bank decides a verification by."""


def lacking(at: Situation) -> Iterator[Rest]:
    """The required columns that the row does not have."""
    for column in _NEEDED if at.rules.verification_needs_document else ():
        if not getattr(at.customer, column):
            yield Rest(
                standing=Standing.PARKED, code=Code.DOCUMENT_NUMBER_MISSING, phase=Phase.VERIFICATION, field=column
            )


def next_move(at: Situation) -> Move:
    """Open a verification, if the row has what it needs."""
    return next(lacking(at), None) or _OPEN


def take_opened(answer: Accepted) -> Moved:
    """Store the id, and the documents that the bank requires."""
    facts = answer.facts
    known = replace(answer.journey, verification_id=facts.verification_id, required=facts.required)
    return advance(known, Phase.VERIFICATION, now=answer.now), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """A conflict may be confirmed by the check; otherwise the one repeat, then a person."""
    if doubt.is_conflict:
        return doubt.confirm_conflict() or doubt.rest(Standing.PARKED, Code.STATE_CONFLICT)
    return doubt.repeat() if doubt.may_repeat else doubt.ask_person()


def judge_accepted(reply: Reply) -> Judgement:
    """The bank may refuse the verification at once."""
    return _DECLINED if reply.facts.status in REFUSED_STATES else DONE


def judge_unprocessable(reply: Reply, _: int) -> Judgement | None:
    """The bank refuses the verification, or misses documents; anything else is the row's."""
    return _UNPROCESSABLE.get(reply.kind)


def needs_admin(rules: JourneyRules) -> bool:
    """``POST /verifications`` does not accept a customer's token."""
    return rules.verification_by_admin


def open_declined(journey: Journey) -> Journey:
    """The row has new evidence for a refused verification: open a new one."""
    if not journey.verification_id:
        return journey
    return replace(
        journey,
        done=Phase.VERIFICATION.number - 1,
        verification_id="",
        required=None,
        uploaded=(),
        claimed=tuple(name for name in journey.claimed if name != IdKind.VERIFICATION),
    )


def begin_again(journey: Journey, visit: Visit, _: Facts) -> Moved | None:
    """Open a verification in place of one that has expired, whatever is unresolved about that one; once in a visit."""
    if Phase.VERIFICATION in visit.begun_again:
        return None
    begun = replace(unread(visit), check_first=False, begun_again=visit.begun_again | {Phase.VERIFICATION})
    return open_declined(settle_attempts(journey)), begun


def replace_expired(at: Situation) -> Move | None:
    """Begin again if the check shows that the verification has expired; a second one that does so is for a person."""
    if at.visit.check is None or not is_expired(at.visit.check):
        return None
    if begun := begin_again(at.journey, at.visit, at.visit.check):
        return Revise(journey=begun[0], visit=begun[1])
    return Rest(standing=Standing.PARKED, code=Code.VERIFICATION_EXPIRED, phase=Phase.VERIFICATION)


def judge_expired(reply: Reply, _: int) -> Judgement | None:
    """A call about a verification that has expired: begin again with another one."""
    if reply.kind is not Kind.VERIFICATION_EXPIRED:
        return None
    return judgement(Verdict.VERIFICATION_AGAIN, Code.VERIFICATION_EXPIRED)


def expect_opened(at: Foreseen) -> Reply:
    """High risk shows only together with a list of documents."""
    # Only the call on the customer's path names documents.
    required = None if at.rules.verification_by_admin else expected_documents(at.expected.level)
    risk = Risk.HIGH if at.is_high and required else ""
    return Reply(facts=Facts(verification_id="known", required=required, risk=risk))


def compare(at: Situation, check: Facts) -> Move | None:
    """The ledger may lack an open verification, or a refusal of the one that it has."""
    if is_approved(check):
        return None
    if at.journey.done < Phase.VERIFICATION.number:
        return Doubt(step=_OPEN.step, done=Phase.SESSION)
    if is_refused(check):
        return Rest(standing=Standing.DECLINED, code=Code.VERIFICATION_REFUSED, phase=Phase.APPROVAL)
    return None


def columns(_: str) -> frozenset[str]:
    """The columns of the request."""
    return VERIFIED_COLUMNS


def sent(journey: Journey) -> frozenset[str]:
    """The same, once the verification is open."""
    return VERIFIED_COLUMNS if journey.done >= Phase.VERIFICATION.number else frozenset()


_OPEN = Send(step=step(CallName.OPEN_VERIFICATION))
_DECLINED = judgement(Verdict.DECLINED, Code.VERIFICATION_REFUSED)
_UNPROCESSABLE = {
    Kind.VERIFICATION_REFUSED: _DECLINED,
    Kind.MISSING_DOCUMENTS: judgement(Verdict.PARKED, Code.DOCUMENT_MISSING),
    Kind.HIGH_RISK: judgement(Verdict.PARKED, Code.HIGH_RISK),
}
RULES = PhaseRules(
    call=CallName.OPEN_VERIFICATION,
    next_move=next_move,
    needs_admin=needs_admin,
    judge_accepted=judge_accepted,
    judge_refused={422: judge_unprocessable},
    replies={CallName.OPEN_VERIFICATION: take_opened, CallName.CHECK: take_check},
    expected={CallName.OPEN_VERIFICATION: expect_opened, CallName.CHECK: Foreseen.pass_check},
    settle=settle,
    question=Question(
        text="Does this customer have a verification? If so, fill in verification_id.", brings=("verification_id",)
    ),
    lacking=lacking,
    may_lack=dict.fromkeys(_NEEDED, Code.DOCUMENT_NUMBER_MISSING),
    columns=columns,
    sent=sent,
    known_by=("document_number",),
    evidence_columns=EVIDENCE_COLUMNS,
    open_declined=open_declined,
    begin_again=begin_again,
    retries_conflict=True,
    restored=RestoredRules(compare=compare),
)
