"""What a person should know after a command: the headline, and the meaning of the exit code.

Promises: pure; plain sentences; no value of a row. Does not know HTML: the page escapes the texts.
"""

from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.phrases import count_rows
from finhub_onboard.reports.files.totals import Summary

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
_RESUMABLE = (ExitCode.STOPPED_EARLY, ExitCode.REFUSED, ExitCode.INTERRUPTED, ExitCode.TERMINATED)


_OF_A_CHECK = {
    ExitCode.OK: "Every row can be sent, or is finished.",
    ExitCode.NEEDS_SOMEBODY: "Checked; some rows need somebody.",
}


def meaning(code: int, *, is_check: bool = False, is_all_known: bool = False) -> str:
    """Return what an exit code means, of a run or of a check that sends nothing.

    ``is_all_known``: rows need somebody, and the last run said so.
    """
    if is_all_known and code == ExitCode.OK:
        return "No row needs somebody that did not in the last run of these inputs."
    if is_check and code in _OF_A_CHECK:
        return _OF_A_CHECK[ExitCode(code)]
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
        return f"Checked, nothing was sent: {pending:,} of {count_rows(rows)} ready{rest}."
    if summary.exit_code == ExitCode.OK and not needy and not summary.in_doubt_elsewhere:
        if not now:
            return f"Nothing was left to do: {rows:,} of {count_rows(rows)} onboarded before."
        split = f": {now:,} in this run, {before:,} before" if before else ""
        return f"{rows:,} of {count_rows(rows)} onboarded{split}."
    tail = [f"{needy:,} {'needs' if needy == 1 else 'need'} somebody"] if needy else []
    if elsewhere := summary.in_doubt_elsewhere:
        tail.append(f"{elsewhere:,} more {'is' if elsewhere == 1 else 'are'} in doubt")
    if pending:
        tail.append(f"{pending:,} {'is' if pending == 1 else 'are'} pending")
    start = "The run stopped early: " if summary.exit_code in _RESUMABLE else ""
    return f"{start}{now + before:,} of {count_rows(rows)} onboarded" + "".join(f", {part}" for part in tail) + "."


def tone(code: int) -> str:
    """Return the style of an exit code: good, warn or bad."""
    if code == ExitCode.OK:
        return "good"
    return "bad" if code in (ExitCode.UNEXPECTED, ExitCode.REFUSED) else "warn"
