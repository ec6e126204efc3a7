"""Phase 4, verification: opened once with the document's type and number. No read of verifications exists."""

from collections.abc import Iterator

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Reply, step
from finhub_onboard.finhub.statuses import REFUSED_STATES
from finhub_onboard.journey.activation_check import take_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Move, Rest, Send
from finhub_onboard.journey.phase_rules import PhaseRules
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement, Verdict, judgement
from finhub_onboard.model import DOCUMENT_COLUMNS, Journey, Phase, Standing

_NEEDED = ("document_type", "document_number")
VERIFIED_COLUMNS = frozenset(_NEEDED)
"""Columns that the call sends."""
EVIDENCE_COLUMNS = VERIFIED_COLUMNS | set(DOCUMENT_COLUMNS)
"""What a verification decides by."""


def lacking(at: Situation) -> Iterator[Rest]:
    """What the call must say and the row does not."""
    for column in _NEEDED if at.rules.verification_needs_document else ():
        if not getattr(at.customer, column):
            yield Rest(
                standing=Standing.PARKED, code=Code.DOCUMENT_NUMBER_MISSING, phase=Phase.VERIFICATION, field=column
            )


def next_move(at: Situation) -> Move:
    """Open a verification, if the row says what it needs."""
    return next(lacking(at), None) or _OPEN


def take_opened(answer: Accepted) -> Moved:
    """The bank names the documents that it asks for."""
    facts = answer.facts
    known = replace(answer.journey, verification_id=facts.verification_id, required=facts.required)
    return advance(known, Phase.VERIFICATION, now=answer.now), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """A conflict is confirmed by the check, if at all; else the one repeat, and then a person must look."""
    if doubt.is_conflict:
        return doubt.confirm_conflict() or doubt.rest(Standing.PARKED, Code.STATE_CONFLICT)
    return doubt.repeat() if doubt.may_repeat else doubt.ask_person()


def judge_accepted(reply: Reply) -> Judgement:
    """The bank may decide at once."""
    return _DECLINED if reply.facts.status in REFUSED_STATES else DONE


def judge_unprocessable(_: Reply, __: int) -> Judgement:
    """The evidence is refused."""
    return _DECLINED


def columns(_: str) -> frozenset[str]:
    """What the call sends."""
    return VERIFIED_COLUMNS


def sent(journey: Journey) -> frozenset[str]:
    """The same, once the verification is open."""
    return VERIFIED_COLUMNS if journey.done >= Phase.VERIFICATION.number else frozenset()


_OPEN = Send(step=step(CallName.OPEN_VERIFICATION))
_DECLINED = judgement(Verdict.DECLINED, Code.VERIFICATION_REFUSED)
RULES = PhaseRules(
    call=CallName.OPEN_VERIFICATION,
    next_move=next_move,
    judge_accepted=judge_accepted,
    judge_refused={422: judge_unprocessable},
    replies={CallName.OPEN_VERIFICATION: take_opened, CallName.CHECK: take_check},
    settle=settle,
    question=Question(
        text="Does this customer have a verification? If so, fill in verification_id.", brings=("verification_id",)
    ),
    lacking=lacking,
    columns=columns,
    known_by=("document_number",),
    sent=sent,
)
