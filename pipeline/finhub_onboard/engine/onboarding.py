"""The part of a run that calls the bank: log in, read the categories, carry the customers.

Joins the stages for the duration of a run. When it returns, the ledger holds what happened.
"""

import asyncio
import itertools
import time
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.admission import Admission
from finhub_onboard.engine.bank_health import Health
from finhub_onboard.engine.connection import Connection, connected
from finhub_onboard.engine.document_bytes import DocumentBytes
from finhub_onboard.engine.ending import Carried
from finhub_onboard.engine.fan_out import Engine
from finhub_onboard.engine.finished_customers import verify_finished
from finhub_onboard.engine.gateway import Gateway
from finhub_onboard.engine.id_owners import IdOwners
from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.engine.limits_in_force import LimitsInForce, Reloads
from finhub_onboard.engine.opening import OpenedRun
from finhub_onboard.engine.other_categories import OtherCategories
from finhub_onboard.engine.parametrization import refuse_unfit
from finhub_onboard.engine.progress import ProgressMeter
from finhub_onboard.engine.restored import Signs
from finhub_onboard.engine.stop_rules import Cause, StopRules
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tally import Tally, Watched
from finhub_onboard.engine.tasks import beside
from finhub_onboard.errors import ExitCode, OnboardError, StoppedEarlyError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.second_pass import judge_batches, uses_others
from finhub_onboard.journey.identities import Identities
from finhub_onboard.journey.traverse import Tools
from finhub_onboard.ledger import logins
from finhub_onboard.ledger.categories import changes, remember
from finhub_onboard.ledger.ports import Writer
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.finished import Finished, unfinished_rows
from finhub_onboard.matching.incomplete import Known
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.requirements import journey_rules
from finhub_onboard.matching.run_facts import read_progress, to_json
from finhub_onboard.model import Category

_HEARTBEAT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What lives while customers are carried; the engine is joined from it."""

    connection: Connection
    categories: tuple[Category, ...]
    health: Health
    writer: Writer
    identities: Identities
    stopper: Stopper
    rules: StopRules
    tally: Tally


class Onboarding:
    """Carries the customers of one run through the eight phases."""

    def __init__(
        self, inputs: Survey, opened: OpenedRun, settings: Settings, emit: Handler, reloads: Reloads | None = None
    ) -> None:
        self._found = inputs
        self._facts = opened.facts
        self._progress = opened.progress
        self._opened = opened
        self._settings = settings
        self._ledger = opened.ledger
        self._record = opened.record
        self._held = opened.held
        self._keys = opened.keys
        self._evidence = Evidence(opened.keys, settings.documents.root, settings.documents.max_bytes)
        self._emit = emit
        self._reloads = reloads
        self._limits: LimitsInForce | None = None

    async def carry_out(self, interrupts: Interrupts, deadline: datetime | None) -> Carried:
        """Log in, read the categories, and carry the customers until ``deadline``."""
        settings = self._settings
        async with connected(
            self._opened.reachable,
            self._keys,
            direct=settings.embedded,
            emit=self._emit,
            may_send=self._held.is_valid,
            now=self._opened.clock,
        ) as connection:
            is_restored = self._facts.ledger_restored
            signs = None if is_restored else Signs(self._ledger.name, run=self._record.number)
            stopper = Stopper(connection.gate, self._emit, signs, grace_s=settings.stop.grace_s)
            with interrupts.leading_to(stopper.signalled):
                work = self._log_in_and_carry(connection, stopper)
                limits = self._limits = LimitsInForce(
                    settings=settings, budget=connection.budget, emit=self._emit, reloads=self._reloads
                )
                async with beside(stopper.heed(connection.long_wait), limits.follow()):
                    await stopper.carry_out(work, deadline=deadline)
            logins.remember(connection.session, settings, self._keys, self._ledger, now=time.time())
            self._count(connection)
        return Carried(progress=self._progress, stopper=stopper)

    async def _log_in_and_carry(self, connection: Connection, stopper: Stopper) -> None:
        if stopper.requested:  # stopped while the inputs were read
            return
        try:
            categories = await connection.categories()
            refuse_unfit(self._settings, categories)
            self._say_if_changed(categories)
            remember(categories, self._ledger)
            self._progress = replace(self._progress, categories=categories)
            await self._verify_subscription(connection)
            if self._facts.verify:
                await verify_finished(connection, self._ledger, self._facts.verify, self._emit)
            look = partial(uses_others, self._found, categories, batch_rows=self._settings.intake.batch_rows)
            with closing(OtherCategories(look)) as stopper.suspicion.uses_others:
                await self._carry(connection, stopper, categories)
        except OnboardError as error:
            stopper.error(error)

    def _say_if_changed(self, categories: tuple[Category, ...]) -> None:
        """Report a hierarchy that is not that of the last run that read one."""
        runs = (read_progress(run.facts, self._keys).categories for run in self._ledger.runs())
        before = next((known for known in runs if known), categories)
        if found := changes(before, categories):
            self._emit(Notice(message=f"the bank's categories changed since the last run: {found}"))

    async def _verify_subscription(self, connection: Connection) -> None:
        """Stop at a subscription that does not exist; one that gives no answer now may do so when it is needed."""
        if not self._settings.api.webhook_subscription_id:
            return
        quick = replace(connection.patience, max_attempts=min(2, connection.patience.max_attempts))
        try:
            await connection.subscription.verify(quick)
        except StoppedEarlyError as error:
            self._emit(Notice(message=f"{error}; the run goes on without them"))

    async def _carry(self, connection: Connection, stopper: Stopper, categories: tuple[Category, ...]) -> None:
        rules = StopRules(self._settings, stopped_by=Cause.parse(self._progress.stopped_by))
        tally = Tally(total=self._found.rows)
        async with self._writer(stopper) as writer:
            if self._opened.bank.is_news:  # only after a log-in: a wrong address must not be stored
                writer.belong(self._opened.bank.address)
                if self._record.number > 1:
                    self._emit(Notice(message=self._opened.bank.message))
            parts = _Parts(
                connection=connection,
                categories=categories,
                health=Health(connection.gate, connection.counters, self._emit),
                writer=writer,
                identities=Identities(writer, self._keys),
                stopper=stopper,
                rules=rules,
                tally=tally,
            )
            watch = parts.health.watch(
                connection.hierarchy.probe, connection.patience, stopper.bank_is_down, stopper.error
            )
            meter = self._meter(parts)
            async with beside(watch, self._heartbeat(parts, meter)):
                await self._engine(parts, meter).run()
        levels = {category: dict(counts) for category, counts in tally.levels.items()}
        self._progress = replace(
            self._progress, stopped_by=str(rules.stopped_by or ""), levels=levels, latest=meter.measure()
        )
        if not writer.failed:
            self._progress = replace(self._progress, started=tally.started)

    def _meter(self, parts: _Parts) -> ProgressMeter:
        connection = parts.connection
        return ProgressMeter(
            tally=parts.tally,
            rules=parts.rules,
            budget=connection.budget,
            counters=connection.counters,
            places=connection.places,
            emit=self._emit,
        )

    def _engine(self, parts: _Parts, meter: ProgressMeter) -> Engine:
        """Join the source of customers and the tools that carry them."""
        connection = parts.connection
        tools = Tools(
            bank=self._gateway(parts),
            ledger=Watched(ledger=parts.identities, tally=parts.tally, emit=self._emit),
            stop=parts.stopper,
            rules=journey_rules(self._settings),
            patience=connection.patience,
            run=self._record.number,
            now=self._opened.clock,
            number=itertools.count(self._ledger.reserve_call_numbers()).__next__,
        )
        return Engine(
            self._source(parts),
            tools,
            stopper=parts.stopper,
            rules=parts.rules,
            meter=meter,
            emit=self._emit,
            max_in_flight=self._settings.limits.max_in_flight,
        )

    def _source(self, parts: _Parts) -> Admission:
        """The rows of the inputs, judged again and joined with the ledger."""
        run = self._record.number
        known = Known(self._facts, self._ledger, self._keys, run=run)
        row_rules = rules_of(self._facts, parts.categories)
        count = parts.tally.count_finished
        finished = Finished(self._ledger, self._keys, count, lambda: not parts.stopper.requested)
        batches = judge_batches(
            self._found, row_rules, batch_rows=self._settings.intake.batch_rows, passed_over=finished.places
        )
        return Admission(
            batches=map(known.judged, unfinished_rows(batches, count)),
            keys=self._keys,
            evidence=self._evidence,
            identities=parts.identities,
            tally=parts.tally,
            find=self._ledger.find,
            identify=parts.writer.identify,
            stopper=parts.stopper,
            run=run,
            now=self._opened.clock,
            restored=self._ledger.knows_until(run) if self._facts.ledger_restored else 0.0,
        )

    def _gateway(self, parts: _Parts) -> Gateway:
        connection, ledger, limits = parts.connection, self._ledger, self._settings.limits
        return Gateway(
            client=connection.client,
            budget=connection.budget,
            places=connection.places,
            document_bytes=DocumentBytes(
                limits.max_document_bytes_in_flight,
                largest=limits.max_in_flight * self._settings.documents.max_bytes,
            ),
            payloads=connection.payloads,
            session=connection.session,
            categories=parts.categories,
            evidence=self._evidence,
            health=parts.health,
            ids=IdOwners(self._keys, sharing=ledger.sharing, find=ledger.find, identify=parts.writer.identify),
            keys=self._keys,
        )

    def _writer(self, stopper: Stopper) -> AbstractAsyncContextManager[Writer]:
        """The ledger's writer; on a full disk, outcomes of calls in flight are still written, but nothing is sent."""
        full = partial(
            stopper.request,
            f"the disk of the ledger {self._ledger.name} is full",
            ExitCode.STOPPED_EARLY,
            hint="make room; the same command goes on where it ended",
        )
        return self._held.writer(
            run=self._record.number,
            room=self._opened.reserve,
            on_full=full,
            say=lambda message: self._emit(Notice(message=message)),
        )

    async def _heartbeat(self, parts: _Parts, meter: ProgressMeter) -> None:
        """Store what the reports need if the run dies, and others look at, and notice when it loses the lease."""
        while True:
            if self._held.lost:
                parts.stopper.error(self._held.lost)
            self._count(parts.connection)
            self._progress = replace(self._progress, latest=meter.measure())
            parts.writer.note(self._record.number, to_json(self._facts, self._progress, self._keys))
            await asyncio.sleep(_HEARTBEAT_S)

    def _count(self, connection: Connection) -> None:
        counters, calls = connection.counters, connection.calls
        self._progress = replace(
            self._progress,
            highest_rate=self._limits.highest_rate if self._limits else 0.0,
            rate_reached=counters.mean_rate,
            max_in_1s=counters.max_in_1s,
            calls=CallCounts(sent=calls.sent, retried=calls.retried, refused_for_rate=calls.refused_for_rate),
        )
