"""The next steps after a command, the most urgent first: one for each cause, with its count, a command or a file.

Promises: pure; plain sentences; every step names a command or a file; a step offers to run again only where that helps;
no value of a row. Does not know HTML: the page escapes the texts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.reports.files.causes import FINE, Cause
from finhub_onboard.reports.files.endings import Way
from finhub_onboard.reports.files.given import Given, RowFiles
from finhub_onboard.reports.files.phrases import count_rows, sentences
from finhub_onboard.reports.files.totals import Summary, Totals

_PARKED: Mapping[str, tuple[str, bool]] = {
    "approval_needed": ("Approve the verifications of {rows}", True),
    "approval_lost": ("Approve the verifications of {rows} whose approval was lost", True),
    "approval_not_final": ("Look at the verifications of {rows} that the bank does not call approved", True),
    "consent_evidence_missing": ("Add the evidence of consents to {rows}", False),
    "document_missing": ("Add the missing document to {rows}", False),
    "document_number_missing": ("Add document_type and document_number to {rows}", False),
    "document_refused": ("Give another document for {rows}", False),
    "high_risk": ("Have the power tenant approve {rows} of high risk", True),
}
"""What rows parked with these codes wait for; whether running again helps once a person has acted outside the input."""
_BY_HAND: Mapping[Disposition, tuple[str, str]] = {
    Disposition.DECLINED: (
        "Tell the customers of {rows} that the bank declined them",
        "The bank refused their verification; this job does not ask again",
    ),
    Disposition.CHANGED: (
        "Change {rows} in the FinHub portal, or leave them",
        "These customers are onboarded already and their rows differ now. The bank's API has no update",
    ),
}
_MAX_CODES = 6
_MAX_FILES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A next step: the disposition that it is for, a title, an explanation, commands."""

    disposition: Disposition | None
    title: str
    text: str
    commands: tuple[str, ...] = ()


def steps(summary: Summary, totals: Totals, given: Given | None = None, files: RowFiles | None = None) -> list[Step]:
    """List the next steps; without ``given`` the commands are derived from the summary."""
    how = given or Given(inputs=tuple(i.source for i in summary.inputs), out=f"out/{summary.run_id}")
    found = list(_Advisor(summary, totals, how, files or RowFiles()).steps())
    return found or [Step(disposition=None, title="Nothing.", text="No row waits for anybody.")]


class _Advisor:
    """Finds the steps of one command."""

    def __init__(self, summary: Summary, totals: Totals, given: Given, files: RowFiles) -> None:
        self._summary = summary
        self._totals = totals
        self._given = given
        self._row_files = files
        self._causes: dict[str, Cause] = {}
        for cause in totals.causes():
            self._causes.setdefault(cause.code, cause)

    def steps(self) -> Iterator[Step]:
        """Yield the steps."""
        for find in (
            *(self._fatal, self._pending, self._in_doubt, self._parked, self._rows_to_correct, self._failed),
            *(self._by_hand, self._unfinished, self._copies, self._all_rows),
        ):
            yield from find()

    def _fatal(self) -> Iterator[Step]:
        again = self._given.again()
        if self._summary.exit_code == ExitCode.REFUSED:
            title = "Have the credentials, the tenant and the role put right"
            text = "Nothing is sent again before that; too many refused logins lock the user. Check, then run again."
            yield Step(disposition=None, title=title, text=text, commands=(self._given.command("check"), again))
        elif self._summary.exit_code == ExitCode.UNEXPECTED:
            text = "It is a defect of this program. The ledger holds what happened: keep it, then run again."
            yield Step(disposition=None, title="Report this failure", text=text, commands=(again,))

    def _pending(self) -> Iterator[Step]:
        """Give the steps for rows that are good but not finished."""
        count = self._summary.dispositions[Disposition.PENDING] - self._totals.held
        if not count:
            return
        if self._given.is_check:
            yield Step(
                disposition=Disposition.PENDING,
                title=f"Run {count_rows(count)} that can be sent",
                text="They break no rule. Nothing was sent for them yet.",
                commands=(self._given.for_real(),),
            )
            return
        behind = self._totals.endings.behind(Phase(self._given.until)) if self._given.until else 0
        if count > behind:
            yield Step(
                disposition=Disposition.PENDING,
                title=f"{self._again_title} for {count_rows(count - behind)}",
                text="They are not finished because the run stopped. Finished customers cost no call.",
                commands=(self._given.again(),),
            )
        if behind:
            flag = self._given.to_the_end() != self._given.again()
            what = "the command without --until" if flag else "journey.until changed in the configuration"
            yield Step(
                disposition=Disposition.PENDING,
                title=f"Take {count_rows(behind)} beyond {self._given.until} when you want to",
                text=f"They are as far as this run was to take them. Only {what} sends more for them.",
                commands=(self._given.to_the_end(),) if flag else (),
            )

    @property
    def _again_title(self) -> str:
        limit = self._given.limit
        return f"Run the same {limit:,} rows again" if limit else "Run the same command again"

    def _in_doubt(self) -> Iterator[Step]:
        """Give the step for rows in doubt and for customers in doubt that no row names."""
        count, totals = self._summary.dispositions[Disposition.IN_DOUBT], self._totals
        if not count and not totals.elsewhere:
            return
        others = f"{totals.elsewhere:,} {'customer' if totals.elsewhere == 1 else 'customers'} of earlier inputs"
        whom = " and ".join([*([count_rows(count)] if count else []), *([others] if totals.elsewhere else [])])
        phases = ", ".join(f"{rows:,} in {phase}" for phase, rows in totals.endings.phases(Disposition.IN_DOUBT))
        text = (
            f"A call was sent and its answer was lost{f' ({phases})' if phases else ''}. The same command looks again "
            "where the bank can be asked. "
            f"For the others {self._given.beside('in_doubt.csv')} asks what only a person can find out in the FinHub "
            "portal: fill in its column answer, give the file back, then run the same command again."
        )
        if totals.unnamed:
            text += (
                f" Of {totals.unnamed:,} an older version did not keep the external_id: give their rows to a run, "
                "then in_doubt.csv asks about them."
            )
        yield Step(
            disposition=Disposition.IN_DOUBT,
            title=f"Find out about {whom} in doubt",
            text=text,
            commands=(self._given.command("resolve", self._given.beside("in_doubt.csv")), self._given.again()),
        )

    def _parked(self) -> Iterator[Step]:
        file = self._given.beside("parked.csv")
        for code, count in self._totals.endings.of(Disposition.PARKED):
            title, again = _PARKED.get(code, (f"Settle what {{rows}} parked with {code} wait for", True))
            says, commands = "names them", [self._given.again()]
            if not again:
                paths = self._paths("incomplete", list(self._row_files.incomplete.values()))
                says = "names them; running again helps only once the input has it"
                says += f": {' and '.join(paths)} has the rows as they stood; complete them there" if paths else ""
                commands = [self._given.run(*paths)] if paths else []
            yield Step(
                disposition=Disposition.PARKED,
                title=title.format(rows=count_rows(count)),
                text=sentences(*self._because(code), f"{file} {says}"),
                commands=tuple(commands),
            )

    def _rows_to_correct(self) -> Iterator[Step]:
        """Give the step for rows that a person must correct: nothing was sent, or the bank refused their data."""
        endings = self._totals.endings
        for disposition, what, before in (
            (Disposition.REJECTED, "that broke a rule", "Nothing was sent"),
            (Disposition.FAILED, "whose data the bank refused", ""),
        ):
            ways = (Way.CORRECTED,) if disposition is Disposition.FAILED else ()
            found = list(endings.of(disposition, *ways))
            if not found:
                continue
            count = sum(rows for _, rows in found)
            sources = endings.to_correct(disposition)
            files, commands = self._files(sources)
            yield Step(
                disposition=disposition,
                title=f"Correct {count_rows(count)} {what}",
                text=sentences(
                    before,
                    f"{_counts(found)}",
                    f"{files} {'has' if len(sources) == 1 else 'have'} the rows as they stood, with what is "
                    "wrong in the _err_ columns: correct them there and give that to the run"
                    if files
                    else "",
                ),
                commands=commands,
            )

    def _failed(self) -> Iterator[Step]:
        """Give a step for each reason why customers failed that no correction of the row mends."""
        results = self._given.beside("results.csv")
        for code, count in _first(self._totals.endings.of(Disposition.FAILED, Way.RUN_AGAIN)):
            yield Step(
                disposition=Disposition.FAILED,
                title=f"{self._again_title}: it tries {count_rows(count)} once more that failed{_with(code)}",
                text=sentences(*self._because(code), f"{results} names them"),
                commands=(self._given.again(),),
            )
        for code, count in _first(self._totals.endings.of(Disposition.FAILED, Way.OTHERWISE)):
            which = ("--code", code) if code else ()
            yield Step(
                disposition=Disposition.FAILED,
                title=f"Look at {count_rows(count)} that failed for good{_with(code)}",
                text=sentences(
                    *self._because(code),
                    f"{results} names them; no run tries them again until their row changes, or until the cause is "
                    "gone and they are opened for the next run",
                ),
                commands=(self._given.command("retry", *which, "--dry-run"),),
            )

    def _by_hand(self) -> Iterator[Step]:
        """Give the steps for customers for whom this job does nothing more."""
        for disposition, (title, text) in _BY_HAND.items():
            if count := self._summary.dispositions[disposition]:
                yield Step(
                    disposition=disposition,
                    title=title.format(rows=count_rows(count)),
                    text=sentences(text, f"{self._given.beside('results.csv')} names them"),
                )

    def _unfinished(self) -> Iterator[Step]:
        """Give the step for rows that break a rule though the bank has or may have their customers."""
        if count := self._totals.unfinished.total():
            files, commands = self._files(self._totals.unfinished)
            yield Step(
                disposition=None,
                title=f"Correct {count_rows(count)} that broke a rule after a call was sent",
                text="The bank has these customers, or may have them, and nothing more was sent: the disposition says "
                f"where each stands. Answer for those in doubt first, then correct the rows in {files} and give it to "
                "the run.",
                commands=commands,
            )

    def _copies(self) -> Iterator[Step]:
        """Give the step for duplicate rows of customers that were finished before."""
        if count := self._totals.copies:
            title = f"Keep one of {count_rows(count)} that stand more than once"
            text = "Their customers were finished before, and nothing was sent"
            text = sentences(text, f"{self._given.beside('rejects')} has these rows and names their copies")
            yield Step(disposition=None, title=title, text=text)

    def _all_rows(self) -> Iterator[Step]:
        """After some rows of the input come the others; those of them that wait may be run alone before."""
        if not self._given.limit or self._given.is_check:
            return
        counts = self._summary.dispositions
        if not counts[Disposition.PENDING] and any(rows for name, rows in counts.items() if name not in FINE):
            yield Step(
                disposition=None,
                title=self._again_title,
                text="Once something was done about those that wait. Finished customers cost no call.",
                commands=(self._given.again(),),
            )
        yield Step(
            disposition=None,
            title="Then run all rows",
            text=f"This run read the first {self._given.limit:,} rows only. Finished customers cost no call.",
            commands=(self._given.for_all_rows(),),
        )

    def _files(self, sources: Mapping[str, int]) -> tuple[str, tuple[str, ...]]:
        """The rejects of these inputs in words, and the command that takes them once they are corrected."""
        known = self._row_files.rejects
        names = [known.get(source, PurePath(source).name) for source, rows in sources.items() if rows]
        paths = self._paths("rejects", names)
        return " and ".join(paths), (self._given.run(*paths),) if paths else ()

    def _paths(self, folder: str, names: Sequence[str]) -> list[str]:
        """The paths of these files; one pattern for many."""
        return [self._given.beside(folder, name) for name in (names if len(names) <= _MAX_FILES else ("*",))]

    def _because(self, code: str) -> tuple[str, str]:
        """The message and the hint of a code."""
        cause = self._causes.get(code)
        return (cause.message, cause.hint) if cause else ("", "")


def _with(code: str) -> str:
    return f" with {code}" if code else ""


def _first(found: Iterator[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """The most frequent codes; the others together, without one."""
    every = list(found)
    rest = sum(rows for _, rows in every[_MAX_CODES:])
    return [*every[:_MAX_CODES], *([("", rest)] if rest else [])]


def _counts(found: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{rows:,} {code or 'for other reasons'}" for code, rows in _first(iter(found)))
