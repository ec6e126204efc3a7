"""The end of a command that wrote reports: why it stopped, on stderr; what sums it up, on stdout."""

import sys
from typing import TYPE_CHECKING

import click

from finhub_onboard.cli.shared import STOPPED, Failure, say, tell, tell_as_json
from finhub_onboard.texts import printable

if TYPE_CHECKING:
    from finhub_onboard.reports.outcome import Written


def end(written: "Written", *, as_json: bool, json_logs: bool) -> None:
    """Say why a run stopped, sum it up on stdout, and end with its exit code."""
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
    click.echo(written.as_json() if as_json else printable(written.line()))
    sys.exit(written.exit_code)


def _elsewhere(written: "Written") -> str:
    count, unnamed = written.elsewhere, written.unnamed
    sentences = [f"{count} {'customer is' if count == 1 else 'customers are'} in doubt and in no row of this run"]
    if count > unnamed:
        sentences.append(f"answer in {written.out / 'in_doubt.csv'}")
    if unnamed:
        sentences.append(f"of {unnamed} an older version did not keep the external_id: give their rows to a run")
    return "; ".join(sentences)
