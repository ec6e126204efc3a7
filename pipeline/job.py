"""The job: read, validate, open the run, onboard, report.

This page is the whole story; each sentence is a call into a module of its own. It joins the stages and knows nothing
of their insides.
"""

import asyncio
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline import embedded
from pipeline.connection import Connection, connected
from pipeline.customer_ids import CustomerIds
from pipeline.earlier import Earlier
from pipeline.engine import Engine
from pipeline.errors import (
    ExitCode,
    LockedError,
    OnboardError,
    StoppedEarlyError,
    UnreadableInputError,
)
from pipeline.events import Finished, Handler, Notice, RunOpened, Surveyed
from pipeline.facts import Order, RunFacts, facts_of
from pipeline.gateway import Gateway
from pipeline.health import Health
from pipeline.intake.documents import open_document
from pipeline.intake.files import Reading
from pipeline.intake.validate import Survey, rows, survey
from pipeline.keys import Keys
from pipeline.ledger.lock import Held
from pipeline.ledger.reserve import Reserve, reserved
from pipeline.ledger.store import Ledger, RunRecord
from pipeline.ledger.writer import Writer
from pipeline.opening import keys_of, open_ledger, writable
from pipeline.reporting import RunEnd, Written, write_reports
from pipeline.restored import refuse_if_older
from pipeline.same_bank import KnownBank, recognise
from pipeline.settings import Settings
from pipeline.signals import Signals
from pipeline.stopping import Stopper, beside

_HEARTBEAT_S = 5.0


def run(order: Order, settings: Settings, emit: Handler) -> Written:
    """Carry every good row of the inputs through the journey and write what became of each."""
    began = datetime.now(UTC)
    settings = embedded.with_demo_identity(settings)
    keys = keys_of(settings)
    with Signals() as signals:
        found = read(order, settings, emit)
        facts = facts_of(order, settings, found, began)
        with open_ledger(settings, keys) as ledger, ledger.lock() as held, ExitStack() as until_reported:
            bank = recognise(ledger, settings, moved=order.same_bank)
            if not order.ledger_restored:
                refuse_if_older(ledger, settings.reports.dir)
            writable(Path(facts.out))
            room = until_reported.enter_context(reserved(ledger.path, settings.limits.max_in_flight, emit))
            with embedded.running(settings, ledger_id=ledger.ledger_id) as reachable:
                record = ledger.start_run(facts.run_id, facts.to_json())
                until_reported.enter_context(signals.kept())  # a run that has begun ends with reports
                emit(RunOpened(run_id=facts.run_id, rows=found.rows, out=facts.out))
                opened = _Opened(ledger=ledger, keys=keys, held=held, bank=bank, reserve=room, record=record)
                this = _Run(found, facts, opened, emit)
                facts, stopper = asyncio.run(this.carry_out(settings, reachable, signals))
                with suppress(OnboardError):  # the reports that follow have the facts anyway
                    ledger.note_run(record.number, facts.to_json())
            if isinstance(held.lost, LockedError):
                # Whoever took over goes on from here and reports.
                ledger.finish_run(record.number, exit_code=held.lost.exit_code, stopped_because=str(held.lost))
                raise held.lost
            return _report(found, settings, facts, opened, stopper, emit)


def dry_run(order: Order, settings: Settings, emit: Handler) -> Written:
    """What a run would find, without a single call: the checks, and what the ledger knows of each row."""
    began = datetime.now(UTC)
    settings = embedded.with_demo_identity(settings)
    keys = keys_of(settings)
    found = read(order, settings, emit)
    facts = facts_of(order, settings, found, began)
    if not settings.ledger.path.exists():
        return _write_checks(found, facts, settings, emit)
    with open_ledger(settings, keys) as ledger:
        recognise(ledger, settings, moved=order.same_bank)
        return _write_checks(found, facts, settings, emit, ledger=ledger, keys=keys)


def validate(order: Order, settings: Settings, emit: Handler) -> Written:
    """All checks that need no network, and the files that say what they found."""
    began = datetime.now(UTC)
    found = read(order, settings, emit)
    return _write_checks(found, facts_of(order, settings, found, began), settings, emit)


def read(order: Order, settings: Settings, emit: Handler) -> Survey:
    """The first pass: what cannot be read as a whole stops here, before anything is sent."""
    reading = Reading(profile=order.profile, max_unpacked=settings.intake.max_unpacked_bytes)
    found = survey(order.inputs, batch_rows=settings.intake.batch_rows, limit=order.limit, reading=reading)
    for source, table in zip(found.sources, found.tables, strict=True):
        emit(Surveyed(source=source.name, rows=source.rows, written=table.written))
    if not found.compared:
        emit(Notice(message="too many rows share a birth date and parts of a name: not all were compared"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What a run holds of its ledger from its beginning to its end."""

    ledger: Ledger
    keys: Keys
    held: Held
    bank: KnownBank
    reserve: Reserve
    record: RunRecord


class _Run:
    """The part of a run that talks to the bank."""

    def __init__(self, found: Survey, facts: RunFacts, opened: _Opened, emit: Handler) -> None:
        self._found = found
        self._facts = facts
        self._opened = opened
        self._ledger = opened.ledger
        self._record = opened.record
        self._held = opened.held
        self._keys = opened.keys
        self._emit = emit

    async def carry_out(self, settings: Settings, reachable: Settings, signals: Signals) -> tuple[RunFacts, Stopper]:
        """Log in, read the categories, carry the customers; the ledger holds what happened."""
        async with connected(
            reachable, self._keys, direct=settings.embedded, emit=self._emit, may_send=self._held.sure
        ) as connection:
            stopper = Stopper(connection.pacer, self._emit)
            with signals.leading_to(stopper.signalled):
                work = self._log_in_and_carry(settings, connection, stopper)
                await stopper.carry_out(work, deadline=settings.stop.deadline)
            self._count(connection)
        return self._facts, stopper

    async def _log_in_and_carry(self, settings: Settings, connection: Connection, stopper: Stopper) -> None:
        try:
            categories = await connection.categories()
            self._facts = replace(self._facts, categories=[asdict(category) for category in categories])
            await self._carry(settings, connection, stopper)
        except OnboardError as error:
            stopper.error(error)

    async def _carry(self, settings: Settings, connection: Connection, stopper: Stopper) -> None:
        rules = self._facts.rules()
        assert rules.categories is not None
        health = Health(connection.pacer, self._emit)
        async with self._writer(stopper) as writer:
            if self._opened.bank.is_news:  # only now: an address that nobody could log in to is not kept
                writer.belong(self._opened.bank.address)
                if self._record.number > 1:
                    self._emit(Notice(message=self._opened.bank.message))
            gateway = Gateway(
                client=connection.client,
                payloads=connection.payloads,
                session=connection.session,
                categories=rules.categories,
                read_document=partial(_read_document, settings),
                health=health,
                ids=CustomerIds(self._keys, sharing=self._ledger.sharing, identify=writer.identify),
            )
            engine = Engine(
                settings=settings,
                keys=self._keys,
                run=self._record.number,
                first_call=self._ledger.next_call(),
                rows_total=self._found.rows,
                gateway=gateway,
                writer=writer,
                find=self._ledger.find,
                identify=writer.identify,
                stopper=stopper,
                pacer=connection.pacer,
                emit=self._emit,
            )
            watch = health.watch(connection.hierarchy.probe, connection, stopper.bank_is_down, stopper.error)
            earlier = Earlier(self._ledger, self._keys, run=self._record.number)
            batches = rows(self._found, rules, batch_rows=settings.intake.batch_rows)
            async with beside(watch, self._heartbeat(connection, stopper, writer)):
                await engine.run(map(earlier.judged, batches))
        if not writer.failed:
            self._facts = replace(self._facts, started=engine.started)

    def _writer(self, stopper: Stopper) -> Writer:
        """The ledger's writer; when the disk is full, what is under way is still written and nothing new leaves."""
        full = partial(
            stopper.request,
            f"the disk of the ledger {self._ledger.path} is full",
            ExitCode.STOPPED_EARLY,
            hint="make room; the same command goes on where it ended",
        )
        return Writer(self._ledger.path, self._held, reserve=self._opened.reserve, on_full=full)

    async def _heartbeat(self, connection: Connection, stopper: Stopper, writer: Writer) -> None:
        """Keep what the run's reports need if it dies, and notice if it is the one run no more."""
        while True:
            if self._held.lost:
                stopper.error(self._held.lost)
            self._count(connection)
            writer.note(self._record.number, self._facts.to_json())
            await asyncio.sleep(_HEARTBEAT_S)

    def _count(self, connection: Connection) -> None:
        count, calls = connection.pacer.count, connection.hierarchy
        self._facts = replace(
            self._facts,
            rate_reached=count.reached,
            max_in_1s=count.max_in_1s,
            calls=(calls.sent, calls.retried, calls.refused_for_rate),
        )


def _read_document(settings: Settings, path: str) -> tuple[bytes, str]:
    return open_document(settings.documents.root, path, settings.documents.max_bytes)


def _report(
    found: Survey, settings: Settings, facts: RunFacts, opened: _Opened, stopper: Stopper, emit: Handler
) -> Written:
    """Write the reports and close the run in the ledger."""
    ledger, record = opened.ledger, opened.record
    end = RunEnd(
        run_id=facts.run_id,
        number=record.number,
        started_at=record.started_at,
        finished_at=time.time(),
        exit_code=stopper.exit_code if stopper.requested else None,
        stopped_because=stopper.reason,
        hint=stopper.hint,
    )
    try:
        with closing(opened.reserve):  # behind it there is room to say how the run ended
            written = write_reports(
                survey=found,
                facts=facts,
                end=end,
                batch_rows=settings.intake.batch_rows,
                ledger=ledger,
                keys=opened.keys,
            )
    except UnreadableInputError as error:
        ledger.finish_run(record.number, exit_code=StoppedEarlyError.exit_code, stopped_because=str(error))
        hint = "put the input back as it was and use `onboard report`; the ledger has everything"
        raise StoppedEarlyError(f"{error}; its reports cannot be written", hint=hint) from None
    except OnboardError as error:
        ledger.finish_run(record.number, exit_code=error.exit_code, stopped_because=str(error))
        raise
    ledger.finish_run(record.number, exit_code=written.exit_code, stopped_because=stopper.reason, at=end.finished_at)
    emit(_finished(facts, written))
    return written


def _write_checks(
    found: Survey,
    facts: RunFacts,
    settings: Settings,
    emit: Handler,
    *,
    ledger: Ledger | None = None,
    keys: Keys | None = None,
) -> Written:
    """The files of a check: nothing was sent, accepted rows are pending."""
    end = RunEnd(run_id=facts.run_id, number=0, started_at=_began(facts), finished_at=time.time())
    written = write_reports(
        survey=found, facts=facts, end=end, batch_rows=settings.intake.batch_rows, ledger=ledger, keys=keys
    )
    emit(_finished(facts, written))
    return written


def _began(facts: RunFacts) -> float:
    return datetime.fromisoformat(facts.now).timestamp()


def _finished(facts: RunFacts, written: Written) -> Finished:
    return Finished(
        run_id=facts.run_id,
        exit_code=int(written.exit_code),
        dispositions=written.dispositions,
        out=facts.out,
        seconds=time.time() - _began(facts),
    )
