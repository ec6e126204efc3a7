"""Phase 8, activation: it completes the journey. In doubt, the customer's status is read before any repeat.

API.md, section 9: one repeat after a read, further ones only while a read shows that nothing happened.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.finhub.statuses import NOT_ACTIVE_YET, CustomerStatus
from finhub_onboard.journey.activation_check import is_approved
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Doubt, Move, Resolve, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import Judgement, Verdict, judgement
from finhub_onboard.journey.visit import Visit, with_delivery_page
from finhub_onboard.model import Phase, Repeat, Standing


def next_move(_: Situation) -> Move:
    """Activate the customer."""
    return _ACTIVATE


def take_activated(answer: Accepted) -> Moved:
    """The journey is complete."""
    return advance(answer.journey, Phase.ACTIVATION, now=answer.now), answer.fresh


def take_status(answer: Accepted) -> Moved:
    """Store the customer's status, which a log-in returns."""
    return answer.journey, replace(answer.visit, status=answer.facts)


def take_deliveries(answer: Accepted) -> Moved:
    """One page of deliveries, which may show the activation."""
    if answer.facts.activated:
        return take_activated(answer)
    return answer.journey, with_delivery_page(answer.visit, answer.facts)


def find_activation(at: Situation) -> Move | None:
    """Look in the customer's status whether somebody else has activated it; ``None``: it does not say so."""
    visit = at.visit
    if visit.status is not None:
        return _COMPLETE if visit.status.customer_status == CustomerStatus.ACTIVE else None
    return _READ_STATUS if at.journey.user_id and not visit.status_refused else None


def settle(doubt: Unresolved) -> Move:
    """Read the status, then the deliveries; without a successful read nothing is repeated."""
    visit, journey = doubt.visit, doubt.journey
    # Not if the row names another person: its log-in would return that person's status.
    if visit.status is None and not visit.status_refused and journey.user_id and doubt.unsafe is None:
        return _READ_STATUS
    status = visit.status.customer_status if visit.status is not None else ""
    if status == CustomerStatus.ACTIVE:
        return Resolve(step=doubt.at)
    if doubt.rules.webhooks and not visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(visit.page), phase=Phase.ACTIVATION))
    if doubt.is_conflict:
        return doubt.rest(Standing.PARKED, Code.STATE_CONFLICT)
    was_read = visit.status is not None or visit.searched
    told_inactive = status in NOT_ACTIVE_YET and journey.doubts < doubt.rules.max_tries
    if (doubt.may_repeat and was_read) or (told_inactive and journey.repeat is not Repeat.REFUSED):
        return doubt.repeat()
    return doubt.ask_person()


def judge_bad_request(reply: Reply, _: int) -> Judgement | None:
    """Consents may be missing, or the admin user lacks the role."""
    match reply.kind:
        case Kind.MISSING_CONSENTS:
            return judgement(Verdict.CONSENTS_AGAIN, Code.MISSING_CONSENTS)
        case Kind.ROLE:
            return judgement(Verdict.FATAL, Code.ROLE_REFUSED)
        case _:
            return None


def judge_unprocessable(_: Reply, earlier_attempts: int) -> Judgement:
    """Not verified: the bank lags, or, after an earlier attempt, there is another reason."""
    return judgement(Verdict.REFUSED if earlier_attempts else Verdict.RETRY, Code.NOT_VERIFIED)


def note_unread_status(visit: Visit) -> Visit:
    """The log-in failed: the status cannot be read."""
    return replace(visit, status_refused=True)


def expect_active(_: Foreseen) -> Reply:
    """The status and the deliveries show the activation."""
    return Reply(facts=Facts(customer_status=CustomerStatus.ACTIVE, activated=True))


def compare(_: Situation, check: Facts) -> Move | None:
    """Only the activation is left, and it may have been carried out as well.

    Its one repeat is left, because it is sent only after a read.
    """
    if not is_approved(check) or check.consent_ok is not True:
        return None
    return Doubt(step=_ACTIVATE.step, done=Phase.CONSENTS, repeat=Repeat.UNUSED)


_ACTIVATE = Send(step=step(CallName.ACTIVATE))
_COMPLETE = Advance(phase=Phase.ACTIVATION)
_READ_STATUS = Send(step=step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION))
RULES = PhaseRules(
    call=CallName.ACTIVATE,
    next_move=next_move,
    judge_refused={400: judge_bad_request, 422: judge_unprocessable},
    replies={
        CallName.ACTIVATE: take_activated,
        CallName.OPEN_SESSION: take_status,
        CallName.LIST_DELIVERIES: take_deliveries,
    },
    unread={CallName.OPEN_SESSION: note_unread_status},
    expected={CallName.OPEN_SESSION: expect_active, CallName.LIST_DELIVERIES: expect_active},
    settle=settle,
    question=Question(text="Is this customer active?"),
    restored=RestoredRules(compare=compare),
)
