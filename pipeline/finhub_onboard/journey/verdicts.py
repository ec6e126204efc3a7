"""The result of judging a reply: the verdicts, and a judgement with its code and words."""

from enum import StrEnum

import msgspec

from finhub_onboard.errors import ExitCode
from finhub_onboard.journey.codes import Code


class Verdict(StrEnum):
    """The result of judging a reply; stored as a call's outcome."""

    DONE = "done"
    RETRY = "retry"
    """It was not carried out, or it changes nothing: try again."""
    DOUBT = "doubt"
    """It may have been carried out."""
    CONFIRM = "confirm"
    """A conflict or an unclear state: read before anything else is sent."""
    LOOK = "look"
    """Refused for a reason that may concern the run: read the customer's state before deciding."""
    EXISTS = "exists"
    """The unresolved registration did happen; the id is unknown."""
    EXPIRED = "expired"
    """The token is refused."""
    CONSENTS_AGAIN = "consents_again"
    DOCUMENTS_AGAIN = "documents_again"
    VERIFICATION_AGAIN = "verification_again"
    """It has expired: another one is needed."""
    REFUSED = "refused"
    DECLINED = "declined"
    PARKED = "parked"
    FATAL = "fatal"
    """It concerns the whole run."""
    SUSPECT = "suspect"
    """It may concern the whole run: not carried out, try again after a pause and compare with others."""
    ASIDE = "aside"
    """The same, and no customer has passed yet: try again after all others."""
    GIVEN_UP = "given_up"
    """Refused while others pass: not final, a later run tries again."""


TRIED_AGAIN = frozenset(
    {
        Verdict.RETRY,
        Verdict.DOUBT,
        Verdict.EXPIRED,
        Verdict.CONSENTS_AGAIN,
        Verdict.DOCUMENTS_AGAIN,
        Verdict.VERIFICATION_AGAIN,
    }
)
"""The call itself, or what it lacked, is sent again in this run."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its stable code, a plain sentence and the next step; ``exit_code`` only for ``FATAL``.

    ``code`` is a :class:`Code`; for a request that could not be built it may be one of the intake's.
    """

    verdict: Verdict
    code: str = Code.NONE
    message: str = ""
    hint: str = ""
    exit_code: ExitCode = ExitCode.REFUSED


DONE = Judgement(verdict=Verdict.DONE)
"""Carried out, and nothing to say about it."""


def judgement(verdict: Verdict, code: Code, exit_code: ExitCode = ExitCode.REFUSED) -> Judgement:
    """Make a judgement with the message and hint of its code."""
    return Judgement(verdict=verdict, code=code, message=code.message, hint=code.hint, exit_code=exit_code)
