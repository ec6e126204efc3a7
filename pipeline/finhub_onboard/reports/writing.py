"""Write the reports of a run: the intake's rows joined with the ledger, streamed into files (DESIGN, 3.5).

The same code serves the end of a run and ``onboard report`` after a crash, because reports are projections: they need
nothing that only a running process knows.
"""

import platform
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from finhub_onboard import __version__
from finhub_onboard.errors import ExitCode
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.judge import Demands, JudgedBatch
from finhub_onboard.intake.rejects import RejectMark
from finhub_onboard.intake.second_pass import judge_batches
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.matching.incomplete import Census
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.run_facts import RunFacts
from finhub_onboard.model import CallRecord, Disposition, IntakeRow, Journey, Phase, Severity, Violation
from finhub_onboard.reports.elsewhere import Elsewhere
from finhub_onboard.reports.files.endings import Way
from finhub_onboard.reports.files.folder import UNTOUCHED, ReportFolder, end_of_line
from finhub_onboard.reports.files.given import Given
from finhub_onboard.reports.files.page import render
from finhub_onboard.reports.files.rows import ODD, Doubtful, ErrorLine, Result, csv_cell, violation_line
from finhub_onboard.reports.files.totals import CallSummary, InputSummary, Kept, RateSummary, Summary, Totals, exit_code
from finhub_onboard.reports.joining import Checked, Join, Joined, Part
from finhub_onboard.reports.outcome import RunEnd, Written
from finhub_onboard.reports.paces import over_time
from finhub_onboard.reports.projection import (
    belongs_in_rejects,
    doubtful_of,
    errors_of,
    has_open_intent,
    instant,
    is_carried,
    result_of,
    waiting_of,
)
from finhub_onboard.reports.reject_files import RejectFiles


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
    at = instant(end.finished_at)
    keep = [Path(source.path) for source in survey.sources]
    frozen = ledger.snapshot() if ledger else nullcontext()
    with ReportFolder(out, keep=keep) as folder, RejectFiles(survey, folder) as rejects, frozen:
        elsewhere = Elsewhere(ledger, keys, run=end.number) if ledger and keys else None
        join: Join = Checked(asked=facts.asked)
        if ledger and keys and elsewhere:
            join = Joined(facts, ledger, keys, elsewhere, run=end.number)
        feed = _Feed(
            folder=folder, totals=totals, at=at, run=end.number, checkpoint=survey.reading.checkpoint, reached=reached
        )
        rules = replace(rules_of(facts, end.progress.categories), documents_may_fail=bool(end.number), demands=demands)
        for batch in judge_batches(survey, rules, batch_rows=batch_rows):
            feed.batch(batch, join(batch))
            rejects.add(batch, feed.take_marks())
        rejects.close()
        for line in elsewhere.lines(at=at) if elsewhere else ():
            feed.elsewhere(line)
        kept = _kept(ledger, end) if ledger and end.number else None
        totals.check({source.name: source.rows for source in survey.sources}, lines=folder.lines, kept=kept)
        code = end.exit_code if end.exit_code is not None else _exit_code(totals, checked_only=not end.number)
        summary = _summary(survey, max(facts.rate_asked, end.progress.highest_rate), end, totals, ledger, code)
        timeline = list(over_time(ledger, end.number, end.started_at, end.finished_at)) if ledger and end.number else []
        page = render(summary, totals, timeline, given=_given(survey, facts), rejects=rejects.names)
        files = folder.finish(summary, page)
    return Written(
        exit_code=code,
        dispositions=dict(summary.dispositions),
        elsewhere=totals.elsewhere,
        unnamed=totals.unnamed,
        out=out,
        stopped_because=end.stopped_because,
        hint=end.hint,
        incomplete=feed.incomplete.lines(),
        files=tuple(map(str, files)),
    )


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


def _exit_code(totals: Totals, *, checked_only: bool) -> ExitCode:
    """In a check that sends nothing, pending rows are good, except those that break a rule."""
    counts = dict(totals.dispositions)
    if checked_only:
        counts[Disposition.PENDING] = totals.held
    return exit_code(counts, stopped=False, held=totals.held, elsewhere=totals.elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """Feeds rows to the report folder and the totals."""

    folder: ReportFolder
    totals: Totals
    at: str
    run: int
    checkpoint: Callable[[], None]
    reached: Callable[[int], None]
    incomplete: Census = field(default_factory=Census)
    marks: dict[int, list[RejectMark]] = field(default_factory=dict)

    def take_marks(self) -> dict[int, list[RejectMark]]:
        """Return and clear the marks of rows that belong in the rejects."""
        marks = dict(self.marks)
        self.marks.clear()
        return marks

    def batch(self, batch: JudgedBatch, parts: Iterable[Part]) -> None:
        """Feed a batch. The rows that no run processed are written as prepared text."""
        key = csv_cell if batch.any_key(ODD) else None
        lines = batch.lines(f"{csv_cell(batch.source)},", UNTOUCHED, key)
        start = 0
        for part in parts:
            self.checkpoint()
            for place, line in part.unchanged.items():
                lines[place] = line
            for row, journey, calls, fingerprint in part.told:
                place = row.row_number - batch.first_row
                self._untouched(batch, lines, start, place, part)
                self.row(row, journey, calls, fingerprint)
                start = place + 1
            self._untouched(batch, lines, start, part.end, part)
            start = part.end
            self.reached(self.totals.rows)

    def _untouched(self, batch: JudgedBatch, lines: list[str], start: int, end: int, part: Part) -> None:
        if start < end:
            rejected = self._found(batch, lines, range(start, end), part.found) if part.found else 0
            self.folder.feed_lines(lines[start:end])
            unchanged = sum(place in part.unchanged for place in range(start, end)) if part.unchanged else 0
            self.totals.feed_untouched(
                batch.source, batch.first_row + start, end - start, unchanged=unchanged, rejected=rejected
            )

    def _found(
        self, batch: JudgedBatch, lines: list[str], places: range, found: Mapping[int, Sequence[Violation]]
    ) -> int:
        """Feed what the intake found on rows that no run processed; return how many of them break a rule."""
        told = [(place, lines[place].removesuffix(UNTOUCHED), found[place]) for place in places if place in found]
        texts = [violation_line(key, violation, self.at) for _, key, violations in told for violation in violations]
        rejected = [each for each in told if each[2][0].severity is Severity.ERROR]
        warnings = len(texts)
        for place, key, violations in rejected:
            number = batch.first_row + place
            broken = [violation for violation in violations if violation.severity is Severity.ERROR]
            warnings -= len(broken)
            self.totals.feed_rejected(batch.source, number, [ErrorLine.from_violation(v, self.at) for v in broken])
            lines[place] = key + end_of_line(Disposition.REJECTED, broken[0].code, broken[0].message)
            self.marks[number] = _broken_marks(broken)
        self.totals.feed_warnings(warnings)
        self.folder.feed_error_lines(texts)
        return len(rejected)

    def row(self, row: IntakeRow, journey: Journey | None, calls: Sequence[CallRecord], fingerprint: bytes) -> None:
        """Feed a row with its journey as of the run and the run's calls for it."""
        self.incomplete.feed(row)
        result = result_of(row, journey, fingerprint, run=self.run)
        lines = list(errors_of(row, journey, calls, result, fingerprint, at=self.at))
        for line in lines:
            self.folder.feed_error(line)
            self.totals.feed_error(line)
        self.folder.feed_result(result)
        to_correct = belongs_in_rejects(row, journey, fingerprint, run=self.run)
        self.totals.feed_result(
            result,
            breaks_a_rule=row.customer is None and not is_carried(journey, run=self.run),
            way=_way(result, journey, to_correct=to_correct),
        )
        if journey and is_carried(journey, run=self.run):
            self.totals.feed_carried(in_doubt=has_open_intent(journey, calls))
        if to_correct:
            self.marks[row.row_number] = _marks(row, lines, result)
        if journey and result.disposition is Disposition.PARKED:
            self.folder.feed_parked(waiting_of(row, journey, result))
        elif journey and result.disposition is Disposition.IN_DOUBT:
            self.folder.feed_in_doubt(doubtful_of(row, journey, result, calls, at=self.at))

    def elsewhere(self, line: Doubtful | None) -> None:
        """Feed a customer in doubt that no row names; ``None``: its ``external_id`` is unknown."""
        if line is not None:
            self.folder.feed_in_doubt(line)
        self.totals.feed_elsewhere(named=line is not None)


def _way(result: Result, journey: Journey | None, *, to_correct: bool) -> Way:
    """Return how the row goes on."""
    if to_correct:
        return Way.CORRECTED
    may_be_tried = journey is not None and result.disposition is Disposition.FAILED and not journey.final
    return Way.RUN_AGAIN if may_be_tried else Way.OTHERWISE


def _marks(row: IntakeRow, lines: Sequence[ErrorLine], result: Result) -> list[RejectMark]:
    if row.violations:
        return _broken_marks(row.violations)
    last = [line for line in lines if line.code == result.code][-1:]
    return [RejectMark(field=line.field, code=line.code, message=line.message) for line in last]


def _broken_marks(violations: Iterable[Violation]) -> list[RejectMark]:
    return [RejectMark(field=v.field, code=v.code, message=v.message) for v in violations]


def _summary(
    survey: Survey, rate_asked: float, end: RunEnd, totals: Totals, ledger: Reader | None, code: ExitCode
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
    )


@cache
def _versions() -> dict[str, str]:
    """Return the versions of what makes the reports."""
    libraries = {name: version(name) for name in ("polars", "pandera", "httpx", "aiohttp")}
    return {"finhub-onboard": __version__, "python": platform.python_version(), **libraries}
