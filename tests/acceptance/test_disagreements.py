"""The control of all that hold the bank against the results: each lie is found."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.support import disagreements

GOOD: Mapping[str, Any] = {
    "customerId": "c-1",
    "email": "ana@example.com",
    "status": "ACTIVE",
    "registrations": 1,
    "approvals": 1,
    "activations": 1,
    "consents": {"terms": 1, "privacy": 1, "data-processing": 1},
}
NOT_ACTIVE = {**GOOD, "status": "CS_REGISTRATION_COMPLETED", "activations": 0}
ONBOARDED = {"row_number": "1", "external_id": "A-1", "disposition": "onboarded", "customer_id": "c-1"}


def found(
    tmp_path: Path, at_bank: list[Mapping[str, Any]], *, forgotten: Collection[str] = (), **changes: str
) -> list[str]:
    """Compare a bank with one line of results."""
    source = tmp_path / "customers.csv"
    source.write_text("external_id,email\nA-1,Ana@example.com\n", encoding="utf-8")
    line = {"phase": "", "code": "", **ONBOARDED, **changes}
    return disagreements({"customers": at_bank, "forgotten": forgotten}, [line], source)


def test_the_truth_is_no_disagreement(tmp_path: Path) -> None:
    """Onboarded and active; in doubt whatever the bank has; nothing is said of whom a reset took away."""
    assert found(tmp_path, [GOOD]) == []
    assert found(tmp_path, [GOOD], disposition="in_doubt", customer_id="") == []
    assert found(tmp_path, [], disposition="in_doubt", customer_id="") == []
    assert found(tmp_path, [], forgotten=["ana@example.com"]) == []


@pytest.mark.parametrize(
    ("at_bank", "line", "said"),
    [
        ([], {}, "the bank does not know the customer"),
        ([{**GOOD, "status": "CS_REGISTRATION_COMPLETED", "activations": 0}], {}, "activated 0 times"),
        (
            [{**GOOD, "status": "CS_REGISTRATION_COMPLETED", "activations": 0}],
            {"disposition": "unchanged"},
            "activated",
        ),
        ([{**GOOD, "activations": 2}], {}, "activated 2 times"),
        ([{**GOOD, "customerId": "c-2"}], {}, "another customer id"),
        ([{**GOOD, "approvals": 0}], {}, "consents or approval are missing"),
        ([{**GOOD, "registrations": 2}], {}, "registered 2 times"),
        ([GOOD], {"disposition": "failed"}, "is ACTIVE at the bank"),
        ([GOOD], {"disposition": "rejected"}, "was sent to the bank"),
        ([{**GOOD, "status": "X"}], {"disposition": "failed", "customer_id": ""}, "has no customer id"),
        ([], {"disposition": "failed"}, "the bank does not know it"),
        ([GOOD, {**GOOD, "email": "eve@example.com"}], {}, "at the bank but in no result"),
    ],
)
def test_each_lie_is_found(at_bank: list[Mapping[str, Any]], line: dict[str, str], said: str, tmp_path: Path) -> None:
    """A claim without work, work without a claim, somebody else's id, whatever was done twice."""
    assert any(said in wrong for wrong in found(tmp_path, at_bank, **line))
