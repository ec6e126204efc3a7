"""What a reply means: API.md section 7 row by row, as one pure function, and how long to wait before a retry.

Promises: the same reply gives the same judgement; an unknown status is never a success. Knows no clock, no ledger
and no HTTP client.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.calls import CallName, Kind, Reply, Step
from finhub_onboard.journey.codes import EXPLANATIONS

_APPROVED = "APPROVED"
_NO_WORD = {Kind.ANOTHERS: "anothers_id", Kind.PERSONAL_ID: "personal_id", Kind.GATEWAY: "gateway_answer"}
"""Answers that are no word of the bank about this customer; one that says 502 only for that gets a code of its own."""
REFUSED_STATES = frozenset({"REJECTED", "DECLINED", "REFUSED", "FAILED"})
"""What the bank calls a verification that is refused."""


class Verdict(StrEnum):
    """What a reply amounts to; stored as a call's outcome."""

    DONE = "done"
    RETRY = "retry"
    """It was not carried out, or it changes nothing: try again."""
    DOUBT = "doubt"
    """It may have been carried out."""
    CONFIRM = "confirm"
    """A conflict or an unclear state: look before anything else is sent."""
    LOOK = "look"
    """Refused for a reason that may be the run's: look at the customer before anything is concluded."""
    EXISTS = "exists"
    """The registration in doubt did happen; the id is unknown."""
    EXPIRED = "expired"
    """The token is refused."""
    CONSENTS_AGAIN = "consents_again"
    REFUSED = "refused"
    DECLINED = "declined"
    PARKED = "parked"
    FATAL = "fatal"
    """It concerns the whole run."""
    SUSPECT = "suspect"
    """It may concern the whole run: not carried out, try again after a pause and see how others fare."""
    ASIDE = "aside"
    """The same, and nobody has passed yet: try again once all others were carried."""
    GIVEN_UP = "given_up"
    """Refused while others pass: not final, a later run tries again."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its stable code, a plain sentence and the next step; ``exit_code`` only for ``FATAL``."""

    verdict: Verdict
    code: str = ""
    message: str = ""
    hint: str = ""
    exit_code: ExitCode = ExitCode.REFUSED


def judge(step: Step, reply: Reply, *, earlier_doubts: int = 0) -> Judgement:
    """Judge the ``reply`` to ``step``; ``earlier_doubts`` counts attempts before it whose outcome is unknown.

    Only a 409 to a registration says something about those (API.md, section 9). A customer who may be active by now
    is not verified for another reason than that the bank lags.
    """
    if not reply.sent:
        # Trouble of this machine is nobody's fault: it uses up no customer's tries.
        verdict = Verdict.SUSPECT if reply.kind is Kind.MACHINE else Verdict.RETRY
        found = _judgement(verdict, "connection_failed")
        return replace(found, message=f"{found.message}: {reply.cause}") if reply.cause else found
    if reply.status is None:
        return _judgement(_unknown(step), "no_answer")
    if reply.accepted and not reply.readable:
        return _judgement(_unknown(step), _NO_WORD.get(reply.kind, "unreadable_answer"))
    if reply.accepted:
        return _judge_accepted(step, reply)
    if reply.kind in _NO_WORD and reply.status < 500 and reply.status != 429:  # noqa: PLR2004
        return _judgement(_unknown(step), _NO_WORD[reply.kind])
    says = reply.says or reply.status
    if says == 409 and step.call.name is CallName.REGISTER and earlier_doubts:  # noqa: PLR2004
        return _judgement(Verdict.EXISTS, "exists_after_doubt")
    if says == 422 and step.call.name is CallName.ACTIVATE and earlier_doubts:  # noqa: PLR2004
        return _judgement(Verdict.REFUSED, "not_verified")
    if says in _BY_STATUS:
        return _BY_STATUS[says](step, reply)
    if 400 <= says < 500:  # noqa: PLR2004 - the class of client errors
        return _judgement(Verdict.REFUSED, "refused")
    if says >= 500:  # noqa: PLR2004 - the class of server errors
        return _judgement(_unknown(step), "server_error")
    return _judgement(_unknown(step), "false_success" if 200 <= says < 300 else "unexpected_status")  # noqa: PLR2004


def backoff_s(attempt: int, *, max_wait_s: float, random: Callable[[], float]) -> float:
    """Seconds before try ``attempt + 1``: exponential from 1 s with full jitter, at most ``max_wait_s``."""
    return min(max_wait_s, 2.0 ** min(attempt - 1, 30)) * random()


def _unknown(step: Step) -> Verdict:
    return Verdict.DOUBT if step.call.changes else Verdict.RETRY


def _judge_accepted(step: Step, reply: Reply) -> Judgement:
    status = reply.facts.status
    if step.call.name in (CallName.APPROVE, CallName.OPEN_VERIFICATION) and status in REFUSED_STATES:
        return _judgement(Verdict.DECLINED, "verification_refused")
    if step.call.name is CallName.APPROVE and status != _APPROVED:
        return _judgement(Verdict.CONFIRM, "approval_not_final")
    return Judgement(verdict=Verdict.DONE)


def _judge_400(step: Step, reply: Reply) -> Judgement:
    if reply.kind is Kind.MISSING_HEADER:
        return _judgement(Verdict.FATAL, "missing_header", ExitCode.UNEXPECTED)
    if step.call.name is CallName.ACTIVATE:
        if reply.kind is Kind.MISSING_CONSENTS:
            return _judgement(Verdict.CONSENTS_AGAIN, "missing_consents")
        if reply.kind is Kind.ROLE:
            return _judgement(Verdict.FATAL, "role_refused")
    if step.call.name is CallName.REGISTER and reply.kind is Kind.CATEGORIZATION:
        return _judgement(Verdict.REFUSED, "category_refused")
    return _judgement(Verdict.REFUSED, "refused")


def _judge_401(step: Step, reply: Reply) -> Judgement:
    if step.call.name is CallName.OPEN_SESSION:
        return _judgement(Verdict.REFUSED, "user_locked" if reply.kind is Kind.LOCKED else "login_refused")
    return _judgement(Verdict.EXPIRED, "token_refused")


def _judge_403(step: Step, reply: Reply) -> Judgement:
    if reply.kind is Kind.HIGH_RISK:
        return _judgement(Verdict.PARKED, "high_risk")
    if step.call.name is CallName.APPROVE:
        return _judgement(Verdict.LOOK, "role_refused")
    if step.call.name in (CallName.LIST_DELIVERIES, CallName.LIST_DOCUMENTS):
        # Looking something up is a favour that the tenant may not have; the run goes on without it.
        return _judgement(Verdict.REFUSED, "forbidden")
    return _judgement(Verdict.FATAL, "forbidden")


def _judge_404(step: Step, reply: Reply) -> Judgement:
    del step, reply
    return _judgement(Verdict.REFUSED, "not_found")


def _judge_409(step: Step, reply: Reply) -> Judgement:
    del reply
    if step.call.name is CallName.REGISTER:
        return _judgement(Verdict.REFUSED, "duplicate_email")
    if step.call.name is CallName.ACCEPT_CONSENT:
        return Judgement(verdict=Verdict.DONE)  # already given; the check has the last word
    return _judgement(Verdict.CONFIRM if step.call.changes else Verdict.RETRY, "state_conflict")


def _judge_413(step: Step, reply: Reply) -> Judgement:
    del step, reply
    return _judgement(Verdict.REFUSED, "document_too_large")


def _judge_422(step: Step, reply: Reply) -> Judgement:
    del reply
    if step.call.name in (CallName.OPEN_VERIFICATION, CallName.APPROVE):
        return _judgement(Verdict.DECLINED, "verification_refused")
    if step.call.name is CallName.ACTIVATE:
        return _judgement(Verdict.RETRY, "not_verified")
    return _judgement(Verdict.REFUSED, "refused")


def _judge_not_carried_out(step: Step, reply: Reply) -> Judgement:
    del step
    return _judgement(Verdict.RETRY, "rate_refused" if reply.says == 429 else "too_early")  # noqa: PLR2004


def _judge_timeout(step: Step, reply: Reply) -> Judgement:
    del reply
    return _judgement(_unknown(step), "server_error")


_BY_STATUS: dict[int, Callable[[Step, Reply], Judgement]] = {
    400: _judge_400,
    401: _judge_401,
    403: _judge_403,
    404: _judge_404,
    407: _judge_timeout,  # a proxy's: nothing is known of what lies behind it
    408: _judge_timeout,
    409: _judge_409,
    410: _judge_404,
    413: _judge_413,
    422: _judge_422,
    425: _judge_not_carried_out,
    429: _judge_not_carried_out,
}


def _judgement(verdict: Verdict, code: str, exit_code: ExitCode = ExitCode.REFUSED) -> Judgement:
    message, hint = EXPLANATIONS[code]
    return Judgement(verdict=verdict, code=code, message=message, hint=hint, exit_code=exit_code)
