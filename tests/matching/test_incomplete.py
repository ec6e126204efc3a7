"""What a row still lacks, by how far its customer has come and how far the run goes."""

import pytest

from finhub_onboard.journey.codes import Code
from finhub_onboard.matching.incomplete import weighed
from finhub_onboard.matching.requirements import Asked
from finhub_onboard.model import IntakeRow, Journey, Phase, Severity, Violation
from tests.journey.world import AUTO, a_customer
from tests.values import replace

_LACK = Violation(
    source="x.csv",
    row_number=1,
    external_id="C-1",
    field="category",
    code=Code.CATEGORY_PARAMETERS,
    message="m",
    hint="h",
    severity=Severity.WARNING,
)
ROW = IntakeRow(source="x.csv", row_number=1, external_id="C-1", customer=a_customer(), findings=(_LACK,))


@pytest.mark.parametrize("reject", [True, False])
@pytest.mark.parametrize(
    ("done", "until", "is_rejected"),
    [
        (0, Phase.ACTIVATION, True),
        (1, Phase.REGISTRATION, True),
        (0, Phase.CATEGORIZATION, False),
        (2, Phase.ACTIVATION, False),
    ],
)
def test_what_a_category_asks_for_rejects_a_row_that_would_be_registered(
    done: int,
    until: Phase,
    is_rejected: bool,  # noqa: FBT001 - pytest hands it in
    reject: bool,  # noqa: FBT001 - pytest hands it in
) -> None:
    """Whatever becomes of incomplete rows; nothing is said of others."""
    journey = Journey(key=b"k", fingerprint=b"", done=done) if done else None
    row = weighed(ROW, journey, Asked(rules=replace(AUTO, until=until), reject=reject))
    assert row.findings == ()
    assert row.violations == ((replace(_LACK, severity=Severity.ERROR),) if is_rejected else ())
    assert (row.customer is None) is is_rejected
