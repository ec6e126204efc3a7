"""What a run would cost, before it is made (``onboard plan``): nothing is sent, nothing is written.

Promises: rows are judged as by a run, with the bank's categories as the newest run saw them; each is counted once.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

from finhub_onboard.commands.plan_result import Deadline, Plan
from finhub_onboard.config import practice
from finhub_onboard.config.deadlines import deadline_at
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.parametrization import foreseen, refuse_unfit
from finhub_onboard.engine.preconditions import look_into_ledger, need_seed, say_if_clock_is_behind, say_if_missing
from finhub_onboard.engine.stages import stage
from finhub_onboard.engine.surveying import survey_inputs
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.journey.forecast import Forecaster, may_be_approved
from finhub_onboard.journey.levels import Levels, level_of, levels
from finhub_onboard.journey.ports import Problem
from finhub_onboard.journey.situation import Expected
from finhub_onboard.journey.taking_up import begin_visit, enter, needs_visit
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.categories import known_categories
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.same_bank import recognise
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.incomplete import Known, weighed
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.requirements import Asked, asked_by, journey_rules
from finhub_onboard.matching.run_facts import RunProgress, facts_of, read_progress
from finhub_onboard.model import Category, Customer, Disposition, IntakeRow, Journey, Phase, Standing
from finhub_onboard.reports.files.totals import COMPLETE
from finhub_onboard.reports.projection import disposition_of_row

_HIERARCHY = 1
"""Calls of no customer; the log-in is not counted either by reports."""
_PASSES = 3
"""How often a run goes through all rows: for what they lack, for whom to take up, and for its reports."""


def plan(order: Order, settings: Settings, emit: Handler) -> Plan:
    """Read and judge the inputs, look each row up in the ledger, and forecast the remaining calls."""
    began, clock = datetime.now(UTC), [time.monotonic()]
    inputs = survey_inputs(order, settings, emit)
    clock.append(time.monotonic())
    facts = facts_of(order, settings, inputs.sources, began)
    limits = settings.limits
    forecast = Plan(
        day=limits.spans_from(began) if limits.window else (),
        rate=limits.calls_per_second,
        in_flight=limits.max_in_flight,
        phase_rates=limits.by_phase,
        rows=inputs.rows,
    )
    forecast.calls[Phase.CATEGORIZATION] = _HIERARCHY
    if at := deadline_at(settings.stop.deadline, began):
        forecast.deadline = Deadline(at=at, seconds=(at - began).total_seconds())
    with ExitStack() as stack:
        desk = _Desk(
            forecaster=Forecaster(rules=journey_rules(settings)),
            plan=forecast,
            asked=asked_by(settings),
            size=partial(_size, settings.documents.root),
        )
        if not say_if_missing(settings, emit):
            need_seed(settings)
            desk.ledger = ledger = stack.enter_context(look_into_ledger(settings, emit=emit))
            desk.keys = ledger.keys
            say_if_clock_is_behind(ledger, emit)
            desk.view = Known(facts, ledger, ledger.keys, run=0)
            desk.evidence = Evidence(ledger.keys, settings.documents.root, settings.documents.max_bytes)
            forecast.latency_s = ledger.latency_s()
        runs = [read_progress(run.facts) for run in desk.ledger.runs()] if desk.ledger else []
        categories = _categories(settings, desk.ledger, runs)
        _say_if_refused(desk.ledger, settings, categories, emit)
        desk.unregistrable = foreseen(settings, categories or ())
        desk.levels = levels(categories, [run.levels for run in runs])
        judging = rules_of(facts, categories)
        reached = stack.enter_context(stage("plan", emit, rows=inputs.rows))
        for rows in judge_rows(inputs, judging, batch_rows=settings.intake.batch_rows):
            desk.take(rows)
            reached(forecast.ledger_states.total())
    clock.append(time.monotonic())
    surveying_s, judging_s = (end - begin for begin, end in pairwise(clock))
    forecast.beside_s = surveying_s + _PASSES * judging_s
    return forecast


def _say_if_refused(
    ledger: Reader | None, settings: Settings, categories: Sequence[Category] | None, emit: Handler
) -> None:
    try:
        if ledger:
            recognise(ledger, settings)
        if any(category.features for category in categories or ()):  # else they may not be known
            refuse_unfit(settings, categories or ())
    except ConfigurationError as error:
        emit(Notice(message=f"a run would be refused: {error}"))


def _categories(settings: Settings, ledger: Reader | None, runs: Sequence[RunProgress]) -> tuple[Category, ...] | None:
    """Return the bank's categories as last read; those of the embedded sandbox are known without asking.

    Versions up to 0.4.0 left them only with their runs.
    """
    if settings.embedded:
        return practice.CATEGORIES
    known = known_categories(ledger) if ledger else None
    return known or next((run.categories for run in runs if run.categories), None)


def _size(root: Path, document: str) -> int:
    """How many bytes a document has; 0 if its file cannot be seen, which the check of its row says."""
    try:
        return os.stat(f"{root}/{document}").st_size  # noqa: PTH116 - a third of the time of a Path
    except (OSError, ValueError):
        return 0


@dataclass(slots=True, kw_only=True)
class _Desk:
    """Counts rows; without a ledger every customer is new."""

    forecaster: Forecaster
    plan: Plan
    asked: Asked
    levels: Levels = field(default_factory=lambda: levels(None, []))
    unregistrable: Callable[[Customer], Problem | None] = lambda _: None
    ledger: Reader | None = None
    keys: Keys | None = None
    view: Known | None = None
    evidence: Evidence | None = None
    size: Callable[[str], int] = lambda _: 0

    def take(self, part: Sequence[IntakeRow]) -> None:
        judged = self.view.judged(part) if self.view else [weighed(row, None, self.asked) for row in part]
        for row, journey, fingerprint in self._known(judged):
            if row.customer is not None and (journey is None or needs_visit(journey, fingerprint)):
                self._count("new" if journey is None else "resumable")
                self._foresee(row.customer, journey, fingerprint)
                continue
            stands = disposition_of_row(row, journey, fingerprint, run=0)
            final = stands in (Disposition.REJECTED, *COMPLETE)
            held = "" if final else " for good" if row.customer else ", to be corrected"
            self._count(f"{stands}{held}")
            self.plan.ends[stands, "" if final or journey is None else journey.code] += 1

    def _count(self, what: str) -> None:
        self.plan.ledger_states[what] += 1

    def _known(self, rows: Sequence[IntakeRow]) -> Iterator[tuple[IntakeRow, Journey | None, bytes]]:
        if self.ledger is None or self.keys is None or self.evidence is None:
            yield from ((row, None, b"") for row in rows)
            return
        keys = [self.keys.customer(row.external_id) for row in rows]
        known = self.ledger.find(keys)
        for key, row in zip(keys, rows, strict=True):
            journey = known.get(key)
            yield row, journey, self.evidence.fingerprint(row.customer, journey) if row.customer else b""

    def _foresee(self, customer: Customer, journey: Journey | None, fingerprint: bytes) -> None:
        entered = enter(journey, key=journey.key if journey else b"", fingerprint=fingerprint, run=0, now=1.0)
        taken_up = begin_visit(entered, row=fingerprint)
        problem = self.unregistrable(customer)
        cases = [Expected(level=level, unregistrable=problem) for level in self._levels(customer, entered)]
        if journey is not None and may_be_approved(journey):
            self.plan.waiting += 1
            cases.append(replace(cases[0], approved=True))
        likeliest, *others = (self.forecaster.outlook(entered, customer, taken_up, case) for case in cases)
        self.plan.carries(likeliest.calls)
        for column in likeliest.documents:
            self.plan.documents += 1
            self.plan.document_bytes += self.size(getattr(customer, column))
        self.plan.ends[_ENDS[likeliest.standing], likeliest.code] += 1
        for phase in Phase if any(other.calls != likeliest.calls for other in others) else ():
            counts = [outlook.calls[phase] for outlook in (likeliest, *others)]
            self.plan.less[phase] += counts[0] - min(counts)
            self.plan.more[phase] += max(counts) - counts[0]

    def _levels(self, customer: Customer, journey: Journey) -> Sequence[str]:
        if level := level_of(journey):
            return (level,)
        source, levels_ = self.levels.of(customer)
        self.plan.sources[source] += 1
        return levels_


_ENDS = {
    Standing.COMPLETE: Disposition.ONBOARDED,
    Standing.FAILED: Disposition.FAILED,
    Standing.DECLINED: Disposition.DECLINED,
    Standing.PARKED: Disposition.PARKED,
    Standing.IN_DOUBT: Disposition.IN_DOUBT,
    Standing.OPEN: Disposition.PENDING,
}
