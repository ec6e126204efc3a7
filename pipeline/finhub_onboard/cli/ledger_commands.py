"""Commands on the ledger: the state of runs and customers, and interventions between runs.

As in ``cli.main``, each command parses its arguments, calls one function and maps the outcome to an exit code.
"""

import sys
from functools import partial
from pathlib import Path

import click

from finhub_onboard.cli import tables
from finhub_onboard.cli.shared import CONFIG, JSON, LANG, OUT, Command, plain_errors, say, settings_from, shown_events
from finhub_onboard.model import Phase

_LABEL = len("unanswered")
"""Width of the labels of ``resolve`` and ``retry``."""
_RUN_ID = click.argument("run_id", required=False, metavar="[RUN]")


@click.command("status", cls=Command, example="onboard status --config configs/production.toml")
@CONFIG
@click.option("--watch", is_flag=True, help="Show how a running run gets on, until it ends.")
@JSON
def status_command(config: Path | None, *, watch: bool, as_json: bool) -> None:
    """Show where runs stand, how far a running one is, how customers stand, and who holds the lock.

    Customers are counted once each, over all runs; a run counts its rows, as its reports do.
    """
    from finhub_onboard.cli import watching
    from finhub_onboard.commands import status

    with plain_errors():
        settings = settings_from(config, {})
        if watch:
            watching.watch(partial(status.status, settings, customers=False, say=say), as_json=as_json)
        ledger_status = status.status(settings, say=say)
        if not as_json:
            click.echo(tables.facts(status.as_rows(ledger_status)))
        else:
            click.echo(status.as_line(ledger_status) if watch else status.as_json(ledger_status))


@click.command("monitor", cls=Command, example="onboard monitor --config configs/production.toml")
@CONFIG
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on [default: a free one].")
def monitor_command(config: Path | None, port: int) -> None:
    """Serve a live page of the runs of a ledger, for browsers on this machine; only reads. Ctrl-C ends it.

    Prints the page's address, which holds a random token: without it nothing is shown.
    """
    from finhub_onboard.monitor.server import monitor

    def announce(address: str) -> None:
        click.echo(address)
        say("open this address in a browser on this machine; Ctrl-C ends the monitor, and no run")

    with plain_errors():
        monitor(settings_from(config, {}), port=port, announce=announce)
    say("the monitor has ended")


@click.command("report", cls=Command, example="onboard report --config configs/production.toml")
@_RUN_ID
@CONFIG
@OUT
@LANG
@JSON
def report_command(run_id: str | None, config: Path | None, out: Path | None, *, lang: str, as_json: bool) -> None:
    """Write the reports of a run again from the ledger; the newest run if none is named."""
    from finhub_onboard.commands import report

    with shown_events() as bus:
        written = report.report(settings_from(config, {}), bus.emit, run_id=run_id, out=out, lang=lang)
    click.echo(written.as_json() if as_json else str(written.out))


@click.command("explain", cls=Command, example="onboard explain C-1001 --config configs/production.toml")
@click.argument("external_id", metavar="EXTERNAL_ID")
@CONFIG
@JSON
def explain_command(external_id: str, config: Path | None, *, as_json: bool) -> None:
    """Show one customer's timeline over all runs: calls, waits, codes, ids, and what to do next.

    Shows no personal data: the ledger has none. Needs the ledger's seed.
    """
    from finhub_onboard.commands import explain
    from finhub_onboard.reports import timeline

    with shown_events() as bus:
        external_id, entries = explain.explain(settings_from(config, {}), bus.emit, external_id)
        if as_json:
            click.echo(explain.as_json(external_id, entries))
        else:
            click.echo(tables.facts(timeline.as_rows(external_id, entries)))
            click.echo(tables.lines(["", *timeline.run_lines(entries)]))


@click.command(
    "resolve",
    cls=Command,
    example="onboard resolve out/20261125T020000-1f2e/in_doubt.csv --config configs/production.toml",
)
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@CONFIG
@click.option("--dry-run", is_flag=True, help="Check the answers; take none.")
@JSON
def resolve_command(file: Path, config: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Take an operator's answers for rows in doubt; sends nothing, the next run goes on from there.

    FILE is the in_doubt.csv of a run. Look each customer up at the bank and fill in the column `answer`:

    \b
      exists           a registration; with customer_id, and user_id if it is shown
      does not exist   a registration: the next run registers the customer once more
      done             any other phase; a verification with verification_id
      not done         any other phase: the next run does it

    Rows without an answer stay in doubt (exit 3). If one answer cannot be taken, none is. The same file again does no
    harm; until the next run an answer can be corrected.
    """  # noqa: D301 - click's mark for "keep the lines" is a real backspace
    from finhub_onboard.commands import resolve

    with shown_events() as bus:
        done = resolve.resolve(settings_from(config, {}), bus.emit, file, dry_run=dry_run)
        click.echo(done.as_json() if as_json else f"{tables.facts(done.as_rows())}\n{done.line()}")
    sys.exit(done.exit_code)


@click.command(
    "retry",
    cls=Command,
    example="onboard retry --phase registration --code refused --config configs/production.toml",
)
@_RUN_ID
@CONFIG
@click.option("--phase", type=click.Choice([str(phase) for phase in Phase]), help="Only who failed in this phase.")
@click.option("--code", default="", metavar="CODE", help="Only who failed with this code of results.csv.")
@click.option("--declined", is_flag=True, help="Also whom the bank declined.")
@click.option("--dry-run", is_flag=True, help="Show who would be opened; change nothing.")
@JSON
def retry_command(
    run_id: str | None,
    config: Path | None,
    phase: str | None,
    code: str,
    *,
    declined: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Open failed customers, final failures too, so that the next run tries them again; sends nothing.

    Of all runs, or only who failed in RUN. Declined customers only with --declined or by their code. A customer in
    doubt is never opened: see `onboard resolve`.
    """
    from finhub_onboard.commands import retry

    with shown_events() as bus:
        which = retry.Filter(run_id=run_id, phase=Phase(phase) if phase else None, code=code, declined=declined)
        done = retry.retry(settings_from(config, {}), bus.emit, which, dry_run=dry_run)
        click.echo(done.as_json() if as_json else f"{tables.facts(done.as_rows(), width=_LABEL)}\n{done.line()}")


@click.group("ledger", epilog="\b\nExample:\n  onboard ledger compact --config configs/production.toml")
def ledger_group() -> None:
    """Look after the ledger's file."""


@ledger_group.command("compact", cls=Command, example="onboard ledger compact --config configs/production.toml")
@CONFIG
@JSON
def compact_command(config: Path | None, *, as_json: bool) -> None:
    """Make the ledger's file as small as what it holds; sends nothing and changes no entry.

    A run does so by itself at its end while the file is small (64 MB). Worth it once after a large ledger of an older
    version was opened. Needs the ledger's size in the folder for temporary files meanwhile, and again beside the
    ledger; no run may be at work.
    """
    from finhub_onboard.commands import compact

    with shown_events() as bus:
        sizes = compact.compact(settings_from(config, {}), bus.emit)
    click.echo(sizes.as_json() if as_json else tables.facts(sizes.as_rows()))


COMMANDS = (
    status_command,
    monitor_command,
    report_command,
    explain_command,
    resolve_command,
    retry_command,
    ledger_group,
)
"""The commands of this module, for the group."""
