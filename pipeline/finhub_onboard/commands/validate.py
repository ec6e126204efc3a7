"""``onboard validate`` and ``onboard run --dry-run``: the checks of a run, and the same files, without a call."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

from finhub_onboard.config import practice
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.clocks import steady_clock
from finhub_onboard.engine.ending import finished
from finhub_onboard.engine.opening import try_to_report
from finhub_onboard.engine.parametrization import foreseen
from finhub_onboard.engine.preconditions import (
    look_into_ledger,
    need_credentials,
    say_if_clock_is_behind,
    say_if_missing,
)
from finhub_onboard.engine.stages import stage
from finhub_onboard.engine.surveying import survey_inputs
from finhub_onboard.errors import OnboardError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.intake.checking.categories import words_of
from finhub_onboard.intake.findings import Lack
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.needs import Demands
from finhub_onboard.keys import Keys
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.categories import known_categories
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.same_bank import recognise
from finhub_onboard.matching.run_facts import RunFacts, RunProgress, facts_of
from finhub_onboard.model import Category, Customer
from finhub_onboard.reports.outcome import RunEnd, Written
from finhub_onboard.reports.writing import write_reports


def validate(order: Order, settings: Settings, emit: Handler) -> Written:
    """Make all checks that need no network, and write the files that say what they found.

    Categories, and what they ask for, are judged by the hierarchy that was read last, if there is a ledger that can be
    read.
    """
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    inputs = survey_inputs(order, settings, emit)
    facts = facts_of(order, settings, inputs.sources, began)
    return _write_checks(inputs, facts, settings, emit, elapsed, categories=_hierarchy(settings))


def _hierarchy(settings: Settings) -> tuple[Category, ...] | None:
    """The bank's categories, as far as they are known without asking; nobody needs a seed to validate a file."""
    if settings.embedded:
        return practice.CATEGORIES
    with suppress(OnboardError):
        if settings.credentials.reveal("seed") and connect.exists(settings.ledger.url):
            with look_into_ledger(settings) as ledger:
                return known_categories(ledger)
    return None


def dry_run(order: Order, settings: Settings, emit: Handler) -> Written:
    """Find what a run would find, without a single call: the checks, and what the ledger knows of each row."""
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    need_credentials(settings)
    inputs = survey_inputs(order, settings, emit)
    facts = facts_of(order, settings, inputs.sources, began)
    if say_if_missing(settings, emit):
        return _write_checks(inputs, facts, settings, emit, elapsed)
    with look_into_ledger(settings, emit=emit) as ledger:
        say_if_clock_is_behind(ledger, emit)
        recognise(ledger, settings, moved=order.same_bank)
        categories = known_categories(ledger)
        return _write_checks(
            inputs, facts, settings, emit, elapsed, categories=categories, ledger=ledger, keys=ledger.keys
        )


def _write_checks(
    inputs: Survey,
    facts: RunFacts,
    settings: Settings,
    emit: Handler,
    elapsed: Callable[[], float],
    *,
    categories: tuple[Category, ...] | None = None,
    ledger: Reader | None = None,
    keys: Keys | None = None,
) -> Written:
    """Write the files of a check: nothing was sent, accepted rows are pending."""
    try_to_report(inputs, facts)
    began = facts.now.timestamp()
    progress = RunProgress(categories=categories)
    ended = began + elapsed()
    end = RunEnd(run_id=facts.run_id, number=0, progress=progress, started_at=began, finished_at=ended)
    with stage("reports", emit, rows=inputs.rows) as reached:
        written = write_reports(
            survey=inputs,
            facts=facts,
            end=end,
            batch_rows=settings.intake.batch_rows,
            ledger=ledger,
            keys=keys,
            demands=_demands(settings, categories or ()),
            reached=reached,
        )
    for line in written.incomplete:
        emit(Notice(message=line))
    emit(finished(facts, written, elapsed()))
    return written


def _demands(settings: Settings, categories: Sequence[Category]) -> Demands:
    """What rows of some categories must bring to be registered, as a run judges them; their features may be unknown."""
    asking = [category for category in categories if category.features]
    find = foreseen(settings, categories)

    def lacks(customer: Customer) -> tuple[Lack, ...]:
        problem = find(customer)
        return (Lack(**asdict(problem)),) if problem else ()

    return Demands(lacks=lacks, categories=[word for category in asking for word in words_of(category)])
