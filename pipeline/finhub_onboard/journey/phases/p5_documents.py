"""Phase 5, documents: required documents are uploaded once; the bank's own list settles uploads in doubt."""

from collections.abc import Collection, Iterator
from itertools import chain

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Reply, step
from finhub_onboard.finhub.documents import (
    BACK,
    DOCUMENT_COLUMN_OF,
    IDENTITY_KINDS,
    REQUIRED_DOCUMENTS,
    UNKNOWN,
    DocumentKind,
    shown_as,
)
from finhub_onboard.journey.activation_check import is_approved, take_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Move, Resolve, Rest, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.phases.p4_verification import judge_expired, replace_expired
from finhub_onboard.journey.progress import clear_reason, settle_attempts
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.sent_documents import SentDocument
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Journey, Phase, Standing
from finhub_onboard.model.columns import DOCUMENT_COLUMNS

FALLBACK_KINDS = (DocumentKind.GOVERNMENT_ID, DocumentKind.PROOF_OF_ADDRESS, DocumentKind.SOURCE_OF_FUNDS)
"""What is uploaded where the bank names no documents: all that a row can have (API.md, section 14)."""


def _wanted(journey: Journey) -> Iterator[tuple[str, str]]:
    """The required documents that were not sent yet, each with its column; empty if no column has such."""
    for kind in FALLBACK_KINDS if journey.required is None else journey.required:
        if kind not in journey.uploaded:
            yield kind, DOCUMENT_COLUMN_OF.get(kind, "")


def _back(journey: Journey) -> Iterator[tuple[str, str]]:
    """The back side of the identity document, where the bank wants that one; no row lacks it."""
    kinds = FALLBACK_KINDS if journey.required is None else journey.required
    if BACK not in journey.uploaded and not set(kinds).isdisjoint(IDENTITY_KINDS):
        yield BACK, DOCUMENT_COLUMN_OF[BACK]


def lacking(at: Situation) -> Iterator[Rest]:
    """The required documents that were not sent yet and that the row does not have."""
    if at.is_high_risk:
        return  # the power tenant collects the further documents itself; the row is parked at approval
    for kind, column in _wanted(at.journey):
        if column and getattr(at.customer, column):
            continue
        # Where the bank names no documents, all but the identity is an assumption: its absence stops nobody.
        if at.journey.required is not None or kind in IDENTITY_KINDS:
            name = "" if kind == UNKNOWN else kind
            yield Rest(
                standing=Standing.PARKED, code=Code.DOCUMENT_MISSING, phase=Phase.DOCUMENTS, field=column, item=name
            )


def next_move(at: Situation) -> Move:
    """Upload what the row has, then stop at what it lacks, or at what the bank did not accept."""
    for kind, column in chain(_wanted(at.journey), _back(at.journey)):
        if column and getattr(at.customer, column):
            return _UPLOAD[kind]
    if held := next(lacking(at), None):
        return held
    for kind in at.visit.refused:
        column = DOCUMENT_COLUMN_OF.get(kind, "")
        return Rest(
            standing=Standing.PARKED, code=Code.DOCUMENT_REFUSED, phase=Phase.DOCUMENTS, field=column, item=kind
        )
    return _COMPLETE


def take_uploaded(answer: Accepted) -> Moved:
    """Store one uploaded document; the phase goes on."""
    known = replace(settle_attempts(answer.journey), uploaded=(*answer.journey.uploaded, answer.step.item))
    return clear_reason(known), answer.fresh


def begin_again(journey: Journey, visit: Visit, refusal: Facts) -> Moved | None:
    """An approval is refused for documents that are missing: send those, or stop at what the row lacks.

    A bank that does not name them means all that the contract asks for. Those that were uploaded it has refused. An
    earlier approval of unknown outcome was not carried out if the check denies it, too.
    """
    if journey.doubts and (visit.check is None or visit.check.verification_ok is not False):
        return None
    missing = refusal.required or FALLBACK_KINDS
    refused = tuple(kind for kind in missing if kind in journey.uploaded)
    required = tuple(dict.fromkeys((*(journey.required or ()), *missing)))
    begun = replace(settle_attempts(journey), done=Phase.VERIFICATION.number, required=required)
    return begun, replace(unread(visit), refused=refused)


def take_replaced(journey: Journey, changed: Collection[str]) -> Journey:
    """The row has other documents in these columns: they are sent in place of those that the bank did not accept."""
    if journey.code != Code.DOCUMENT_REFUSED:
        return journey
    kept = tuple(kind for kind in journey.uploaded if DOCUMENT_COLUMN_OF.get(kind) not in changed)
    return replace(journey, uploaded=kept)


def take_list(answer: Accepted) -> Moved:
    """Store the bank's list of documents for this step."""
    return answer.journey, replace(answer.visit, listed=answer.facts)


def settle(doubt: Unresolved) -> Move:
    """A conflict may be confirmed by the check; otherwise the one repeat, then the bank's list, then a person."""
    if move := replace_expired(doubt):
        return move
    if doubt.is_conflict and (move := doubt.confirm_conflict()):
        return move
    if doubt.may_repeat and not doubt.is_conflict:
        return doubt.repeat()
    if doubt.journey.doubts > 1 or not doubt.is_conflict:
        if doubt.visit.listed is None:
            return _LIST
        if _is_listed(doubt, doubt.visit.listed):
            return Resolve(step=doubt.at)
    return doubt.rest(Standing.PARKED, Code.STATE_CONFLICT) if doubt.is_conflict else doubt.ask_person()


def _is_listed(doubt: Unresolved, listed: Facts) -> bool:
    """Whether the bank lists as many documents of this kind as were sent."""
    own = shown_as(doubt.at.item, doubt.customer.document_type)
    left = sum(SentDocument.read(mark).kind in own for mark in doubt.journey.documents)
    return sum(kind in own for kind in listed.uploaded) >= max(1, left)


def compare(at: Situation, check: Facts) -> Move | None:
    """Read the bank's list of documents, which shows earlier uploads."""
    is_next = at.journey.done == Phase.VERIFICATION.number
    return _LIST if is_next and not is_approved(check) and at.visit.listed is None else None


def learn(at: Situation, _: Facts) -> Journey:
    """Required documents that the bank lists are uploaded."""
    journey, listed = at.journey, at.visit.listed
    if listed is None:
        return journey
    every = tuple(kind for kind in DOCUMENT_COLUMN_OF if kind != BACK)  # nothing shows which side is listed
    asked = every if journey.required is None else journey.required
    shown = (kind for kind in asked if shown_as(kind, at.customer.document_type).intersection(listed.uploaded))
    return replace(journey, uploaded=tuple(dict.fromkeys((*journey.uploaded, *shown))))


def expect_list(_: Foreseen) -> Reply:
    """The bank lists every kind of document."""
    return Reply(facts=Facts(uploaded=tuple(kind for kinds in REQUIRED_DOCUMENTS.values() for kind in kinds)))


def columns(kind: str) -> frozenset[str]:
    """The column that holds the document."""
    return frozenset({DOCUMENT_COLUMN_OF[kind]} if kind in DOCUMENT_COLUMN_OF else ())


def sent(journey: Journey) -> frozenset[str]:
    """The columns of accepted documents; once the phase is complete, of all that were sent.

    The outcome of some uploads may stay unknown.
    """
    left = journey.documents if journey.done >= Phase.DOCUMENTS.number else ()
    return frozenset[str]().union(*map(columns, (*journey.uploaded, *(SentDocument.read(mark).kind for mark in left))))


_UPLOAD = {kind: Send(step=step(CallName.UPLOAD_DOCUMENT, kind)) for kind in DOCUMENT_COLUMN_OF}
_LIST = Send(step=step(CallName.LIST_DOCUMENTS))
_COMPLETE = Advance(phase=Phase.DOCUMENTS)
RULES = PhaseRules(
    call=CallName.UPLOAD_DOCUMENT,
    path_id=IdKind.VERIFICATION,
    next_move=next_move,
    judge_refused=dict.fromkeys((404, 409, 410, 422), judge_expired),
    replies={
        CallName.UPLOAD_DOCUMENT: take_uploaded,
        CallName.LIST_DOCUMENTS: take_list,
        CallName.CHECK: take_check,
    },
    expected={CallName.LIST_DOCUMENTS: expect_list, CallName.CHECK: Foreseen.pass_check},
    settle=settle,
    question=Question(text="Does this verification have the document {item}?"),
    lacking=lacking,
    may_lack=dict.fromkeys(DOCUMENT_COLUMNS, Code.DOCUMENT_MISSING),
    columns=columns,
    sent=sent,
    begin_again=begin_again,
    take_replaced=take_replaced,
    retries_conflict=True,
    restored=RestoredRules(compare=compare, learn=learn),
)
