"""Feeds the rows of a run, joined with the ledger, to its report files, its totals and the comparison of nights.

Promise: each row is fed once, in input order; a batch's marks of rows that belong in the rejects are all that is kept.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.intake.rejects import RejectMark
from finhub_onboard.journey.sent import changed_since_sent
from finhub_onboard.matching.bad_rows import BadRows, RowKey
from finhub_onboard.matching.incomplete import Census
from finhub_onboard.model import CallRecord, Disposition, IntakeRow, Journey, Severity, Standing, Violation
from finhub_onboard.reports.error_lines import errors_of
from finhub_onboard.reports.files.causes import FINE
from finhub_onboard.reports.files.endings import Way
from finhub_onboard.reports.files.folder import INCOMPLETE, REJECTS, UNTOUCHED, ReportFolder, end_of_line
from finhub_onboard.reports.files.rows import ODD, Doubtful, ErrorLine, Result, csv_cell, violation_line
from finhub_onboard.reports.files.totals import Totals
from finhub_onboard.reports.joining import Part, Told
from finhub_onboard.reports.projection import (
    belongs_in_rejects,
    doubtful_of,
    has_open_intent,
    is_carried,
    must_be_completed,
    result_of,
    waiting_of,
)
from finhub_onboard.reports.translation import Language

_BAD_THOUGH_FINISHED = (Disposition.REJECTED, Disposition.CHANGED)
"""Dispositions of rows whose customers may be finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Feeds rows to the report folder and the totals."""

    folder: ReportFolder
    totals: Totals
    at: str
    run: int
    bad_rows: BadRows | None
    checkpoint: Callable[[], None]
    reached: Callable[[int], None]
    language: Language | None = None
    incomplete: Census = field(default_factory=Census)
    marks: dict[str, dict[int, list[RejectMark]]] = field(default_factory=partial(defaultdict, dict))

    def take_marks(self, folder: str) -> dict[int, list[RejectMark]]:
        """Return and clear the marks of rows that belong in the files of a folder: the rejects, or the incomplete."""
        marks = self.marks.pop(folder, {})
        return {number: [self._translated(mark) for mark in some] for number, some in marks.items()}

    def _translated(self, mark: RejectMark) -> RejectMark:
        if self.language is None:
            return mark
        message, hint = self.language.of(mark.code, mark.message, mark.hint)
        return replace(mark, message=message, hint=hint)

    def batch(self, batch: JudgedBatch, parts: Iterable[Part]) -> None:
        """Feed a batch. The rows that no run processed are written as prepared text."""
        key = csv_cell if batch.any_key(ODD) else None
        lines = batch.lines(f"{csv_cell(batch.source)},", UNTOUCHED, key)
        start = 0
        for part in parts:
            self.checkpoint()
            for place, line in part.unchanged.items():
                lines[place] = line
            keys = self._row_keys(batch, part.told)
            for row, journey, calls, fingerprint in part.told:
                place = row.row_number - batch.first_row
                self._untouched(batch, lines, start, place, part)
                self.row(row, journey, calls, fingerprint, keys.get(place))
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
        every = [(v, violation_line(key, v, self.at)) for _, key, violations in told for v in violations]
        broken_rules = [line for v, line in every if v.severity is Severity.ERROR]
        others = [line for v, line in every if v.severity is not Severity.ERROR]
        rejected = [each for each in told if each[2][0].severity is Severity.ERROR]
        for place, key, violations in rejected:
            number = batch.first_row + place
            broken = [violation for violation in violations if violation.severity is Severity.ERROR]
            self.totals.feed_rejected(batch.source, number, [ErrorLine.from_violation(v, self.at) for v in broken])
            lines[place] = key + end_of_line(Disposition.REJECTED, broken[0].code, broken[0].message)
            self.marks[REJECTS][number] = _broken_marks(broken)
        self.totals.feed_warnings([v for v, _ in every if v.severity is not Severity.ERROR])
        self.folder.feed_error_lines(broken_rules, others)
        return len(rejected)

    def _row_keys(self, batch: JudgedBatch, told: Sequence[Told]) -> dict[int, RowKey]:
        """By place the keys of rows that may need somebody: not of good rows of finished customers."""
        if self.bad_rows is None:
            return {}
        places = [
            row.row_number - batch.first_row
            for row, journey, _, fingerprint in told
            if row.customer is None or (journey is not None and not _is_fine(journey, fingerprint))
        ]
        return dict(zip(places, self.bad_rows.row_keys(batch, places), strict=True))

    def row(
        self,
        row: IntakeRow,
        journey: Journey | None,
        calls: Sequence[CallRecord],
        fingerprint: bytes,
        key: RowKey | None = None,
    ) -> None:
        """Feed a row with its journey as of the run, the run's calls for it, and its key for comparing nights."""
        self.incomplete.feed(row)
        result = result_of(row, journey, fingerprint, run=self.run)
        solved = result.disposition in _BAD_THOUGH_FINISHED and self._is_solved(key, journey, row)
        if solved:
            result = result_of(row, journey, fingerprint, run=self.run, solved=True)
        lines = list(errors_of(row, journey, calls, result, fingerprint, at=self.at))
        for line in lines:
            self.folder.feed_error(line)
            self.totals.feed_error(line)
        self.folder.feed_result(result)
        to_correct = not solved and belongs_in_rejects(row, journey, fingerprint, run=self.run)
        breaks_a_rule = not solved and row.customer is None and not is_carried(journey, run=self.run)
        self.totals.feed_result(result, breaks_a_rule=breaks_a_rule, way=_way(result, journey, to_correct=to_correct))
        if key:
            differs = bool(row.customer and journey and changed_since_sent(journey, fingerprint))
            self._compare(key, row, result, solved=solved, differs=differs)
        if journey and is_carried(journey, run=self.run):
            self.totals.feed_carried(in_doubt=has_open_intent(journey, calls))
        if to_correct:
            self.marks[REJECTS][row.row_number] = _marks(row, lines, result)
        if journey and must_be_completed(journey, result):
            mark = RejectMark(field=journey.field, code=result.code, message=result.message, hint=journey.hint)
            self.marks[INCOMPLETE][row.row_number] = [mark]
        if journey and result.disposition is Disposition.PARKED:
            self.folder.feed_parked(waiting_of(row, journey, result))
        elif journey and result.disposition is Disposition.IN_DOUBT:
            self.folder.feed_in_doubt(doubtful_of(row, journey, result, calls, at=self.at))

    def _is_solved(self, key: RowKey | None, journey: Journey | None, row: IntakeRow) -> bool:
        """Whether the row of a finished customer was corrected in another file."""
        faulty = {violation.field for violation in row.violations}
        return bool(self.bad_rows and key and journey and self.bad_rows.is_solved(key, journey, faulty))

    def _compare(self, key: RowKey, row: IntakeRow, result: Result, *, solved: bool, differs: bool) -> None:
        """Compare a row with the last run of the same inputs."""
        assert self.bad_rows
        if solved:
            self.bad_rows.feed_solved(key)
        elif result.disposition is Disposition.PENDING and row.customer is not None:
            self.bad_rows.feed_pending(key)
        elif result.disposition not in FINE:
            self.bad_rows.feed(key, _cause(row, result), differs=differs)

    def elsewhere(self, line: Doubtful | None) -> None:
        """Feed a customer in doubt that no row names; ``None``: its ``external_id`` is unknown."""
        if line is not None:
            self.folder.feed_in_doubt(line)
        if self.bad_rows and line is not None:
            cause = f"{Disposition.IN_DOUBT} {line.phase} {line.code}"
            self.bad_rows.feed(self.bad_rows.key_of_customer(line.external_id), cause)
        elif self.bad_rows:
            self.bad_rows.feed_nameless()
        self.totals.feed_elsewhere(named=line is not None)


def _is_fine(journey: Journey, fingerprint: bytes) -> bool:
    """Whether a customer is finished and the row is as it was sent."""
    return journey.standing is Standing.COMPLETE and not changed_since_sent(journey, fingerprint)


def _cause(row: IntakeRow, result: Result) -> str:
    """Return why a row needs somebody, without anything that changes from night to night."""
    if result.disposition is Disposition.CHANGED:
        return result.message
    broken = sorted({f"{violation.field} {violation.code}" for violation in row.violations})
    return " ".join((result.disposition, result.phase, result.code, *broken))


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
    return [RejectMark(field=line.field, code=line.code, message=line.message, hint=line.hint) for line in last]


def _broken_marks(violations: Iterable[Violation]) -> list[RejectMark]:
    return [RejectMark(field=v.field, code=v.code, message=v.message, hint=v.hint) for v in violations]
