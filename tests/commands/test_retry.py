"""Whom a redrive wants."""

import pytest

from finhub_onboard.commands.retry import Wanted
from finhub_onboard.model import Journey, Phase, Standing

FAILED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.FAILED, phase=Phase.SESSION, code="login_refused", last_run=3
)
DECLINED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.DECLINED, phase=Phase.APPROVAL, code="verification_refused", last_run=3
)


@pytest.mark.parametrize(
    ("wanted", "run", "failed", "declined"),
    [
        (Wanted(), None, True, False),
        (Wanted(declined=True), None, True, True),
        (Wanted(run_id="r"), 3, True, False),
        (Wanted(run_id="r"), 2, False, False),
        (Wanted(phase=Phase.SESSION), None, True, False),
        (Wanted(phase=Phase.APPROVAL), None, False, False),
        (Wanted(phase=Phase.APPROVAL, declined=True), None, False, True),
        (Wanted(code="login_refused"), None, True, False),
        (Wanted(code="verification_refused"), None, False, True),
        (Wanted(code="verification_refused"), 2, False, False),
        (Wanted(code="login_refused", phase=Phase.APPROVAL), None, False, False),
    ],
)
def test_whom_a_redrive_wants(wanted: Wanted, run: int | None, failed: bool, declined: bool) -> None:  # noqa: FBT001
    """All conditions together; declined customers only by --declined or their code."""
    assert (wanted.picks(FAILED, run), wanted.picks(DECLINED, run)) == (failed, declined)
