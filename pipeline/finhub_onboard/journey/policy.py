"""The meaning of a reply: API.md section 7 row by row, as one pure function.

This module has what applies to any call; what a phase makes of replies to its own call is in ``phases``. Promises: the
same reply gives the same judgement; an unknown status is never a success. Knows no clock, ledger or HTTP client.
"""

from collections.abc import Callable

from msgspec.structs import replace

from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.calls import OPTIONAL_READS, Kind, Reply, Step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.phase_table import BY_CALL
from finhub_onboard.journey.verdicts import DONE, Judgement, Verdict, judgement

_NOT_ABOUT_THE_CUSTOMER = {
    Kind.ANOTHERS: Code.ANOTHERS_ID,
    Kind.PERSONAL_ID: Code.PERSONAL_ID,
    Kind.GATEWAY: Code.GATEWAY_ANSWER,
}
"""Answers that are not the bank's statement about this customer, each with a code of its own."""


def judge(step: Step, reply: Reply, *, earlier_doubts: int = 0) -> Judgement:
    """Judge the ``reply`` to ``step``; ``earlier_doubts`` is the number of unresolved attempts before it.

    Only a 409 to a registration says something about those attempts (API.md, section 9).
    """
    if not reply.sent:
        # A fault of this machine does not use up a customer's tries.
        unsent = judgement(Verdict.SUSPECT if reply.kind is Kind.MACHINE else Verdict.RETRY, Code.CONNECTION_FAILED)
        return replace(unsent, message=f"{unsent.message}: {reply.cause}") if reply.cause else unsent
    if reply.status is None:
        return judgement(_unknown(step), Code.NO_ANSWER)
    own = BY_CALL.get(step.call.name)
    if reply.accepted and not reply.readable:
        return judgement(_unknown(step), _NOT_ABOUT_THE_CUSTOMER.get(reply.kind, Code.UNREADABLE_ANSWER))
    if reply.accepted:
        return own.judge_accepted(reply) if own is not None else DONE
    if reply.kind in _NOT_ABOUT_THE_CUSTOMER and reply.status < 500 and reply.status != 429:  # noqa: PLR2004
        return judgement(_unknown(step), _NOT_ABOUT_THE_CUSTOMER[reply.kind])
    says = reply.says or reply.status
    if own is not None and says in own.judge_refused and (found_own := own.judge_refused[says](reply, earlier_doubts)):
        return found_own
    return _judge_refused(step, reply, says)


def _unknown(step: Step) -> Verdict:
    return Verdict.DOUBT if step.call.changes else Verdict.RETRY


def _judge_refused(step: Step, reply: Reply, says: int) -> Judgement:
    """The meaning of a status for any call."""
    if says in _BY_STATUS:
        return _BY_STATUS[says](step, reply)
    if 400 <= says < 500:  # noqa: PLR2004 - the class of client errors
        return judgement(Verdict.REFUSED, Code.REFUSED)
    if says >= 500:  # noqa: PLR2004 - the class of server errors
        return judgement(_unknown(step), Code.SERVER_ERROR)
    return judgement(_unknown(step), Code.FALSE_SUCCESS if 200 <= says < 300 else Code.UNEXPECTED_STATUS)  # noqa: PLR2004


def _judge_400(_: Step, reply: Reply) -> Judgement:
    if reply.kind is Kind.MISSING_HEADER:
        return judgement(Verdict.FATAL, Code.MISSING_HEADER, ExitCode.UNEXPECTED)
    return judgement(Verdict.REFUSED, Code.REFUSED)


def _judge_401(_: Step, __: Reply) -> Judgement:
    return judgement(Verdict.EXPIRED, Code.TOKEN_REFUSED)


def _judge_403(step: Step, reply: Reply) -> Judgement:
    if reply.kind is Kind.HIGH_RISK:
        return judgement(Verdict.PARKED, Code.HIGH_RISK)
    return judgement(Verdict.REFUSED if step.call.name in OPTIONAL_READS else Verdict.FATAL, Code.FORBIDDEN)


def _judge_404(_: Step, __: Reply) -> Judgement:
    return judgement(Verdict.REFUSED, Code.NOT_FOUND)


def _judge_409(step: Step, _: Reply) -> Judgement:
    return judgement(Verdict.CONFIRM if step.call.changes else Verdict.RETRY, Code.STATE_CONFLICT)


def _judge_413(_: Step, __: Reply) -> Judgement:
    return judgement(Verdict.REFUSED, Code.DOCUMENT_TOO_LARGE)


def _judge_not_carried_out(_: Step, reply: Reply) -> Judgement:
    return judgement(Verdict.RETRY, Code.RATE_REFUSED if reply.says == 429 else Code.TOO_EARLY)  # noqa: PLR2004


def _judge_timeout(step: Step, _: Reply) -> Judgement:
    return judgement(_unknown(step), Code.SERVER_ERROR)


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
    425: _judge_not_carried_out,
    429: _judge_not_carried_out,
}
