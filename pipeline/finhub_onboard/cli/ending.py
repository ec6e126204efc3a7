"""The end of a command that wrote reports: why it stopped, on stderr; what sums it up, on stdout."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from finhub_onboard.cli import tables
from finhub_onboard.cli.console import Detail
from finhub_onboard.cli.shared import STOPPED, Failure, say, tell, tell_as_json
from finhub_onboard.cli.streams import is_terminal
from finhub_onboard.reports.files.folder import PAGE
from finhub_onboard.reports.files.phrases import count_rows
from finhub_onboard.texts import printable

if TYPE_CHECKING:
    from finhub_onboard.reports.files.causes import Cause
    from finhub_onboard.reports.outcome import Written

_CAUSES_SHOWN, _STEPS_SHOWN, _ROWS_SHOWN = 5, 3, 3
_LABEL = len("report")


def end(written: "Written", *, as_json: bool, json_logs: bool, detail: str | None) -> None:
    """Say why a run stopped, sum it up on stdout, and end with its exit code.

    On a terminal also what rows came to grief of, and what to do next.
    """
    failure = Failure(
        event=STOPPED,
        message=written.stopped_because,
        hint=written.hint,
        exit_code=int(written.exit_code),
    )
    if json_logs:  # the event of the end has said all of it, if there was one
        if not written.is_reported:
            tell_as_json(failure)
    else:
        if failure.message:
            tell(failure)
        if written.elsewhere:
            say(_elsewhere(written))
        if is_terminal(sys.stderr) and detail != Detail.QUIET and written.is_reported:
            _tell_what_and_next(written)
    click.echo(written.as_json() if as_json else printable(written.line()))
    sys.exit(written.exit_code)


def _tell_what_and_next(written: "Written") -> None:
    """Print the commonest causes with their first rows, the first steps with their commands, and where the page is.

    A command is one line of any width, so that it can be copied.
    """
    rows = list(_causes(written))
    for number, step in enumerate(written.steps[:_STEPS_SHOWN]):
        rows.append(("" if number else "next", step.title))
        if step.commands:
            say(tables.facts(rows, width=_LABEL, stream=sys.stderr))
            say("\n".join(f"  {printable(command)}" for command in step.commands))
            rows = []
    if (more := len(written.steps) - _STEPS_SHOWN) > 0:
        rows.append(("", f"and {more:,} further {'step' if more == 1 else 'steps'} in the report"))
    rows.append(("report", str(written.out / PAGE)))
    say(tables.facts(rows, width=_LABEL, stream=sys.stderr))


def _causes(written: "Written") -> Iterator[tuple[str, str]]:
    is_one_input = written.summary is not None and len(written.summary.inputs) == 1
    for cause in written.causes[:_CAUSES_SHOWN]:
        what = f"{cause.stage}{f', {cause.field}' if cause.field else ''}: {cause.message} ({cause.code})"
        yield count_rows(cause.rows), f"{what}; {_first(cause, is_one_input=is_one_input)}"
    if (more := len(written.causes) - _CAUSES_SHOWN) > 0:
        yield "", f"and {more:,} further {'cause' if more == 1 else 'causes'}: {written.out / 'errors.csv'}"


def _first(cause: "Cause", *, is_one_input: bool) -> str:
    rows = cause.examples[:_ROWS_SHOWN]
    more = ", …" if cause.rows > len(rows) else ""
    if is_one_input or len({row.source for row in rows}) == 1:
        where = "" if is_one_input else f" of {rows[0].source}"
        return f"row{'' if len(rows) == 1 else 's'} {', '.join(str(row.row_number) for row in rows)}{more}{where}"
    return ", ".join(f"row {row.row_number} of {row.source}" for row in rows) + more


def _elsewhere(written: "Written") -> str:
    count, unnamed = written.elsewhere, written.unnamed
    sentences = [f"{count} {'customer is' if count == 1 else 'customers are'} in doubt and in no row of this run"]
    if count > unnamed:
        sentences.append(f"answer in {written.out / 'in_doubt.csv'}")
    if unnamed:
        sentences.append(f"of {unnamed} an older version did not keep the external_id: give their rows to a run")
    return "; ".join(sentences)
