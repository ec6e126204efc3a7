"""Dispositions and report lines, derived from the ledger and the intake. Pure.

Promise 1 rests on ``disposition_of``: it is total, so every row has exactly one disposition.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.operator import phase_in_doubt, question_about
from finhub_onboard.journey.sent import changed_since_sent, is_at_the_bank
from finhub_onboard.journey.state import is_vouched
from finhub_onboard.journey.taking_up import needs_visit
from finhub_onboard.model import CallRecord, Disposition, IntakeRow, Journey, Phase, Standing
from finhub_onboard.reports import reasons
from finhub_onboard.reports.files.rows import Doubtful, Result, Waiting

_BY_STANDING = {
    Standing.FAILED: Disposition.FAILED,
    Standing.DECLINED: Disposition.DECLINED,
    Standing.PARKED: Disposition.PARKED,
    Standing.IN_DOUBT: Disposition.IN_DOUBT,
}
_CUT_OFF = "the run ended before the outcome of a call was known"
_ANSWER_FIRST = "the row breaks a rule, so no run looks after the customer: answer here, then correct the row"
_CORRECT_FIRST = "the row breaks a rule: correct it first"
_GONE = "no row of this run names the customer: answer here, or give its row to a run"


def is_carried(journey: Journey | None, *, run: int) -> bool:
    """Whether this run worked on the customer: then its journey counts, even if the row would be rejected by now.

    A document may vanish between the check and the upload; the customer exists at the bank all the same.
    """
    return journey is not None and bool(run) and journey.last_run == run


def has_open_intent(journey: Journey, calls: Sequence[CallRecord]) -> bool:
    """Whether the run ended before the outcome of one of its ``calls`` was known, according to the journey."""
    return journey.doubts > 0 and any(call.changes and not call.outcome for call in calls)


def disposition_of(journey: Journey | None, fingerprint: bytes, *, run: int) -> Disposition:
    """Return the disposition of an accepted row in run number ``run``."""
    if journey is None:
        return Disposition.PENDING
    if journey.standing is Standing.COMPLETE:
        if changed_since_sent(journey, fingerprint):
            return Disposition.CHANGED
        return Disposition.ONBOARDED if journey.completed_run == run else Disposition.UNCHANGED
    if _is_corrected_but_not_reached(journey, fingerprint, run=run):
        return Disposition.PENDING
    return _unfinished_disposition(journey)


def disposition_of_row(
    row: IntakeRow, journey: Journey | None, fingerprint: bytes, *, run: int, solved: bool = False
) -> Disposition:
    """Return the disposition of any row in run number ``run``; ``fingerprint``: that of an accepted row.

    A row that breaks a rule is ``rejected``, unless its customer is in progress: the bank has or may have it. A
    finished customer stays ``unchanged`` if the row is only a duplicate, or was ``solved``: corrected in another file.
    """
    if solved:
        return Disposition.UNCHANGED
    if row.customer is not None:
        return disposition_of(journey, fingerprint, run=run)
    if journey is None:
        return Disposition.REJECTED
    if journey.standing is not Standing.COMPLETE:
        under_way = is_carried(journey, run=run) or (is_at_the_bank(journey) and not is_vouched(journey))
        return _unfinished_disposition(journey) if under_way else Disposition.REJECTED
    if is_carried(journey, run=run):
        return Disposition.ONBOARDED
    return Disposition.UNCHANGED if reasons.is_copy(row.violations) else Disposition.REJECTED


def _unfinished_disposition(journey: Journey) -> Disposition:
    """Return the disposition of a journey that is not complete."""
    if journey.standing is Standing.OPEN:
        return Disposition.IN_DOUBT if journey.doubts and not is_vouched(journey) else Disposition.PENDING
    return _BY_STANDING[journey.standing]


def _is_corrected_but_not_reached(journey: Journey, fingerprint: bytes, *, run: int) -> bool:
    """Whether the row was corrected after a final refusal and this run did not reach it."""
    refused = journey.standing is Standing.DECLINED or (journey.standing is Standing.FAILED and journey.final)
    return refused and not is_carried(journey, run=run) and needs_visit(journey, fingerprint)


def result_of(row: IntakeRow, journey: Journey | None, fingerprint: bytes, *, run: int, solved: bool = False) -> Result:
    """Make the row's line of ``results.csv``."""
    disposition = disposition_of_row(row, journey, fingerprint, run=run, solved=solved)
    journey = with_reason(row, journey)
    if disposition is Disposition.REJECTED:
        journey = None
    code, message = _reason(row, journey, disposition)
    if journey is not None and disposition is Disposition.CHANGED:
        code, message = reasons.ROW_CHANGED, what_changed(journey, fingerprint, run=run)
    result = Result(
        source=row.source,
        row_number=row.row_number,
        external_id=row.external_id,
        disposition=disposition,
        code=code,
        message=message,
    )
    if journey is None:
        return result
    complete = journey.standing is Standing.COMPLETE
    is_own_code = bool(code) and code == journey.code
    return replace(
        result,
        phase=Phase.ACTIVATION if complete else journey.phase if is_own_code else tuple(Phase)[min(journey.done, 7)],
        customer_id=journey.customer_id,
        user_id=journey.user_id,
        verification_id=journey.verification_id,
        attempts=journey.sent if journey.last_run == run else 0,
        started_at=instant(journey.started_at),
        finished_at=instant(journey.finished_at),
    )


def with_reason(row: IntakeRow, journey: Journey | None) -> Journey | None:
    """Add the reason to a journey that a kill left in doubt and whose row no run processes; return others unchanged."""
    if journey is None or row.customer is not None or journey.code or not journey.doubts:
        return journey
    reason = {
        "phase": str(phase_in_doubt(journey)),
        "code": Code.OUTCOME_UNKNOWN,
        "message": _CUT_OFF,
        "hint": _ANSWER_FIRST,
    }
    return structs.replace(journey, **reason)


def _reason(row: IntakeRow, journey: Journey | None, disposition: Disposition) -> tuple[str, str]:
    """Return code and message of what ended or blocks a row: of its journey, else of the first broken rule."""
    corrected = disposition is Disposition.PENDING and journey is not None and journey.standing is not Standing.OPEN
    if journey is not None and journey.code and not corrected:
        return journey.code, journey.message
    if row.violations and disposition is not Disposition.ONBOARDED:
        return row.violations[0].code, row.violations[0].message
    return "", ""


def what_changed(journey: Journey, fingerprint: bytes, *, run: int) -> str:
    """Say which columns of the row are not as they were sent."""
    since = "onboarded" if journey.standing is Standing.COMPLETE and journey.completed_run != run else "sent"
    return f"changed since it was {since}: {', '.join(changed_since_sent(journey, fingerprint))}"


def waiting_of(row: IntakeRow, journey: Journey, result: Result) -> Waiting:
    """Make the row's line of ``parked.csv``, which may hold personal data."""
    return Waiting(**_waiting(row, journey, result))


def doubtful_of(row: IntakeRow, journey: Journey, result: Result, calls: Sequence[CallRecord], *, at: str) -> Doubtful:
    """Make the row's line of ``in_doubt.csv``, which may hold personal data.

    ``since`` distinguishes this doubt from a later one about the same step: no attempt of the step is newer. It is the
    time when the journey stopped, else when the newest of the run's ``calls`` was sent, else the end of the run.
    """
    asked = question_about(journey)
    left = journey.finished_at or max((call.intent_at for call in calls), default=0.0)
    about = {"phase": str(phase_in_doubt(journey)), "question": f"{asked.text} ({asked.yes} / {asked.no})"}
    if row.customer is None:
        about["hint"] = _ANSWER_FIRST if row.source else _GONE
    return Doubtful(**_waiting(row, journey, result) | about | {"since": instant(left) or at})


def _waiting(row: IntakeRow, journey: Journey, result: Result) -> dict[str, Any]:
    customer = row.customer
    hint = journey.hint or "run the same command again: the job finds out what happened"
    return {
        "source": row.source,
        "row_number": row.row_number,
        "external_id": row.external_id,
        "first_name": customer.first_name if customer else "",
        "last_name": customer.last_name if customer else "",
        "email": customer.email if customer else "",
        "phone": customer.phone if customer else "",
        "phase": result.phase,
        "code": result.code or Code.OUTCOME_UNKNOWN,
        "message": journey.message or _CUT_OFF,
        "hint": hint if customer else f"{_CORRECT_FIRST}; {hint}",
        "customer_id": journey.customer_id,
        "user_id": journey.user_id,
        "verification_id": journey.verification_id,
        "since": instant(journey.finished_at or journey.started_at),
        "attempts": journey.sent,
        "field": journey.field,
        "document": _document(journey),
    }


def _document(journey: Journey) -> str:
    """The kind of document that a journey waits for; empty if it waits for something else."""
    kinds = (kind for kind in journey.required or () if DOCUMENT_COLUMN_OF.get(kind) == journey.field)
    return next(kinds, "") if journey.field else ""


def must_be_completed(journey: Journey | None, result: Result) -> bool:
    """Whether the row lacks something that only its owner can add: it is parked because of one of its columns."""
    return journey is not None and result.disposition is Disposition.PARKED and bool(journey.field)


def belongs_in_rejects(row: IntakeRow, journey: Journey | None, fingerprint: bytes = b"", *, run: int = 0) -> bool:
    """Whether a person must correct the row: it breaks a rule, or the bank refused its data (DESIGN 3.5).

    Not if the ``fingerprint`` shows that the row was corrected since.
    """
    if row.customer is None and not is_carried(journey, run=run):
        return True
    if journey is None or journey.standing is not Standing.FAILED:
        return False
    if fingerprint and _is_corrected_but_not_reached(journey, fingerprint, run=run):
        return False
    return reasons.must_be_corrected(journey)


def instant(seconds: float) -> str:
    """Format seconds since the epoch as an ISO instant in UTC; empty for 0."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z" if seconds else ""
