"""Opens a run: checks all preconditions of the first call, then enters the run in the ledger.

Promises: an unusable precondition is one error before anything is sent, and the ledger then has no run.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import embedded_sandbox
from finhub_onboard.engine.clocks import steady_clock
from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.engine.preconditions import open_ledger, say_if_clock_is_behind, say_if_new
from finhub_onboard.engine.restored import refuse_if_older
from finhub_onboard.engine.stages import stage
from finhub_onboard.events import Handler, Notice, RunOpened
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.rejects import file_name
from finhub_onboard.keys import Keys
from finhub_onboard.ledger import logins
from finhub_onboard.ledger.ports import Lease, Ledger, Reader, Room
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.ledger.same_bank import KnownBank, recognise
from finhub_onboard.matching.incomplete import census
from finhub_onboard.matching.run_facts import RunFacts, RunProgress, facts_of, read_progress, to_json
from finhub_onboard.reports.files.trial import writable


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRun:
    """The parts of the ledger that a run holds until its end; ``clock`` gives the instants that it stores.

    ``reachable`` are the settings with the bank's real address, which for the embedded sandbox is chosen at its start.
    """

    facts: RunFacts
    progress: RunProgress
    reachable: Settings
    ledger: Ledger
    keys: Keys
    held: Lease
    bank: KnownBank
    reserve: Room
    record: RunRecord
    clock: Callable[[], float]


@contextmanager
def opened_run(
    order: Order,
    settings: Settings,
    inputs: Survey,
    began: datetime,
    emit: Handler,
    *,
    interrupts: Interrupts,
    checkpoint: Callable[[], None],
) -> Iterator[OpenedRun]:
    """Context manager: the lease, reserved disk space and, if asked for, the embedded sandbox, for one run.

    A run that is in the ledger ends with reports: from then on ``interrupts`` are kept. ``checkpoint`` is called just
    before, and may raise to end the opening. Raises :class:`ConfigurationError`, :class:`LockedError` and other errors
    that prevent a run.
    """
    facts = facts_of(order, settings, inputs.sources, began)
    with open_ledger(settings, emit=emit) as ledger, ledger.acquire_lease() as held, ExitStack() as until_reported:
        until_reported.enter_context(ledger.only_copy())
        say_if_new(ledger, settings, emit)
        say_if_clock_is_behind(ledger, emit)
        logins.may_log_in(settings, ledger.keys, ledger, now=time.time())
        bank = recognise(ledger, settings, moved=order.same_bank)
        if not order.ledger_restored:
            refuse_if_older(ledger, settings.reports.dir)
        try_to_report(inputs, facts)
        with stage("completeness", emit, rows=inputs.rows) as reached:
            counted = census(inputs, facts, ledger, ledger.keys, batch_rows=settings.intake.batch_rows, reached=reached)
        for line in counted.lines():
            emit(Notice(message=line))
        room = until_reported.enter_context(
            ledger.room(settings.limits.max_in_flight, say=lambda message: emit(Notice(message=message)))
        )
        reachable = until_reported.enter_context(embedded_sandbox.running(settings, ledger_id=ledger.ledger_id))
        progress = RunProgress(stopped_by=_stopped_by(ledger))
        until_reported.enter_context(interrupts.kept())
        checkpoint()
        record = ledger.start_run(facts.run_id, to_json(facts, progress, ledger.keys))
        emit(RunOpened(run_id=facts.run_id, rows=inputs.rows, out=str(facts.out)))
        yield OpenedRun(
            facts=facts,
            progress=progress,
            reachable=reachable,
            ledger=ledger,
            keys=ledger.keys,
            held=held,
            bank=bank,
            reserve=room,
            record=record,
            clock=steady_clock(record.started_at),
        )


def try_to_report(inputs: Survey, facts: RunFacts) -> None:
    """Check that reports can be written, before anything is sent. Raises :class:`ConfigurationError`."""
    keep = [Path(source.path) for source in inputs.sources]
    writable(facts.out, rejects={file_name(table) for table in inputs.tables}, rows=inputs.rows, keep=keep)


def _stopped_by(ledger: Reader) -> str:
    """The cause that stopped the last run, which this one must check first."""
    runs = ledger.runs()
    return read_progress(runs[0].facts).stopped_by if runs else ""
