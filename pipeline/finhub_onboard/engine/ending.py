"""The end of a run: write its reports and close it in the ledger, or say that either is missing.

A joiner of ledger and reports. Promises: a run that has begun never ends with 0 without its reports; if they cannot be
written now, the command that writes them later is named, and the run keeps its own reason and exit code.
"""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from finhub_onboard.engine.housekeeping import keep_house
from finhub_onboard.engine.opening import OpenedRun
from finhub_onboard.engine.stages import stage
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.errors import (
    AccountingError,
    ExitCode,
    LedgerError,
    LockedError,
    OnboardError,
    UnreadableInputError,
)
from finhub_onboard.events import Handler, RunFinished
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.matching.run_facts import RunFacts, RunProgress, report_command, to_json
from finhub_onboard.reports.files.atomic import ReportsError
from finhub_onboard.reports.outcome import RunEnd, Written
from finhub_onboard.reports.writing import write_reports

_WAITS_S = (0.1, 1.0, 2.0, 4.0)
"""The pauses between tries while a file system is unavailable."""
_COMPLETE = (ExitCode.OK, ExitCode.NEEDS_SOMEBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How far a run has got with its customers, and whether something stopped it."""

    progress: RunProgress
    stopper: Stopper


def end_run(inputs: Survey, opened: OpenedRun, carried: Carried, emit: Handler, *, batch_rows: int) -> Written:
    """Write the reports, emitting how far they are, and close the run in the ledger.

    Raises :class:`LockedError` if another run has taken over the ledger, which continues and reports, and
    :class:`AccountingError` if the rows do not add up.
    """
    ledger, number, facts, stopper = opened.ledger, opened.record.number, opened.facts, carried.stopper
    with suppress(OnboardError):  # the reports contain the facts anyway
        ledger.note_run(number, to_json(facts, carried.progress, opened.keys))
    if isinstance(opened.held.lost, LockedError):
        ledger.finish_run(number, exit_code=opened.held.lost.exit_code, stopped_because=str(opened.held.lost))
        raise opened.held.lost
    end = RunEnd(
        run_id=facts.run_id,
        number=number,
        started_at=opened.record.started_at,
        finished_at=opened.clock(),
        progress=carried.progress,
        exit_code=stopper.exit_code if stopper.requested else None,
        stopped_because=stopper.reason,
        hint=stopper.hint,
    )
    try:
        # Writing the reports may have freed space for the end of the run, so what is reserved is kept until then.
        with closing(opened.reserve), stage("reports", emit, rows=inputs.rows) as reached:
            written = _written(end, inputs, opened, batch_rows, reached)
    except AccountingError as error:
        ledger.finish_run(number, exit_code=error.exit_code, stopped_because=str(error))
        raise
    except OnboardError as error:
        unreported = _unreported(error, facts, end)
        with suppress(OnboardError):  # the message already says that the ledger cannot be written
            ledger.finish_run(number, exit_code=unreported.exit_code, stopped_because=unreported.stopped_because)
        return unreported
    _remember(written, opened, carried.progress)
    try:
        ledger.finish_run(number, exit_code=written.exit_code, stopped_because=end.stopped_because, at=end.finished_at)
    except OnboardError as error:
        return _unclosed(written, error)
    keep_house(facts, opened.reachable, ledger, emit)
    return written


def _remember(written: Written, opened: OpenedRun, progress: RunProgress) -> None:
    """Tell the ledger what the reports count, and what the next run compares its bad rows with.

    Only of a run that was complete: what a stopped one found would be known to the next, and nobody told of it.
    """
    facts, ledger = opened.facts, opened.ledger
    with suppress(OnboardError):
        if written.bad_rows and written.exit_code in _COMPLETE:
            written.bad_rows.remember(ledger, facts.run_id)
        told = replace(progress, since=written.since, reported=written.dispositions)
        ledger.note_run(opened.record.number, to_json(facts, told, opened.keys))


def finished(facts: RunFacts, written: Written, seconds: float) -> RunFinished:
    """The last event of a run or a check."""
    return RunFinished(
        run_id=facts.run_id,
        exit_code=int(written.exit_code),
        reason=written.stopped_because,
        hint=written.hint,
        dispositions=written.dispositions,
        out=str(facts.out),
        files=written.files,
        seconds=seconds,
        in_doubt_elsewhere=written.elsewhere,
        since_last_run=written.since,
    )


def _written(
    end: RunEnd, inputs: Survey, opened: OpenedRun, batch_rows: int, reached: Callable[[int], None]
) -> Written:
    """Write the reports; where the ledger cannot be read, try again for a while."""
    for wait_s in (*_WAITS_S, None):
        try:
            return write_reports(
                survey=inputs,
                facts=opened.facts,
                end=end,
                batch_rows=batch_rows,
                ledger=opened.ledger,
                keys=opened.keys,
                reached=reached,
            )
        except LedgerError:
            if wait_s is None:
                raise
            time.sleep(wait_s)
            opened.ledger.renew()
    raise AssertionError  # the last try returns or raises


def _unreported(error: OnboardError, facts: RunFacts, end: RunEnd) -> Written:
    match error:
        case UnreadableInputError():
            hint = "put the input back as it was"
        case ReportsError():
            hint = "make room or give access"
        case _:
            hint = error.hint
    command = report_command(facts)
    reasons = [end.stopped_because, f"the reports of run {end.run_id} are not written: {error}"]
    return Written(
        exit_code=_not_ok(end.exit_code),
        dispositions={},
        out=facts.out,
        stopped_because="; ".join(filter(None, reasons)),
        hint="; ".join(filter(None, dict.fromkeys((end.hint, hint, f"then `{command}` writes them from the ledger")))),
        is_reported=False,
    )


def _unclosed(written: Written, error: OnboardError) -> Written:
    """The reports are written, but the ledger does not know that the run is over."""
    reasons = [written.stopped_because, f"the ledger could not be told that the run is over: {error}"]
    return replace(
        written,
        exit_code=_not_ok(written.exit_code),
        stopped_because="; ".join(filter(None, reasons)),
        hint=written.hint or error.hint,
    )


def _not_ok(code: ExitCode | None) -> ExitCode:
    return code or ExitCode.STOPPED_EARLY
