"""The job: read, validate, open the run, onboard, report.

This page is the whole story; each sentence is a call into a module of its own. It joins the stages and knows nothing
of their insides.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings, deadline_at
from finhub_onboard.engine import descriptors, embedded_sandbox
from finhub_onboard.engine.clocks import steady_clock
from finhub_onboard.engine.documents_root import refuse_if_missing
from finhub_onboard.engine.ending import ended
from finhub_onboard.engine.onboarding import Onboarding, OpenedRun
from finhub_onboard.engine.preconditions import (
    load_certificates,
    look_into_ledger,
    need_credentials,
    open_ledger,
    say_if_clock_is_behind,
    say_if_missing,
    say_if_new,
)
from finhub_onboard.engine.restored import refuse_if_older
from finhub_onboard.engine.signals import Signals
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.errors import LockedError, OnboardError
from finhub_onboard.events import Finished, Handler, Notice, RunOpened, Surveyed
from finhub_onboard.intake.first_pass import Survey, survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.rejects import file_name
from finhub_onboard.keys import Keys
from finhub_onboard.ledger import logins
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.same_bank import recognise
from finhub_onboard.matching.incomplete import census
from finhub_onboard.matching.run_facts import RunFacts, facts_of
from finhub_onboard.reports.files.trial import writable
from finhub_onboard.reports.writing import RunEnd, Written, write_reports

_MANY_INPUTS, _INPUTS_IN_A_LINE = 20, 10
"""From how many inputs on they are told together, and how many at a time."""


def run(order: Order, settings: Settings, emit: Handler) -> Written:
    """Carry every good row of the inputs through the journey and write what became of each."""
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    deadline = _deadline(settings, began, emit)
    settings = embedded_sandbox.as_practice(settings)
    need_credentials(settings)
    load_certificates(settings)
    descriptors.provide(settings.limits.max_in_flight)
    with Signals() as signals:
        found = read(order, settings, emit)
        facts = facts_of(order, settings, found, began)
        with open_ledger(settings, emit=emit) as ledger, ledger.acquire_lease() as held, ExitStack() as until_reported:
            until_reported.enter_context(ledger.only_copy())
            say_if_new(ledger, settings, emit)
            say_if_clock_is_behind(ledger, emit)
            logins.may_log_in(settings, ledger.keys, ledger, now=time.time())
            bank = recognise(ledger, settings, moved=order.same_bank)
            if not order.ledger_restored:
                refuse_if_older(ledger, settings.reports.dir)
            _may_report(found, facts)
            for line in census(found, facts, ledger, ledger.keys, batch_rows=settings.intake.batch_rows).lines():
                emit(Notice(message=line))
            room = until_reported.enter_context(
                ledger.room(settings.limits.max_in_flight, say=lambda message: emit(Notice(message=message)))
            )
            with embedded_sandbox.running(settings, ledger_id=ledger.ledger_id) as reachable:
                facts = replace(facts, stopped_by=_stopped_by(ledger))
                record = ledger.start_run(facts.run_id, facts.to_json(ledger.keys))
                clock = steady_clock(record.started_at)
                until_reported.enter_context(signals.kept())  # a run that has begun ends with reports
                emit(RunOpened(run_id=facts.run_id, rows=found.rows, out=facts.out))
                opened = OpenedRun(
                    ledger=ledger, keys=ledger.keys, held=held, bank=bank, reserve=room, record=record, clock=clock
                )
                this = Onboarding(found, facts, opened, emit)
                with descriptors.set_aside():
                    facts, stopper = asyncio.run(this.carry_out(settings, reachable, signals, deadline))
                with suppress(OnboardError):  # the reports that follow have the facts anyway
                    ledger.note_run(record.number, facts.to_json(ledger.keys))
            if isinstance(held.lost, LockedError):
                # Whoever took over goes on from here and reports.
                ledger.finish_run(record.number, exit_code=held.lost.exit_code, stopped_because=str(held.lost))
                raise held.lost
            end = _end_of(facts, opened, stopper)
            written = ended(end, found, facts, opened, batch_rows=settings.intake.batch_rows)
            if written.is_reported:
                emit(_finished(facts, written, elapsed()))
            return written


def dry_run(order: Order, settings: Settings, emit: Handler) -> Written:
    """What a run would find, without a single call: the checks, and what the ledger knows of each row."""
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    settings = embedded_sandbox.as_practice(settings)
    need_credentials(settings)
    found = read(order, settings, emit)
    facts = facts_of(order, settings, found, began)
    if say_if_missing(settings, emit):
        return _write_checks(found, facts, settings, emit, elapsed)
    with look_into_ledger(settings, emit=emit) as ledger:
        say_if_clock_is_behind(ledger, emit)
        recognise(ledger, settings, moved=order.same_bank)
        return _write_checks(found, facts, settings, emit, elapsed, ledger=ledger, keys=ledger.keys)


def validate(order: Order, settings: Settings, emit: Handler) -> Written:
    """All checks that need no network, and the files that say what they found."""
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    found = read(order, settings, emit)
    return _write_checks(found, facts_of(order, settings, found, began), settings, emit, elapsed)


def read(order: Order, settings: Settings, emit: Handler) -> Survey:
    """The first pass: what cannot be read as a whole stops here, before anything is sent."""
    reading = Reading(profile=order.profile, max_unpacked=settings.intake.max_unpacked_bytes)
    found = survey(order.inputs, batch_rows=settings.intake.batch_rows, limit=order.limit, reading=reading)
    each = 1 if len(found.sources) < _MANY_INPUTS else _INPUTS_IN_A_LINE
    for first in range(0, len(found.sources), each):
        sources, tables = found.sources[first : first + each], found.tables[first : first + each]
        name = sources[0].name + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")
        written = "; ".join(dict.fromkeys(table.written for table in tables if table.written))
        emit(Surveyed(source=name, rows=sum(source.rows for source in sources), written=written))
    if not found.compared:
        emit(Notice(message="too many rows share a birth date and parts of a name: not all were compared"))
    refuse_if_missing(found, settings.documents.root, batch_rows=settings.intake.batch_rows)
    return found


def _deadline(settings: Settings, began: datetime, emit: Handler) -> datetime | None:
    """When the run that began then must stop: however long it reads. It is said: it may be tomorrow."""
    told = settings.stop.deadline
    at = deadline_at(told, began)
    if at is not None:
        local = at.astimezone()
        is_over = ":" in told[:3] and local.date() != began.astimezone().date()
        passed = f"today's {told} is over: " if is_over else ""
        emit(Notice(message=f"{passed}the run stops at {local.isoformat(timespec='seconds')} (stop.deadline)"))
    return at


def _stopped_by(ledger: Reader) -> str:
    """The cause that the last run left for this one to look for."""
    runs = ledger.runs()
    return RunFacts.from_json(runs[0].facts).stopped_by if runs else ""


def _may_report(found: Survey, facts: RunFacts) -> None:
    """Find out that reports cannot be written before anything is sent. Raises :class:`ConfigurationError`."""
    keep = [Path(source.path) for source in found.sources]
    writable(Path(facts.out), rejects={file_name(table) for table in found.tables}, rows=found.rows, keep=keep)


def _end_of(facts: RunFacts, opened: OpenedRun, stopper: Stopper) -> RunEnd:
    return RunEnd(
        run_id=facts.run_id,
        number=opened.record.number,
        started_at=opened.record.started_at,
        finished_at=opened.clock(),
        exit_code=stopper.exit_code if stopper.requested else None,
        stopped_because=stopper.reason,
        hint=stopper.hint,
    )


def _write_checks(
    found: Survey,
    facts: RunFacts,
    settings: Settings,
    emit: Handler,
    elapsed: Callable[[], float],
    *,
    ledger: Reader | None = None,
    keys: Keys | None = None,
) -> Written:
    """The files of a check: nothing was sent, accepted rows are pending."""
    _may_report(found, facts)
    began = datetime.fromisoformat(facts.now).timestamp()
    end = RunEnd(run_id=facts.run_id, number=0, started_at=began, finished_at=began + elapsed())
    written = write_reports(
        survey=found, facts=facts, end=end, batch_rows=settings.intake.batch_rows, ledger=ledger, keys=keys
    )
    for line in written.incomplete:
        emit(Notice(message=line))
    emit(_finished(facts, written, elapsed()))
    return written


def _finished(facts: RunFacts, written: Written, seconds: float) -> Finished:
    return Finished(
        run_id=facts.run_id,
        exit_code=int(written.exit_code),
        dispositions=written.dispositions,
        out=facts.out,
        seconds=seconds,
    )
