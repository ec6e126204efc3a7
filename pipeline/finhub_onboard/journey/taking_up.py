"""Which customers a run takes up, and their state then: from ledger and current row to an open journey. Pure.

Promise: new values of a row are used only where nothing of it was sent yet (``sent``). Knows no clock, file or socket.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import step_from_label
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.phase_table import IN_ORDER, PHASES
from finhub_onboard.journey.progress import clear_reason, settle_attempts
from finhub_onboard.journey.sent import columns_of, sent_columns
from finhub_onboard.journey.state import is_vouched
from finhub_onboard.journey.visit import Visit
from finhub_onboard.keys import changed_columns, merged_fingerprint
from finhub_onboard.model import Journey, Phase, Repeat, Standing

_EVIDENCE_COLUMNS = frozenset[str]().union(*(rules.evidence_columns for rules in IN_ORDER))
_EXISTS_CODES = frozenset[Code]().union(*(rules.restored.exists_codes for rules in IN_ORDER))


def needs_visit(journey: Journey | None, fingerprint: bytes, *, restored: bool = False) -> bool:
    """Whether a run takes the customer up: DESIGN 3.1, "Run again continues …".

    ``restored``: the ledger may be out of date, so an e-mail that the bank knows may be this customer's own.
    """
    if journey is None:
        return True
    if journey.standing is Standing.COMPLETE:
        return False
    if journey.standing is Standing.DECLINED:
        # A declined customer stays declined; only new evidence opens another verification.
        return bool(_EVIDENCE_COLUMNS.intersection(changed_columns(journey.fingerprint, fingerprint)))
    if journey.standing is Standing.FAILED and journey.final:
        if restored and journey.code in _EXISTS_CODES:
            return True
        return bool(changed_columns(journey.fingerprint, fingerprint))
    return True


def enter(
    journey: Journey | None,
    *,
    key: bytes,
    fingerprint: bytes,
    email: bytes = b"",
    run: int,
    now: float,
    restored: bool = False,
) -> Journey:
    """The journey as this run takes it up.

    ``fingerprint`` and ``email`` (an identity hash) are the row's. ``restored``: the ledger may be out of date, so the
    one repeat may have been used.
    """
    if journey is None:
        return Journey(key=key, fingerprint=fingerprint, first_run=run, last_run=run, started_at=now)
    taken_up = replace(journey, last_run=run, sent=0, finished_at=0.0)
    if is_vouched(taken_up) and _is_another_email(taken_up, fingerprint, email):
        taken_up = settle_attempts(taken_up)  # the new data were never sent
    if journey.standing is Standing.DECLINED:
        taken_up = _open_declined(taken_up)
    changed = changed_columns(journey.fingerprint, fingerprint)
    for rules in IN_ORDER:
        taken_up = rules.take_replaced(taken_up, changed)
    if _conflict_was_shown(taken_up):
        taken_up = _settle_shown_conflict(taken_up)
    kept = sent_columns(taken_up)
    if is_vouched(taken_up):
        kept -= columns_of(step_from_label(taken_up.step))  # the operator vouches that these did not arrive
    taken_up = replace(
        taken_up,
        fingerprint=merged_fingerprint(journey.fingerprint, fingerprint, keep=kept),
        standing=Standing.OPEN,
        final=False,
    )
    if restored and taken_up.doubts and taken_up.repeat is Repeat.UNUSED:
        taken_up = replace(taken_up, repeat=Repeat.SENT)
    # The code of an unresolved step decides what may follow; all other reasons are cleared.
    return taken_up if taken_up.doubts else clear_reason(taken_up)


def begin_visit(journey: Journey, *, row: bytes, email: bytes = b"", restored: float = 0.0) -> Visit:
    """The visit at its start; ``restored``: up to which time a restored ledger knows what happened."""
    check_first = journey.done >= Phase.VERIFICATION.number
    return Visit(row=row, email=email, check_first=check_first, restored=restored)


def _is_another_email(journey: Journey, fingerprint: bytes, email: bytes) -> bool:
    if journey.doubt_email and email:
        return journey.doubt_email != email
    return "email" in changed_columns(journey.fingerprint, fingerprint)


def _open_declined(journey: Journey) -> Journey:
    """The row has new evidence: the declined phase begins again."""
    for rules in IN_ORDER:
        journey = rules.open_declined(journey)
    return journey


def _conflict_was_shown(journey: Journey) -> bool:
    """Whether a person was shown a conflict that no read can confirm: this run sends the step again."""
    parked = journey.standing is Standing.PARKED and journey.code == Code.STATE_CONFLICT
    return parked and bool(journey.step) and PHASES[step_from_label(journey.step).phase].retries_conflict


def _settle_shown_conflict(journey: Journey) -> Journey:
    """Settle the attempt that met the conflict, but no earlier one."""
    if journey.repeat is Repeat.REFUSED:
        return journey
    if journey.doubts <= 1:
        return settle_attempts(journey)
    return replace(journey, doubts=journey.doubts - 1, repeat=Repeat.REFUSED)
