"""Write the reports of a run: the intake's rows joined with the ledger, streamed into files (DESIGN, 3.5).

The same code serves the end of a run and ``onboard report`` after a crash, because reports are projections: they need
nothing that only a running process knows.
"""

import platform
import shlex
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from finhub_onboard import __version__
from finhub_onboard.errors import ExitCode
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.needs import Demands
from finhub_onboard.intake.second_pass import judge_batches
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.matching.bad_rows import BadRows
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.run_facts import RunFacts
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.model.nights import SinceLastRun
from finhub_onboard.reports.background import background_of
from finhub_onboard.reports.elsewhere import Elsewhere
from finhub_onboard.reports.feeding import Feed
from finhub_onboard.reports.files.folder import INCOMPLETE, QUALITY, REJECTS, ReportFolder
from finhub_onboard.reports.files.given import Given, RowFiles
from finhub_onboard.reports.files.page import render
from finhub_onboard.reports.files.quality import render_quality
from finhub_onboard.reports.files.steps import steps
from finhub_onboard.reports.files.totals import CallSummary, InputSummary, Kept, RateSummary, Summary, Totals, exit_code
from finhub_onboard.reports.joining import Checked, Join, Joined
from finhub_onboard.reports.outcome import RunEnd, Written
from finhub_onboard.reports.projection import (
    instant,
)
from finhub_onboard.reports.reject_files import RejectFiles
from finhub_onboard.reports.translation import language


def write_reports(
    *,
    survey: Survey,
    facts: RunFacts,
    end: RunEnd,
    batch_rows: int,
    ledger: Reader | None,
    keys: Keys | None,
    demands: Demands | None = None,
    reached: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write all files of a run into ``facts.out``; without a ledger only the intake's results (rows are pending).

    ``demands``: for a check; what the rows of a run met stands in the ledger. ``reached`` is told how many rows were
    written so far.

    Raises :class:`AccountingError`, and writes nothing, if the rows do not add up.
    """
    out = facts.out
    totals = Totals()
    words = language(facts.lang) if facts.lang else None
    at = instant(end.finished_at)
    keep = [Path(source.path) for source in survey.sources]
    frozen = ledger.snapshot() if ledger else nullcontext()
    with (
        ReportFolder(out, keep=keep) as folder,
        RejectFiles(survey, folder, hints=words is not None) as rejects,
        RejectFiles(survey, folder, INCOMPLETE, hints=words is not None) as incomplete,
        frozen,
    ):
        elsewhere = Elsewhere(ledger, keys, run=end.number) if ledger and keys else None
        join: Join = Checked(asked=facts.asked)
        if ledger and keys and elsewhere:
            join = Joined(facts, ledger, keys, elsewhere, run=end.number)
        feed = Feed(
            folder=folder,
            totals=totals,
            at=at,
            run=end.number,
            bad_rows=_bad_rows(facts, end, ledger, keys),
            checkpoint=survey.reading.checkpoint,
            reached=reached,
            language=words,
        )
        rules = replace(rules_of(facts, end.progress.categories), documents_may_fail=bool(end.number), demands=demands)
        for batch in judge_batches(survey, rules, batch_rows=batch_rows):
            feed.batch(batch, join(batch))
            rejects.add(batch, feed.take_marks(REJECTS))
            incomplete.add(batch, feed.take_marks(INCOMPLETE))
        rejects.close()
        incomplete.close()
        for line in elsewhere.lines(at=at) if elsewhere else ():
            feed.elsewhere(line)
        kept = _kept(ledger, end) if ledger and end.number else None
        totals.check({source.name: source.rows for source in survey.sources}, lines=folder.lines, kept=kept)
        since = feed.bad_rows.since if feed.bad_rows else None
        code = end.exit_code if end.exit_code is not None else _exit_code(totals, facts, since, is_check=not end.number)
        summary = _summary(survey, max(facts.rate_asked, end.progress.highest_rate), end, totals, ledger, code, since)
        background = background_of(ledger, facts, end)
        if words:
            _write_quality(folder, summary, totals, facts.lang)
        summary = replace(summary, files=folder.names)
        files = RowFiles(rejects=rejects.names, incomplete=incomplete.names)
        given = _given(survey, facts)
        page = render(summary, totals, background, given=given, files=files)
        written = folder.finish(summary, page)
    return Written(
        exit_code=code,
        dispositions=dict(summary.dispositions),
        elsewhere=totals.elsewhere,
        unnamed=totals.unnamed,
        out=out,
        stopped_because=end.stopped_because,
        hint=end.hint,
        incomplete=feed.incomplete.lines(),
        since=since,
        bad_rows=feed.bad_rows,
        summary=summary,
        files=tuple(map(str, written)),
        causes=tuple(cause for cause in totals.causes() if cause.rows),
        steps=tuple(steps(summary, totals, given, files)),
    )


def _write_quality(folder: ReportFolder, summary: Summary, totals: Totals, lang: str) -> None:
    words = language(lang)
    page = render_quality(summary, totals, name=lang, labels=words.labels, translate=words.of)
    folder.feed_text(QUALITY, page)


def _given(survey: Survey, facts: RunFacts) -> Given:
    """The command line of the run, for the commands that follow."""
    until = facts.asked.rules.until if facts.asked else Phase.ACTIVATION
    return Given(
        inputs=tuple(source.path for source in survey.sources),
        out=str(facts.out),
        options=tuple(shlex.split(facts.options)),
        words=facts.words,
        limit=facts.limit,
        until="" if until is Phase.ACTIVATION else until,
    )


def _kept(ledger: Reader, end: RunEnd) -> Kept:
    counts = ledger.counts(end.number)
    return Kept(
        customers=counts.customers, intents=counts.intents, outcomes=counts.outcomes, started=end.progress.started
    )


def _bad_rows(facts: RunFacts, end: RunEnd, ledger: Reader | None, keys: Keys | None) -> BadRows | None:
    if not ledger or not keys:
        return None
    return BadRows(ledger, keys, facts.named, facts.limit, run=end.number, recorded=end.progress.since)


def _exit_code(totals: Totals, facts: RunFacts, since: SinceLastRun | None, *, is_check: bool) -> ExitCode:
    """In a check that sends nothing, pending rows are good, except those that break a rule."""
    counts = dict(totals.dispositions)
    if is_check:
        counts[Disposition.PENDING] = totals.held
    code = exit_code(counts, stopped=False, held=totals.held, elsewhere=totals.elsewhere)
    all_known = facts.exit_on_new and since is not None and not since.new
    return ExitCode.OK if code is ExitCode.NEEDS_SOMEBODY and all_known else code


def _summary(
    survey: Survey,
    rate_asked: float,
    end: RunEnd,
    totals: Totals,
    ledger: Reader | None,
    code: ExitCode,
    since: SinceLastRun | None,
) -> Summary:
    calls = {Phase(phase): counts for phase, counts in (ledger.call_totals(end.number) if ledger else {}).items()}
    calls[Phase.CATEGORIZATION] = calls.get(Phase.CATEGORIZATION, CallCounts()) + end.progress.calls
    return Summary(
        run_id=end.run_id,
        exit_code=code,
        rows_read=survey.rows,
        dispositions=dict(totals.dispositions),
        inputs=tuple(
            InputSummary(source=source.name, sha256=source.sha256, rows=source.rows) for source in survey.sources
        ),
        calls={
            phase: CallSummary(sent=each.sent, retried=each.retried, refused_for_rate=each.refused_for_rate)
            for phase, each in calls.items()
        },
        rate=RateSummary(
            asked=rate_asked, reached=round(end.progress.rate_reached, 2), max_in_1s=end.progress.max_in_1s
        ),
        started_at=instant(end.started_at),
        finished_at=instant(end.finished_at if end.number else time.time()),
        versions=_versions(),
        stopped_because=end.stopped_because,
        in_doubt_elsewhere=totals.elsewhere,
        ledger=ledger.ledger_id if ledger else "",
        since_last_run=since,
    )


@cache
def _versions() -> dict[str, str]:
    """Return the versions of what makes the reports."""
    libraries = {name: version(name) for name in ("polars", "pandera", "httpx", "aiohttp")}
    return {"finhub-onboard": __version__, "python": platform.python_version(), **libraries}
