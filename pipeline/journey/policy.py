"""What a reply means: API.md section 7 row by row, as one pure function, and how long to wait before a retry.

Promises: the same reply gives the same judgement; an unknown status is never a success. Knows no clock, no ledger
and no HTTP client.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from pipeline.calls import CallName, Kind, Reply, Step
from pipeline.errors import ExitCode

VOUCHED = "operator_vouches"
"""Code of a registration in doubt that did not happen by the operator's word."""
_APPROVED = "APPROVED"
_REFUSED_STATES = frozenset({"REJECTED", "DECLINED", "REFUSED", "FAILED"})


class Verdict(StrEnum):
    """What a reply amounts to; stored as a call's outcome."""

    DONE = "done"
    RETRY = "retry"
    """It was not carried out, or it changes nothing: try again."""
    DOUBT = "doubt"
    """It may have been carried out."""
    CONFIRM = "confirm"
    """A conflict or an unclear state: look before anything else is sent."""
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


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its stable code, a plain sentence and the next step; ``exit_code`` only for ``FATAL``."""

    verdict: Verdict
    code: str = ""
    message: str = ""
    hint: str = ""
    exit_code: ExitCode = ExitCode.REFUSED


def judge(step: Step, reply: Reply, *, earlier_doubts: int = 0, vouched: bool = False) -> Judgement:
    """Judge the ``reply`` to ``step``; ``earlier_doubts`` counts attempts before it whose outcome is unknown.

    ``vouched``: an operator says that they did not happen.
    """
    if not reply.sent:
        return _judgement(Verdict.RETRY, "connection_failed")
    if reply.status is None:
        return _judgement(_unknown(step), "no_answer")
    if reply.accepted and not reply.readable:
        return _judgement(_unknown(step), "anothers_id" if reply.kind is Kind.ANOTHERS else "unreadable_answer")
    if reply.accepted:
        return _judge_accepted(step, reply)
    says = reply.says or reply.status
    if vouched:
        earlier_doubts = int(says == 409)  # noqa: PLR2004 - "exists" belies the operator, every other answer does not
    if says in _BY_STATUS:
        return _BY_STATUS[says](step, reply, earlier_doubts)
    if 400 <= says < 500:  # noqa: PLR2004 - the class of client errors
        return _judge_refused(step, reply, earlier_doubts)
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
    if step.call.name in (CallName.APPROVE, CallName.OPEN_VERIFICATION) and status in _REFUSED_STATES:
        return _judgement(Verdict.DECLINED, "verification_refused")
    if step.call.name is CallName.APPROVE and status != _APPROVED:
        return _judgement(Verdict.CONFIRM, "approval_not_final")
    return Judgement(verdict=Verdict.DONE)


def _judge_400(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    if reply.kind is Kind.MISSING_HEADER:
        return _judgement(Verdict.FATAL, "missing_header", ExitCode.UNEXPECTED)
    if step.call.name is CallName.ACTIVATE:
        if reply.kind is Kind.MISSING_CONSENTS:
            return _judgement(Verdict.CONSENTS_AGAIN, "missing_consents")
        if reply.kind is Kind.ROLE:
            return _judgement(Verdict.FATAL, "role_refused")
    if step.call.name is CallName.REGISTER and reply.kind is Kind.CATEGORIZATION:
        return _judge_refused(step, reply, earlier_doubts, "category_refused")
    return _judge_refused(step, reply, earlier_doubts)


def _judge_401(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    if step.call.name is CallName.OPEN_SESSION:
        code = "user_locked" if reply.kind is Kind.LOCKED else "login_refused"
        return _judge_refused(step, reply, earlier_doubts, code)
    return _judgement(Verdict.EXPIRED, "token_refused")


def _judge_403(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    if reply.kind is Kind.HIGH_RISK:
        if earlier_doubts and step.call.name in (CallName.REGISTER, CallName.APPROVE, CallName.ACTIVATE):
            return _judge_refused(step, reply, earlier_doubts, "high_risk")
        return _judgement(Verdict.PARKED, "high_risk")
    if step.call.name is CallName.APPROVE:
        return _judgement(Verdict.CONFIRM, "role_refused")
    if step.call.name in (CallName.LIST_DELIVERIES, CallName.LIST_DOCUMENTS):
        # Looking something up is a favour that the tenant may not have; the run goes on without it.
        return _judge_refused(step, reply, earlier_doubts, "forbidden")
    return _judgement(Verdict.FATAL, "forbidden")


def _judge_404(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    return _judge_refused(step, reply, earlier_doubts, "not_found")


def _judge_409(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    if step.call.name is CallName.REGISTER:
        if earlier_doubts:
            return _judgement(Verdict.EXISTS, "exists_after_doubt")
        return _judge_refused(step, reply, earlier_doubts, "duplicate_email")
    if step.call.name is CallName.ACCEPT_CONSENT or (step.call.name is CallName.UPLOAD_DOCUMENT and earlier_doubts):
        # Already given, or the upload in doubt did arrive; for consents the check has the last word.
        return Judgement(verdict=Verdict.DONE)
    return _judgement(_unknown(step) if not step.call.changes else Verdict.CONFIRM, "state_conflict")


def _judge_413(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    return _judge_refused(step, reply, earlier_doubts, "document_too_large")


def _judge_422(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    if step.call.name is CallName.OPEN_VERIFICATION or (step.call.name is CallName.APPROVE and not earlier_doubts):
        return _judgement(Verdict.DECLINED, "verification_refused")
    if step.call.name is CallName.ACTIVATE and not earlier_doubts:
        return _judgement(Verdict.RETRY, "not_verified")
    return _judge_refused(step, reply, earlier_doubts)


def _judge_not_carried_out(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    del step, earlier_doubts
    return _judgement(Verdict.RETRY, "rate_refused" if reply.says == 429 else "too_early")  # noqa: PLR2004


def _judge_timeout(step: Step, reply: Reply, earlier_doubts: int) -> Judgement:
    del reply, earlier_doubts
    return _judgement(_unknown(step), "server_error")


def _judge_refused(step: Step, reply: Reply, earlier_doubts: int, code: str = "refused") -> Judgement:
    if earlier_doubts and step.call.name is CallName.REGISTER:
        # Only a 2xx or a 409 tells what became of the first try; anything else leaves it open.
        return _judgement(Verdict.DOUBT, code)
    if earlier_doubts and step.call.name in (CallName.APPROVE, CallName.ACTIVATE):
        # The first try may have been carried out, and a look may have lagged behind: confirm, else park.
        return _judgement(Verdict.CONFIRM, "state_conflict")
    del reply
    return _judgement(Verdict.REFUSED, code)


_BY_STATUS: dict[int, Callable[[Step, Reply, int], Judgement]] = {
    400: _judge_400,
    401: _judge_401,
    403: _judge_403,
    404: _judge_404,
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


EXPLANATIONS: dict[str, tuple[str, str]] = {
    "connection_failed": ("no connection to the bank", "check the network and api.base_url; run again"),
    "no_answer": ("the request left and no answer came", "nothing to do: the job finds out what happened"),
    "unreadable_answer": (
        "the bank accepted the request but its answer cannot be read",
        "nothing to do: the job finds out what happened",
    ),
    "anothers_id": (
        "the bank accepted the registration and gave it the id of another customer of this ledger",
        "nothing to do: the job finds out what happened; tell the bank",
    ),
    "server_error": ("the bank reported a fault of its own", "run again later; tell the bank if it stays"),
    "false_success": (
        "the bank answered 200 with a body that says failure",
        "run again later; tell the bank if it stays",
    ),
    "unexpected_status": ("the bank answered with a status that its contract does not have", "check api.base_url"),
    "rate_refused": ("the bank refused the call for its rate", "lower limits.calls_per_second if it happens often"),
    "too_early": ("the bank asked to repeat the call later", "nothing to do"),
    "token_refused": ("the bank refused a token that it had just issued", "check the admin user and the tenant"),
    "missing_header": (
        "the bank misses a required header: a defect of this program, or something between strips headers",
        "check proxies on the way; report it",
    ),
    "forbidden": (
        "the bank denies access for this tenant or user",
        "check api.tenant_id, the admin user's role and that categorization is enabled",
    ),
    "role_refused": (
        "the admin user lacks the role that this call needs",
        "give the user COMPLIANCE_OFFICER or ADMIN_USER in the Admin Portal",
    ),
    "category_refused": ("the bank does not take this category", "correct category; `onboard check` lists them"),
    "refused": ("the bank refused the data of this row", "correct the field and run the rejects file"),
    "duplicate_email": (
        "the bank already has a customer with this e-mail, and it was not this job that made it",
        "check whether the person is a customer already; else correct the e-mail",
    ),
    "exists_after_doubt": (
        "an earlier registration of this customer did arrive, but its answer was lost and the id is unknown",
        "find the customer by e-mail in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    ),
    "registration_in_doubt": (
        "whether this customer was registered is unknown, and the one repeat is used up",
        "look for the e-mail in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    ),
    "outcome_unknown": (
        "whether the bank carried this step out is unknown, and the one repeat is used up",
        "look at the customer in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    ),
    VOUCHED: (
        "the operator answered that the bank does not have this customer",
        "run the same command again: the customer is registered once more",
    ),
    "row_changed_in_doubt": (
        "the row changed while its registration is in doubt, so nothing may be sent",
        "restore the row, or find the customer in the Admin Portal and answer in in_doubt.csv (`onboard resolve`)",
    ),
    "row_changed_after_registration": (
        "the row changed in what the bank already registered, and the API has no update",
        "restore the row, or have the bank correct the customer",
    ),
    "not_found": ("the bank does not know the customer or the verification", "check the customer in the Admin Portal"),
    "state_conflict": ("the bank says that this conflicts with the state it has", "look at the customer in the portal"),
    "document_too_large": ("the bank refused a document for its size", "give a smaller file"),
    "document_missing": (
        "the bank asks for a document that the row does not have",
        "add the document to the row and run again",
    ),
    "document_number_missing": (
        "a verification needs document_type and document_number, and the row lacks one",
        "add both to the row and run again",
    ),
    "login_refused": ("the customer's own log-in was refused", "the password was changed: continue by hand"),
    "user_locked": ("the customer's user is locked", "wait 30 minutes, then finish the customer in the Admin Portal"),
    "verification_refused": ("the bank refused the verification", "ask the customer for other evidence"),
    "not_verified": ("the bank says that the customer is not verified", "look at the verification in the portal"),
    "high_risk": (
        "a high-risk customer needs the approval of the power tenant (1 to 3 business days)",
        "have the power tenant approve, then run the same command again",
    ),
    "approval_needed": (
        "the verification waits for a person's approval",
        "approve it in the Admin Portal, then run the same command again",
    ),
    "approval_lost": (
        "the answers to the approval were lost twice, and the activation check says that it was not done",
        "approve it in the Admin Portal, then run the same command again",
    ),
    "approval_not_final": (
        "the bank took the approval but does not call the verification approved",
        "look at the verification in the Admin Portal, then run the same command again",
    ),
    "consent_evidence_missing": (
        "the row does not prove a consent",
        'add the *_accepted_at columns, or set consents.evidence = "assumed" and answer for it',
    ),
    "missing_consents": ("the bank misses a consent", "run again; tell the bank if it stays"),
    "consents_not_recorded": (
        "the consents were sent but the activation check does not show them",
        "run again; tell the bank if it stays",
    ),
    "activation_not_allowed": (
        "the activation check says no without naming a reason that the job knows",
        "look at the customer in the Admin Portal, then run the same command again",
    ),
}
"""Stable code -> what it means in plain words, what to do next."""
