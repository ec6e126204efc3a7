"""Which errors still stand, and which a person can pass over."""

import pytest

from finhub_onboard.model import CallRecord, Disposition, Severity, Standing
from finhub_onboard.reports.error_lines import errors_of
from finhub_onboard.reports.files.causes import Causes
from finhub_onboard.reports.files.rows import CAME_THROUGH, LATER_TRY, ErrorLine, Outcome
from finhub_onboard.reports.projection import result_of
from tests.reports.test_projection import BASE, PRINT, REJECTED, ROW, VIOLATION
from tests.values import replace

DOWN = CallRecord(
    number=1, key=b"k", run=2, phase="registration", step="register", attempt=1, changes=True, intent_at=1.0,
    outcome_at=2.0, outcome="again", http_status=503, code="server_error", message="m", hint="h", retriable=True,
)  # fmt: skip
REFUSED = replace(DOWN, number=2, attempt=2, outcome="refused", http_status=409, code="refused", retriable=False)
SUCCEEDED = replace(DOWN, number=3, attempt=2, outcome="done", http_status=200, code="")
FAILED = replace(BASE, standing=Standing.FAILED, final=True, phase="registration", code="refused", message="m")
COMPLETE = replace(BASE, standing=Standing.COMPLETE, done=8, completed_run=2)


def outcomes(journey: object, *calls: CallRecord) -> list[tuple[str, Outcome, str]]:
    """Code, outcome and hint of each error of the row."""
    result = result_of(ROW, journey, PRINT, run=2)  # type: ignore[arg-type]
    lines = errors_of(ROW, journey, calls, result, at="now")  # type: ignore[arg-type]
    return [(line.code, line.outcome, line.hint) for line in lines]


def test_only_the_last_try_of_a_failed_row_is_final() -> None:
    """The first one was followed by another of the same step, whose refusal ended it."""
    assert outcomes(FAILED, DOWN, REFUSED) == [
        ("server_error", Outcome.OVERCOME, LATER_TRY),
        ("refused", Outcome.FINAL, "h"),
    ]
    other_step = replace(DOWN, step="log_in", number=0)
    assert outcomes(FAILED, other_step, REFUSED)[0] == ("server_error", Outcome.FINAL, "h")


def test_the_errors_of_an_onboarded_row_need_nobody() -> None:
    """An expired token that was renewed is no reason to check the admin user."""
    expired = replace(DOWN, http_status=401, code="session_expired", hint="check the admin user")
    assert outcomes(COMPLETE, expired, SUCCEEDED) == [("session_expired", Outcome.OVERCOME, CAME_THROUGH)]


def test_a_row_that_waits_says_so_finally() -> None:
    """What blocks it without a call still stands."""
    parked = replace(BASE, standing=Standing.PARKED, phase="approval", code="approval_needed", message="m", hint="ask")
    assert outcomes(parked) == [("approval_needed", Outcome.FINAL, "ask")]


def test_broken_rules_are_final_and_warnings_are_neither() -> None:
    """A warning costs the row nothing, so it has no outcome."""
    row = replace(REJECTED, findings=(replace(VIOLATION, code="placeholder", severity=Severity.WARNING),))
    result = result_of(row, None, b"", run=2)
    assert result.disposition is Disposition.REJECTED
    assert [line.outcome for line in errors_of(row, None, [], result, at="now")] == [Outcome.FINAL, Outcome.NONE]


@pytest.mark.parametrize("final_first", [True, False])
def test_a_cause_has_the_hint_of_an_error_that_stands(*, final_first: bool) -> None:
    """Whichever came first: a row that came through, or one that did not."""
    error = ErrorLine(
        source="a.csv", row_number=1, external_id="x", stage="session", field="", code="c", message="m", hint="look",
        outcome=Outcome.FINAL,
    )  # fmt: skip
    lines = [error, replace(error, row_number=2, outcome=Outcome.OVERCOME, hint=CAME_THROUGH)]
    causes = Causes()
    for line in lines if final_first else reversed(lines):
        causes.feed_error(line)
    assert [cause.hint for cause in causes.every()] == ["look"]
