"""What the bank calls the state of a customer and of a verification."""

from finhub_onboard.finhub.statuses import NOT_ACTIVE_YET, REFUSED_STATES, CustomerStatus, VerificationStatus


def test_a_customer_is_active_or_not_yet() -> None:
    """Any other word says nothing."""
    assert NOT_ACTIVE_YET | {CustomerStatus.ACTIVE} == set(CustomerStatus)
    assert CustomerStatus.ACTIVE not in NOT_ACTIVE_YET
    assert {"CS_REGISTRATION_COMPLETED", "PENDING_VERIFICATION", "PENDING_ACTIVATION"} == NOT_ACTIVE_YET


def test_a_verification_is_approved_or_refused_or_has_expired() -> None:
    """By four words for the second; another one may be opened in place of the last."""
    assert {"REJECTED", "DECLINED", "REFUSED", "FAILED"} == REFUSED_STATES
    assert set(VerificationStatus) - REFUSED_STATES == {"APPROVED", "EXPIRED"}
