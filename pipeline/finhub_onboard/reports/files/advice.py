"""What a person should know and do after a run: the headline, the meaning of the exit code, the next steps.

Promises: pure; plain sentences; every step names a command or a file; no value of a row. Does not know HTML: the page
escapes the texts.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.totals import Summary, Totals

MEANINGS = {
    ExitCode.OK: "Every row is onboarded or unchanged.",
    ExitCode.UNEXPECTED: "An unexpected failure of this program.",
    ExitCode.USAGE: "The command or the configuration is wrong.",
    ExitCode.NEEDS_SOMEBODY: "Completed, but some rows need somebody.",
    ExitCode.STOPPED_EARLY: "Stopped early; the same command goes on where this run ended.",
    ExitCode.REFUSED: "The bank refused the credentials, the tenant or the role.",
    ExitCode.LOCKED: "Another run holds the lock.",
    ExitCode.UNREADABLE_INPUT: "An input cannot be read as a whole; nothing was sent.",
    ExitCode.INTERRUPTED: "Ended by SIGINT (Ctrl-C) after draining; the same command goes on.",
    ExitCode.TERMINATED: "Ended by SIGTERM after draining; the same command goes on.",
}
_URGENT = (
    Disposition.PENDING,
    Disposition.IN_DOUBT,
    Disposition.PARKED,
    Disposition.REJECTED,
    Disposition.FAILED,
    Disposition.DECLINED,
    Disposition.CHANGED,
)
_RESUMABLE = (ExitCode.STOPPED_EARLY, ExitCode.REFUSED, ExitCode.INTERRUPTED, ExitCode.TERMINATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A next step: the disposition that it is for, a title, an explanation, commands."""

    disposition: Disposition | None
    title: str
    text: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How a run was started: its inputs, the other options as typed, the folder of its reports."""

    inputs: tuple[str, ...]
    options: str = "--config FILE"
    out: str

    def run(self, *inputs: str) -> str:
        """Return the command that runs these inputs, or the run's own."""
        return f"onboard run {shlex.join(inputs or self.inputs)} {self.options}".rstrip()

    def command(self, *words: str) -> str:
        """Return another command, with the run's configuration."""
        typed = shlex.split(self.options)
        config = typed[typed.index("--config") :][:2] if "--config" in typed else []
        return shlex.join(["onboard", *words, *config])

    def beside(self, *parts: str) -> str:
        """Return the path of a file in the folder of the reports."""
        return str(PurePath(self.out, *parts))


def meaning(code: int) -> str:
    """Return what an exit code means."""
    try:
        return MEANINGS[ExitCode(code)]
    except ValueError:
        return "Not a code of this program."


def headline(summary: Summary) -> str:
    """Sum the run up in one sentence."""
    rows = summary.rows_read
    now, before = (summary.dispositions[d] for d in (Disposition.ONBOARDED, Disposition.UNCHANGED))
    pending = summary.dispositions[Disposition.PENDING]
    needy = rows - now - before - pending
    sent = any(calls.sent for calls in summary.calls.values())
    if pending and not sent and summary.exit_code in (ExitCode.OK, ExitCode.NEEDS_SOMEBODY):
        rest = f", {needy:,} {'needs' if needy == 1 else 'need'} somebody" if needy else ""
        return f"Checked, nothing was sent: {pending:,} of {_rows(rows)} ready{rest}."
    if summary.exit_code == ExitCode.OK:
        if not now:
            return f"Nothing was left to do: {rows:,} of {_rows(rows)} onboarded before."
        split = f": {now:,} in this run, {before:,} before" if before else ""
        return f"{rows:,} of {_rows(rows)} onboarded{split}."
    tail = [f"{needy:,} {'needs' if needy == 1 else 'need'} somebody"] if needy else []
    if elsewhere := summary.in_doubt_elsewhere:
        tail.append(f"{elsewhere:,} more {'is' if elsewhere == 1 else 'are'} in doubt")
    if pending:
        tail.append(f"{pending:,} {'is' if pending == 1 else 'are'} pending")
    start = "The run stopped early: " if summary.exit_code in _RESUMABLE else ""
    return f"{start}{now + before:,} of {_rows(rows)} onboarded" + "".join(f", {part}" for part in tail) + "."


def steps(summary: Summary, totals: Totals, again: Again | None = None) -> list[Step]:
    """List the next steps, the most urgent first; without ``again`` the commands are derived from the summary."""
    how = again or Again(inputs=tuple(i.source for i in summary.inputs), out=f"out/{summary.run_id}")
    steps_ = [
        *_fatal(summary, how),
        *(step for d in _URGENT for step in _for(d, summary, totals, how)),
        *_unfinished(totals, how),
        *_copies(totals, how),
    ]
    return steps_ or [Step(disposition=None, title="Nothing.", text="No row waits for anybody.")]


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _fatal(summary: Summary, again: Again) -> Iterator[Step]:
    if summary.exit_code == ExitCode.REFUSED:
        yield Step(
            disposition=None,
            title="Have the credentials, the tenant and the role put right",
            text="Nothing is sent again before that; too many refused logins lock the user. Check, then run again.",
            commands=("onboard check --config FILE", again.run()),
        )
    elif summary.exit_code == ExitCode.UNEXPECTED:
        yield Step(
            disposition=None,
            title="Report this failure",
            text="It is a defect of this program. The ledger holds what happened: keep it, then run again.",
            commands=(again.run(),),
        )


def _for(disposition: Disposition, summary: Summary, totals: Totals, again: Again) -> Iterator[Step]:
    """Give the step for the rows of one disposition, if there are any."""
    count = summary.dispositions[disposition]
    if disposition is Disposition.PENDING:
        count -= totals.held
    if disposition is Disposition.IN_DOUBT:
        yield from _in_doubt(count, totals, again)
        return
    if not count:
        return
    rows = _rows(count)
    title, text, commands = "", "", tuple[str, ...]()
    match disposition:
        case Disposition.CHANGED:
            title = f"Change {rows} by hand, or leave them"
            text = (
                "These customers are onboarded already and their rows differ now. The bank's API has no update: "
                "results.csv names them; change them in the FinHub portal."
            )
        case Disposition.REJECTED:
            title = f"Correct {rows} that broke a rule"
            text = (
                "Nothing was sent for them. The rejects file holds the rows as they stood, with what is wrong in its "
                "_err_ columns. Correct them there and give that file to the run."
            )
            commands = _corrected(again, [source for source, counts in totals.sources.items() if counts[disposition]])
        case Disposition.FAILED:
            title = f"Look at {rows} that failed"
            text = (
                "Refused for their data: correct them in rejects/ and run that file. Retries ran out: the same "
                "command tries them again. Any other refusal stays until its row changes or a redrive opens it once "
                "its cause is gone; errors.csv says why."
            )
            commands = (again.run(), again.command("retry", "--dry-run"))
        case Disposition.DECLINED:
            title = f"Tell the customers of {rows} that the bank declined them"
            text = "The bank refused their verification; this job does not ask again. results.csv names them."
        case Disposition.PARKED:
            title = f"Decide on {rows} that wait for a person"
            text = (
                "parked.csv says what each waits for: an approval in the FinHub portal, a high risk that the bank's "
                "compliance must accept, or consent evidence in the input. Then run the same command again."
            )
            commands = (again.run(),)
        case _:
            title = f"Run the same command again for {rows}"
            text = "They are not finished because the run stopped. Finished customers cost no call."
            commands = (again.run(),)
    yield Step(disposition=disposition, title=title, text=text, commands=commands)


def _in_doubt(count: int, totals: Totals, again: Again) -> Iterator[Step]:
    """Give the step for rows in doubt and for customers in doubt that no row names."""
    if not count and not totals.elsewhere:
        return
    others = f"{totals.elsewhere:,} {'customer' if totals.elsewhere == 1 else 'customers'} of earlier inputs"
    whom = " and ".join([*([_rows(count)] if count else []), *([others] if totals.elsewhere else [])])
    text = (
        "A call was sent and its answer was lost. The same command looks again where the bank can be asked. "
        "For the others in_doubt.csv asks what only a person can find out in the FinHub portal: fill in its "
        "column answer, give the file back, then run the same command again."
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
        commands=(again.command("resolve", again.beside("in_doubt.csv")), again.run()),
    )


def _unfinished(totals: Totals, again: Again) -> Iterator[Step]:
    """Give the step for rows that break a rule though the bank has or may have their customers."""
    if not (count := totals.unfinished.total()):
        return
    yield Step(
        disposition=None,
        title=f"Correct {_rows(count)} that broke a rule after a call was sent",
        text=(
            "The bank has these customers, or may have them, and nothing more was sent: the disposition says where "
            "each stands. Answer for those in doubt first, then correct the rows in the rejects file and give it to "
            "the run."
        ),
        commands=_corrected(again, [source for source, rows in totals.unfinished.items() if rows]),
    )


def _copies(totals: Totals, again: Again) -> Iterator[Step]:
    """Give the step for duplicate rows of customers that were finished before."""
    if not (count := totals.copies):
        return
    yield Step(
        disposition=None,
        title=f"Keep one of {_rows(count)} that stand more than once",
        text=(
            "Their customers were finished before, and nothing was sent. "
            f"{again.beside('rejects')} has these rows and names their copies."
        ),
    )


def _corrected(again: Again, sources: Sequence[str]) -> tuple[str, ...]:
    return tuple(again.run(again.beside("rejects", PurePath(source).name)) for source in sources)


def tone(code: int) -> str:
    """Return the style of an exit code: good, warn or bad."""
    if code == ExitCode.OK:
        return "good"
    return "bad" if code in (ExitCode.UNEXPECTED, ExitCode.REFUSED) else "warn"
