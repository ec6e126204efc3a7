"""The bank's statuses of customers and verifications (API.md, section 3)."""

from enum import StrEnum


class CustomerStatus(StrEnum):
    """The status of a customer, as a session returns it; other words are ignored."""

    REGISTRATION_COMPLETED = "CS_REGISTRATION_COMPLETED"
    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"


NOT_ACTIVE_YET = frozenset(CustomerStatus) - {CustomerStatus.ACTIVE}
"""The statuses of a customer who is not active yet."""


class VerificationStatus(StrEnum):
    """The status of a verification; other words are no decision."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    DECLINED = "DECLINED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


REFUSED_STATES = frozenset(VerificationStatus) - {VerificationStatus.APPROVED, VerificationStatus.EXPIRED}
"""The statuses of a refused verification."""
