"""Phase 3, session: the customer logs in with the derived password. It changes nothing and may be repeated freely."""

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.finhub.statuses import CustomerStatus
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Move, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation
from finhub_onboard.journey.verdicts import Judgement, Verdict, judgement
from finhub_onboard.model import Journey, Phase


def next_move(at: Situation) -> Move:
    """Log in. Without a user id (found through deliveries) only this phase is skipped (API.md, section 9)."""
    return _OPEN if at.journey.user_id else _COMPLETE


def take_opened(answer: Accepted) -> Moved:
    """The customer is logged in."""
    return advance(answer.journey, Phase.SESSION, now=answer.now), answer.fresh


def judge_unauthorised(reply: Reply, _: int) -> Judgement:
    """The bank refuses the customer's own log-in; no token was sent that could have expired."""
    return judgement(Verdict.REFUSED, Code.USER_LOCKED if reply.kind is Kind.LOCKED else Code.LOGIN_REFUSED)


def expect_opened(_: Foreseen) -> Reply:
    """The bank returns a token."""
    return Reply(facts=Facts(token="-"))  # noqa: S106 - no token


def is_further(_: Journey, facts: Facts) -> bool | None:
    """An active customer at the first log-in was activated by a run that the ledger does not know."""
    return facts.customer_status == CustomerStatus.ACTIVE if facts.customer_status else None


_OPEN = Send(step=step(CallName.OPEN_SESSION))
_COMPLETE = Advance(phase=Phase.SESSION)
RULES = PhaseRules(
    call=CallName.OPEN_SESSION,
    next_move=next_move,
    judge_refused={401: judge_unauthorised},
    replies={CallName.OPEN_SESSION: take_opened},
    expected={CallName.OPEN_SESSION: expect_opened},
    restored=RestoredRules(is_further={CallName.OPEN_SESSION: is_further}),
)
