"""The lines of ``errors.csv``: what went wrong with a row, and whether it still stands. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.sent import changed_since_sent
from finhub_onboard.model import CallRecord, Disposition, IntakeRow, Journey, Severity, Standing
from finhub_onboard.reports import reasons
from finhub_onboard.reports.files.causes import FINE
from finhub_onboard.reports.files.rows import CAME_THROUGH, INTAKE, LATER_TRY, ErrorLine, Outcome, Result
from finhub_onboard.reports.projection import instant, what_changed, with_reason

_CHANGED_HINT = "the API has no update: have the bank correct the customer, or restore the row"


def errors_of(
    row: IntakeRow,
    journey: Journey | None,
    calls: Sequence[CallRecord],
    result: Result,
    fingerprint: bytes = b"",
    *,
    at: str,
) -> Iterator[ErrorLine]:
    """Yield the row's lines of ``errors.csv``: violations, failed calls, and what blocks it without a call.

    Also a change of the row after it was sent, which will not be sent; unknown without a ``fingerprint``. An error is
    overcome if the customer came through, or a later try of the same step was made; else it is final.
    """
    journey = with_reason(row, journey)
    came_through = CAME_THROUGH if result.disposition in FINE else ""
    for violation in (*row.violations, *row.findings):
        yield _settled(ErrorLine.from_violation(violation, at), came_through)
    last = {call.step: call.number for call in calls}
    for call in calls:
        if call.code:
            yield _settled(_of_call(row, call), came_through or (call.number < last[call.step] and LATER_TRY) or "")
    if result.disposition is Disposition.CHANGED:
        yield _settled(_error(row, INTAKE, code=result.code, message=result.message, hint=_CHANGED_HINT, at=at))
    elif journey and _is_shown_by_no_call(journey, result, calls):
        yield _settled(_of_journey(row, journey, result, at), came_through)
    if journey and fingerprint and _changed_silently(journey, fingerprint):
        changed = what_changed(journey, fingerprint, run=0)
        code = reasons.ROW_CHANGED
        yield _error(row, INTAKE, code=code, message=changed, hint=_CHANGED_HINT, at=at, severity=Severity.WARNING)


def _settled(line: ErrorLine, overcome: str = "") -> ErrorLine:
    """The line with its outcome; ``overcome``: the hint of an error that needs nobody."""
    if line.severity is not Severity.ERROR:
        return line
    if overcome:
        return replace(line, outcome=Outcome.OVERCOME, hint=overcome)
    return replace(line, outcome=Outcome.FINAL)


def _of_call(row: IntakeRow, call: CallRecord) -> ErrorLine:
    return _error(
        row,
        call.phase,
        field=call.field,
        code=call.code,
        message=call.message,
        hint=call.hint,
        http_status=call.http_status,
        retriable=call.retriable,
        attempt=call.attempt,
        at=instant(call.outcome_at),
    )


def _of_journey(row: IntakeRow, journey: Journey, result: Result, at: str) -> ErrorLine:
    """What blocks a journey, where no call shows it."""
    return _error(
        row,
        result.phase,
        field=journey.field,
        code=journey.code,
        message=journey.message,
        hint=journey.hint,
        http_status=journey.http_status,
        at=instant(journey.finished_at) or at,
        severity=Severity.NOTICE if journey.code == Code.OPERATOR_VOUCHES else Severity.ERROR,
    )


def _is_shown_by_no_call(journey: Journey, result: Result, calls: Sequence[CallRecord]) -> bool:
    """Whether no call shows what blocks the journey."""
    held = bool(result.code) and result.code == journey.code
    return (
        held and result.disposition is not Disposition.REJECTED and not any(call.code == result.code for call in calls)
    )


def _changed_silently(journey: Journey, fingerprint: bytes) -> bool:
    """Whether the row of an unfinished journey differs from what was sent, and no other line says so."""
    unfinished = journey.standing is not Standing.COMPLETE and not reasons.says_changed(journey)
    return unfinished and bool(changed_since_sent(journey, fingerprint))


def _error(row: IntakeRow, stage: str, *, code: str, message: str, hint: str, at: str, **more: object) -> ErrorLine:
    return ErrorLine(
        source=row.source,
        row_number=row.row_number,
        external_id=row.external_id,
        stage=stage,
        code=code,
        message=message,
        hint=hint,
        at=at,
        **({"field": ""} | more),  # type: ignore[arg-type]
    )
