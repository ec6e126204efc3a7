"""From the ledger and the intake to what a run reports: dispositions and report lines. Pure.

Promise 1 rests on ``disposition_of``: it is total, so every row has exactly one disposition.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.journey.explanations import VOUCHED
from pipeline.journey.operator import phase_in_doubt, question_about
from pipeline.journey.state import is_vouched
from pipeline.keys import changed_columns
from pipeline.model import CallRecord, Disposition, IntakeRow, Journey, Phase, Severity, Standing
from pipeline.reports.rows import Doubtful, ErrorLine, Result, Waiting

_DATA_CODES = frozenset({"refused", "duplicate_email", "category_refused", "document_too_large", "category_unknown"})
_BY_STANDING = {
    Standing.FAILED: Disposition.FAILED,
    Standing.DECLINED: Disposition.DECLINED,
    Standing.PARKED: Disposition.PARKED,
    Standing.IN_DOUBT: Disposition.IN_DOUBT,
}
_CHANGED_HINT = "the API has no update: have the bank correct the customer, or restore the row"


def is_carried(journey: Journey | None, *, run: int) -> bool:
    """Whether this run took the customer up: then its journey counts, also if the row would be rejected by now.

    A document may vanish between the check and the upload; the customer is at the bank all the same.
    """
    return journey is not None and bool(run) and journey.last_run == run


def has_open_intent(journey: Journey, calls: Sequence[CallRecord]) -> bool:
    """Whether the run ended before the outcome of one of its ``calls`` was known, and the journey says so."""
    return journey.doubts > 0 and any(call.changes and not call.outcome for call in calls)


def disposition_of(journey: Journey | None, fingerprint: bytes, *, run: int) -> Disposition:
    """What became of an accepted row in run number ``run``."""
    if journey is None:
        return Disposition.PENDING
    if journey.standing is Standing.COMPLETE:
        if changed_columns(journey.fingerprint, fingerprint):
            return Disposition.CHANGED
        return Disposition.ONBOARDED if journey.completed_run == run else Disposition.UNCHANGED
    if journey.standing is Standing.OPEN:
        return Disposition.IN_DOUBT if journey.doubts and not is_vouched(journey) else Disposition.PENDING
    return _BY_STANDING[journey.standing]


def result_of(row: IntakeRow, journey: Journey | None, fingerprint: bytes, *, run: int) -> Result:
    """The row's line of ``results.csv``."""
    if row.customer is None and not is_carried(journey, run=run):
        first = row.violations[0]
        return Result(
            source=row.source,
            row_number=row.row_number,
            external_id=row.external_id,
            disposition=Disposition.REJECTED,
            code=first.code,
            message=first.message,
        )
    disposition = disposition_of(journey, fingerprint, run=run)
    if journey is None:
        return Result(
            source=row.source, row_number=row.row_number, external_id=row.external_id, disposition=disposition
        )
    code, message = journey.code, journey.message
    if disposition is Disposition.CHANGED:
        code, message = "row_changed", f"changed since it was onboarded: {', '.join(_changed(journey, fingerprint))}"
    complete = journey.standing is Standing.COMPLETE
    return Result(
        source=row.source,
        row_number=row.row_number,
        external_id=row.external_id,
        disposition=disposition,
        phase=Phase.ACTIVATION if complete else journey.phase if code else tuple(Phase)[min(journey.done, 7)],
        customer_id=journey.customer_id,
        user_id=journey.user_id,
        verification_id=journey.verification_id,
        code=code,
        message=message,
        attempts=journey.sent if journey.last_run == run else 0,
        started_at=instant(journey.started_at),
        finished_at=instant(journey.finished_at),
    )


def _changed(journey: Journey, fingerprint: bytes) -> Sequence[str]:
    return changed_columns(journey.fingerprint, fingerprint)


def errors_of(
    row: IntakeRow, journey: Journey | None, calls: Sequence[CallRecord], result: Result, *, at: str
) -> Iterator[ErrorLine]:
    """The row's lines of ``errors.csv``: violations, every call that went wrong, and what holds it without a call."""
    for violation in (*row.violations, *row.findings):
        yield ErrorLine.from_violation(violation, at)
    for call in calls:
        if call.code:
            yield _error(
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
    if result.disposition is Disposition.CHANGED:
        yield _error(row, "intake", code=result.code, message=result.message, hint=_CHANGED_HINT, at=at)
    elif journey and _is_news(result, calls):
        yield _error(
            row,
            result.phase,
            field=journey.field,
            code=journey.code,
            message=journey.message,
            hint=journey.hint,
            http_status=journey.http_status,
            at=instant(journey.finished_at) or at,
            severity=Severity.NOTICE if journey.code == VOUCHED else Severity.ERROR,
        )


def _is_news(result: Result, calls: Sequence[CallRecord]) -> bool:
    """Whether what holds the row shows in no call."""
    held = result.disposition is not Disposition.REJECTED and bool(result.code)
    return held and not any(call.code == result.code for call in calls)


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


def waiting_of(row: IntakeRow, journey: Journey, result: Result) -> Waiting:
    """The row's line of ``parked.csv``, which may hold personal data."""
    return Waiting(**_waiting(row, journey, result))


def doubtful_of(row: IntakeRow, journey: Journey, result: Result, calls: Sequence[CallRecord], *, at: str) -> Doubtful:
    """The row's line of ``in_doubt.csv``, which may hold personal data.

    ``since`` tells the doubt from a later one about the same step: no attempt of the step that the line is about is
    newer. It is when the customer was left so, else when the newest of the run's ``calls`` left, else the run's end.
    """
    asked = question_about(journey)
    left = journey.finished_at or max((call.intent_at for call in calls), default=0.0)
    about = {"phase": str(phase_in_doubt(journey)), "question": f"{asked.text} ({asked.yes} / {asked.no})"}
    return Doubtful(**_waiting(row, journey, result) | about | {"since": instant(left) or at})


def _waiting(row: IntakeRow, journey: Journey, result: Result) -> dict[str, Any]:
    customer = row.customer
    return {
        "source": row.source,
        "row_number": row.row_number,
        "external_id": row.external_id,
        "first_name": customer.first_name if customer else "",
        "last_name": customer.last_name if customer else "",
        "email": customer.email if customer else "",
        "phone": customer.phone if customer else "",
        "phase": result.phase,
        "code": result.code or "outcome_unknown",
        "message": journey.message or "the run ended before the outcome of a call was known",
        "hint": journey.hint or "run the same command again: the job finds out what happened",
        "customer_id": journey.customer_id,
        "user_id": journey.user_id,
        "verification_id": journey.verification_id,
        "since": instant(journey.finished_at or journey.started_at),
        "attempts": journey.sent,
    }


def belongs_in_rejects(row: IntakeRow, journey: Journey | None, *, run: int = 0) -> bool:
    """Whether a person must correct the row: it broke a rule, or the bank refused it for its data (DESIGN 3.5)."""
    if row.customer is None and not is_carried(journey, run=run):
        return True
    if journey is None or journey.standing is not Standing.FAILED:
        return False
    return (journey.final and journey.code in _DATA_CODES) or journey.code.startswith(("document_", "category_"))


def instant(seconds: float) -> str:
    """Seconds since the epoch as an ISO instant in UTC; nothing for 0."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if seconds else ""
