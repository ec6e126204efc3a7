"""The activation check, which the phases from verification on may read (API.md, section 6). Pure."""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import Facts
from finhub_onboard.finhub.statuses import REFUSED_STATES, VerificationStatus
from finhub_onboard.journey.replies import Accepted, Moved


def take_check(answer: Accepted) -> Moved:
    """Store the check's answer and count the poll; the journey itself does not move."""
    return answer.journey, replace(answer.visit, check=answer.facts, polls=answer.visit.polls + 1)


def is_approved(check: Facts) -> bool:
    """Whether everybody who must approve the verification has done so."""
    return check.verification_ok is True and check.power_approval_ok is not False


def is_refused(check: Facts) -> bool:
    """Whether the verification was refused."""
    return check.status in REFUSED_STATES


def is_expired(check: Facts) -> bool:
    """Whether the verification has run out: another one may be opened."""
    return check.status == VerificationStatus.EXPIRED
