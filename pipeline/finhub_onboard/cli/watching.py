"""``onboard status --watch``: how a running run gets on, drawn again and again on a terminal, else line by line.

Promises: the ledger is only read; the watch ends with the run. Knows no ledger: it is handed a function that reads one.
"""

import sys
import time
from collections.abc import Callable, Iterator

import click

from finhub_onboard.cli import tables
from finhub_onboard.cli.signals import Signalled
from finhub_onboard.cli.streams import is_terminal
from finhub_onboard.commands import run_status, status
from finhub_onboard.commands.run_status import RunStatus
from finhub_onboard.commands.status import Status
from finhub_onboard.errors import ExitCode
from finhub_onboard.texts import printable

_LOOK_S = 1.0
_LINE_S = 10.0
"""How often a line is printed where there is no terminal; JSON lines come each time the run has noted something."""


def watch(read: Callable[[], Status], *, as_json: bool) -> None:
    """Show the run that is at work until it ends; nothing if there is none. Ctrl-C ends the watch with 130."""
    try:
        if as_json:
            _print_json(read)
        elif is_terminal(sys.stdout):
            _draw(read)
        else:
            _print_lines(read)
    except KeyboardInterrupt as stopped:
        click.echo("no longer watching; the run goes on", err=True)
        sys.exit(stopped.exit_code if isinstance(stopped, Signalled) else ExitCode.INTERRUPTED)


def _looks(read: Callable[[], Status]) -> Iterator[tuple[Status, RunStatus]]:
    """Look into the ledger again and again, while a run is at work there."""
    while run := (seen := read()).live:
        yield seen, run
        time.sleep(_LOOK_S)


def _draw(read: Callable[[], Status]) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(file=sys.stdout, force_terminal=True)
    with Live(console=console, auto_refresh=False, transient=True, redirect_stderr=False) as live:
        for seen, run in _looks(read):
            first, *others = run_status.lines(run)
            rows = [("ledger", seen.ledger), ("run", first), *(("", line) for line in others)]
            live.update(tables.fact_table(rows), refresh=True)


def _print_lines(read: Callable[[], Status]) -> None:
    due = 0.0
    for _, run in _looks(read):
        if time.monotonic() >= due:
            due = time.monotonic() + _LINE_S
            _, *others = run_status.lines(run)
            click.echo(printable(f"{run.record.run_id}  {run.state}; {'; '.join(others) or 'nobody is finished yet'}"))


def _print_json(read: Callable[[], Status]) -> None:
    noted = 0.0
    for seen, run in _looks(read):
        if run.record.heartbeat_at != noted:
            noted = run.record.heartbeat_at
            click.echo(status.as_line(seen))
