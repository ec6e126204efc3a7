from pathlib import Path

import pytest

from finhub_onboard.model import Customer
from tests.intake.checking.support import judge_values
from tests.intake.helpers import a_row, judged, write


@pytest.mark.parametrize(
    ("column", "given", "sent"),
    [
        ("first_name", "\u00a0Rene\u0301 \ufeff", "René"),
        ("email", "Ann.Lee@EXAMPLE.com", "Ann.Lee@example.com"),
        ("phone", "00 370 612-31001", "+37061231001"),
        ("phone", "+44 (0)20 7946 0000", "+442079460000"),
        ("nationality", "NA", "Namibia"),
        ("nationality", "bol", "Bolivia"),
        ("nationality", "TW", "Taiwan"),
        ("nationality", "Korea, Republic of", "South Korea"),
        ("nationality", "CD", "Democratic Republic of the Congo"),
        ("category", "individual PLUS", "Individual Plus"),
        ("gender", "female", "FEMALE"),
        ("risk_level", "low", "LOW"),
        ("document_type", "Driver's license", "DRIVERS_LICENSE"),
        ("document_type", "id card", "ID_CARD"),
        ("terms_accepted_at", "2025-01-01T10:00:00+02:00", "2025-01-01T08:00:00Z"),
        ("terms_accepted_at", "2025-01-01t10:00:00.25z", "2025-01-01T10:00:00.250000Z"),
        ("terms_accepted_at", "2025-01-01 10:00-05", "2025-01-01T15:00:00Z"),
        ("terms_accepted_at", "2025-01-01T10:00:00.123456789Z", "2025-01-01T10:00:00.123456Z"),
    ],
)
def test_values_are_sent_in_canonical_form(tmp_path: Path, column: str, given: str, sent: str) -> None:
    """A customer has its texts as they will be sent."""
    customer = judge_values(tmp_path, column, [given])[0].customer
    assert customer is not None
    assert getattr(customer, column) == sent


def test_absent_values_are_empty_texts(tmp_path: Path) -> None:
    """A customer has '' for what its row does not have."""
    customer = judged(write(tmp_path / "x.csv", [a_row()]))[1][0].customer
    assert isinstance(customer, Customer)
    assert customer.gender == customer.terms_accepted_at == customer.identity_document == ""
