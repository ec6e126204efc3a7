"""Whom a redrive wants."""

import pytest

from finhub_onboard.commands.retry import Filter
from finhub_onboard.model import Journey, Phase, Standing

FAILED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.FAILED, phase=Phase.SESSION, code="login_refused", last_run=3
)
DECLINED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.DECLINED, phase=Phase.APPROVAL, code="verification_refused", last_run=3
)


@pytest.mark.parametrize(
    ("which", "run", "failed", "declined"),
    [
        (Filter(), None, True, False),
        (Filter(declined=True), None, True, True),
        (Filter(run_id="r"), 3, True, False),
        (Filter(run_id="r"), 2, False, False),
        (Filter(phase=Phase.SESSION), None, True, False),
        (Filter(phase=Phase.APPROVAL), None, False, False),
        (Filter(phase=Phase.APPROVAL, declined=True), None, False, True),
        (Filter(code="login_refused"), None, True, False),
        (Filter(code="verification_refused"), None, False, True),
        (Filter(code="verification_refused"), 2, False, False),
        (Filter(code="login_refused", phase=Phase.APPROVAL), None, False, False),
    ],
)
def test_whom_a_redrive_wants(which: Filter, run: int | None, failed: bool, declined: bool) -> None:  # noqa: FBT001
    """All conditions together; declined customers only by --declined or their code."""
    assert (which.matches(FAILED, run), which.matches(DECLINED, run)) == (failed, declined)
