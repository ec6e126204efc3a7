"""The numbers of a run: totals, the accounting check, the exit code and ``summary.json``.

Promises: pure, no file and no clock; memory does not grow with the rows if a row's errors are fed before its result;
holds no personal data, only file names, row numbers, codes and redacted messages. Does not know how numbers are shown.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from finhub_onboard.errors import AccountingError, ExitCode
from finhub_onboard.model import Disposition, Phase, Violation
from finhub_onboard.model.nights import SinceLastRun
from finhub_onboard.reports.files.causes import FINE, Cause, Causes
from finhub_onboard.reports.files.endings import Ending, Endings, Way
from finhub_onboard.reports.files.rows import ErrorLine, Result

COMPLETE = frozenset({Disposition.ONBOARDED, Disposition.UNCHANGED, Disposition.CHANGED})
"""Dispositions of a row whose journey is complete, in this run or before."""


def exit_code(dispositions: Mapping[Disposition, int], *, stopped: bool, held: int = 0, elsewhere: int = 0) -> ExitCode:
    """Return the exit code (DESIGN, 3.2): 4 if stopped early or a row is pending, 3 if a row needs somebody, else 0.

    ``held``: pending rows that a person must correct first; ``elsewhere``: customers in doubt that no row names. Both
    need somebody.
    """
    if stopped or dispositions.get(Disposition.PENDING, 0) > held:
        return ExitCode.STOPPED_EARLY
    if elsewhere or any(rows for disposition, rows in dispositions.items() if disposition not in FINE):
        return ExitCode.NEEDS_SOMEBODY
    return ExitCode.OK


def phases_completed(result: Result) -> int:
    """Count the phases that this row's customer has completed, in this run and before.

    A complete journey includes ``phase``; any other has completed the phases before it.
    """
    if result.disposition in COMPLETE:
        return Phase(result.phase).number if result.phase else len(Phase)
    return Phase(result.phase).number - 1 if result.phase else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the ledger counts for a run, to be compared with its rows.

    ``started``: journeys that the run itself counted; ``None`` if it died before it could say.
    """

    customers: int
    intents: int
    outcomes: int
    started: int | None = None


class Totals:
    """Counts rows in input order, each row's errors before its result.

    Errors in any other order are counted as well, but take memory for their rows.
    """

    def __init__(self) -> None:
        self.dispositions: Counter[Disposition] = Counter()
        self.sources: dict[str, Counter[Disposition]] = {}
        self.completed: Counter[int] = Counter()
        self.endings = Endings()
        self.error_lines = 0
        self.carried = 0
        self.intents_in_doubt = 0
        self.elsewhere = 0
        """Customers in doubt that no row names."""
        self.unnamed = 0
        """Those of them whose ``external_id`` the ledger does not know."""
        self.unfinished: Counter[str] = Counter()
        """Per input: rows that break a rule though the bank has or may have their customer."""
        self.held = 0
        """Those of them that are pending."""
        self.copies = 0
        """Duplicate rows of finished customers."""
        self._causes = Causes()
        self._rows: Counter[str] = Counter()
        self._gap = ""

    @property
    def rows(self) -> int:
        """Rows counted so far."""
        return self.dispositions.total()

    def feed_result(self, result: Result, *, breaks_a_rule: bool = False, way: Way = Way.OTHERWISE) -> None:
        """Count a row. One that breaks a rule is not rejected if the bank has or may have its customer."""
        source, number = result.source, result.row_number
        self.endings.feed(result, way)
        if breaks_a_rule and result.disposition is not Disposition.REJECTED:
            self.unfinished[source] += result.disposition not in COMPLETE
            self.copies += result.disposition is Disposition.UNCHANGED
            self.held += result.disposition is Disposition.PENDING
        self.dispositions[result.disposition] += 1
        self.sources.setdefault(source, Counter())[result.disposition] += 1
        if result.disposition is not Disposition.REJECTED:
            self.completed[phases_completed(result)] += 1
        self._rows[source] += 1
        if number != self._rows[source] and not self._gap:
            self._gap = f"{source}: row {self._rows[source]} should follow, row {number} came"
        self._causes.feed_result(result)

    def feed_carried(self, *, in_doubt: bool) -> None:
        """Count a row whose journey this run worked on; ``in_doubt``: its last intent has no outcome."""
        self.carried += 1
        self.intents_in_doubt += in_doubt

    def feed_elsewhere(self, *, named: bool) -> None:
        """Count a customer in doubt that no row names; ``named``: ``in_doubt.csv`` has a line for it."""
        self.elsewhere += 1
        self.unnamed += not named

    def feed_untouched(self, source: str, first: int, rows: int, *, unchanged: int = 0, rejected: int = 0) -> None:
        """Count consecutive rows that were not processed: pending, but for those ``unchanged`` or ``rejected``."""
        for disposition, count in (
            (Disposition.PENDING, rows - unchanged - rejected),
            (Disposition.UNCHANGED, unchanged),
            (Disposition.REJECTED, rejected),
        ):
            if count:
                self.dispositions[disposition] += count
                self.sources.setdefault(source, Counter())[disposition] += count
        self.endings.add(Ending(Disposition.PENDING), rows - unchanged - rejected)
        self.completed[0] += rows - unchanged - rejected
        self.completed[len(Phase)] += unchanged
        if first != self._rows[source] + 1 and not self._gap:
            self._gap = f"{source}: row {self._rows[source] + 1} should follow, row {first} came"
        self._rows[source] += rows

    def feed_error(self, error: ErrorLine) -> None:
        """Count an error; the row's result decides whether it was overcome."""
        self.error_lines += 1
        self._causes.feed_error(error)

    def feed_rejected(self, source: str, number: int, broken: Sequence[ErrorLine]) -> None:
        """Count the broken rules of a rejected row that ``feed_untouched`` counts."""
        for error in broken:
            self.feed_error(error)
        self.endings.add(Ending(Disposition.REJECTED, code=broken[0].code, way=Way.CORRECTED))
        self.endings.add_to_correct(Disposition.REJECTED, source)
        key = broken[0].external_id
        self._causes.feed_result(
            Result(source=source, row_number=number, external_id=key, disposition=Disposition.REJECTED)
        )

    def feed_warnings(self, findings: Sequence[Violation]) -> None:
        """Count findings of the intake that cost no row."""
        self.error_lines += len(findings)
        for finding in findings:
            self._causes.feed_finding(finding)

    def warnings(self) -> list[Cause]:
        """Return what costs no row, the most frequent first."""
        return self._causes.warnings()

    def causes(self) -> list[Cause]:
        """Return all causes, those with the most rows first."""
        return self._causes.every()

    def funnel(self) -> dict[Phase, int]:
        """Count the customers that completed each phase, in this run and before; the counts never rise."""
        return {phase: sum(n for done, n in self.completed.items() if done >= phase.number) for phase in Phase}

    @property
    def customers(self) -> int:
        """Accepted rows: all but the rejected ones."""
        return self.rows - self.dispositions[Disposition.REJECTED]

    def check(
        self, rows_read: Mapping[str, int], *, lines: Mapping[str, int] | None = None, kept: Kept | None = None
    ) -> None:
        """Raise :class:`AccountingError` naming every equation that does not hold (promise 1).

        ``rows_read``: the intake's count per source; ``lines``: lines written per file (``ReportFolder.lines``);
        ``kept``: what the ledger counts for the run.
        """
        equations = [*self._equations(rows_read, lines or {}), *(self._of_ledger(kept) if kept else ())]
        broken = [f"{what}: {left} = {right}" for what, left, right in equations if left != right]
        if self._gap:
            broken.append(f"rows in input order, each once: {self._gap}")
        if waiting := self._causes.waiting:
            source, number = waiting[0]
            broken.append(f"errors of {len(waiting)} rows that have no result, first {source} row {number}")
        if broken:
            raise AccountingError(
                "the accounting does not add up (" + "; ".join(broken) + ")",
                hint="this is a defect of this program; the ledger holds what happened: keep it and report the numbers",
            )

    def _equations(self, rows_read: Mapping[str, int], lines: Mapping[str, int]) -> list[tuple[str, int, int]]:
        """List the equations: name, left side, right side."""
        equations = [("sum of dispositions = rows read", self.rows, sum(rows_read.values()))]
        for source in sorted({*rows_read, *self.sources}):
            total = self.sources.get(source, Counter()).total()
            equations.append((f"sum of dispositions of {source} = its rows read", total, rows_read.get(source, 0)))
        expected = {
            "results.csv": self.rows,
            "errors.csv": self.error_lines,
            "parked.csv": self.dispositions[Disposition.PARKED],
            "in_doubt.csv": self.dispositions[Disposition.IN_DOUBT] + self.elsewhere - self.unnamed,
        }
        equations += [
            (f"lines of {name} = rows counted for it", count, expected[name]) for name, count in lines.items()
        ]
        return equations

    def _of_ledger(self, kept: Kept) -> Iterator[tuple[str, int, int]]:
        yield "customers in the ledger = rows whose journey was carried", kept.customers, self.carried
        if kept.started is not None:
            yield "customers in the ledger = journeys started", kept.customers, kept.started
        answered = kept.intents - self.intents_in_doubt
        yield "outcomes in the ledger = intents less those in doubt", kept.outcomes, answered


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSummary:
    """One input in ``summary.json``."""

    source: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """Calls of one phase: all that were sent, the repeats among them, those refused by a 429."""

    sent: int = 0
    retried: int = 0
    refused_for_rate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSummary:
    """Calls per second: the highest configured, average, and maximum in any one-second window."""

    asked: float = 0
    reached: float = 0
    max_in_1s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``summary.json``, its fields in the order of its keys (DESIGN, 3.5); the last five are ours.

    They say why the run stopped, how many customers in doubt no row names, the ledger's id (empty without one), what is
    new since the last run of the same inputs (``None`` if nothing can be compared), and the names of all files.
    """

    run_id: str
    exit_code: int
    rows_read: int
    dispositions: Mapping[Disposition, int]
    inputs: tuple[InputSummary, ...]
    calls: Mapping[Phase, CallSummary]
    rate: RateSummary
    started_at: str
    finished_at: str
    versions: Mapping[str, str]
    stopped_because: str = ""
    in_doubt_elsewhere: int = 0
    ledger: str = ""
    since_last_run: SinceLastRun | None = None
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Complete dispositions and phases: all nine and all eight, in order."""
        every = {disposition: self.dispositions.get(disposition, 0) for disposition in Disposition}
        object.__setattr__(self, "dispositions", every)
        object.__setattr__(self, "calls", {phase: self.calls.get(phase, CallSummary()) for phase in Phase})

    def to_json(self) -> bytes:
        """Serialise as UTF-8 JSON, indented by two spaces, with a final line end."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
