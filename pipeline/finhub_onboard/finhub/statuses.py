"""What the bank calls the state of a customer and of a verification (API.md, section 3)."""

from enum import StrEnum


class CustomerStatus(StrEnum):
    """How far a customer is, as a session tells it; any other word says nothing."""

    REGISTRATION_COMPLETED = "CS_REGISTRATION_COMPLETED"
    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"


NOT_ACTIVE_YET = frozenset(CustomerStatus) - {CustomerStatus.ACTIVE}
"""What the bank calls a customer who is not active yet."""


class VerificationStatus(StrEnum):
    """How a verification was decided; any other word is no decision."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    DECLINED = "DECLINED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


REFUSED_STATES = frozenset(VerificationStatus) - {VerificationStatus.APPROVED}
"""What the bank calls a verification that is refused."""
