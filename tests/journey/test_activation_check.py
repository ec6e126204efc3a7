"""What the activation check says of a verification."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.finhub.statuses import REFUSED_STATES
from finhub_onboard.journey.activation_check import is_approved, is_refused, take_check
from finhub_onboard.journey.replies import Accepted
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey


@pytest.mark.parametrize(
    ("verification", "power", "approved"),
    [(True, None, True), (True, True, True), (True, False, False), (False, True, False), (None, None, False)],
)
def test_all_who_must_have_approved(verification: bool | None, power: bool | None, *, approved: bool) -> None:  # noqa: FBT001
    """The power tenant too, where it says that it has not."""
    assert is_approved(Facts(verification_ok=verification, power_approval_ok=power)) is approved


@pytest.mark.parametrize("status", [*sorted(REFUSED_STATES), "APPROVED", "IN_PROGRESS", ""])
def test_only_the_words_of_a_refusal_refuse(status: str) -> None:
    """API.md, section 3."""
    assert is_refused(Facts(status=status)) is (status in ("REJECTED", "DECLINED", "REFUSED", "FAILED"))


def test_a_check_is_remembered_and_counted_and_moves_nothing() -> None:
    """The next look waits longer."""
    journey = Journey(key=b"k", fingerprint=b"")
    told = Facts(consent_ok=True)
    found = take_check(Accepted(journey, Visit(polls=1), step(CallName.CHECK), told, 1.0))
    assert found == (journey, Visit(check=told, polls=2))
