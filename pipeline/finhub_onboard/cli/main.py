"""The command line: parse, call one function, map the outcome to an exit code.

Heavy imports wait inside the commands, so that ``onboard --help`` answers at once. stdout carries only what was asked
for. Commands that look into the ledger or change it between runs are in ``cli.ledger_commands``.
"""

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from finhub_onboard import __version__
from finhub_onboard.cli import config_commands, ledger_commands, process_memory, streams, tables, tool_commands
from finhub_onboard.cli.ending import end
from finhub_onboard.cli.shared import (
    CONFIG,
    CONFIG_VARIABLE,
    JSON,
    LANG,
    OUT,
    Command,
    detailed,
    leave,
    plain_errors,
    settings_from,
    shown_events,
    words_given,
)
from finhub_onboard.cli.signals import run_listening
from finhub_onboard.cli.streams import is_terminal
from finhub_onboard.model import Phase

if TYPE_CHECKING:
    from finhub_onboard.config.order import Order

_FILE = click.Path(path_type=Path, dir_okay=False)
_NEEDED_CONFIG = click.option(
    "--config", type=_FILE, required=True, envvar=CONFIG_VARIABLE, show_envvar=True, help="Configuration (TOML)."
)
_INPUTS = click.argument(
    "inputs", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="INPUT..."
)
_PROFILE = click.option("--profile", type=_FILE, help="The partner's mapping profile (TOML).")
_LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read only the first N rows.")
_UNTIL = click.option(
    "--until", type=click.Choice([str(phase) for phase in Phase]), help="Stop each customer after this phase."
)
_RATE = click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Calls per second.")
_JSON_LOGS = click.option("--json-logs", is_flag=True, help="Write JSON lines to stderr instead of text.")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    commands=(*ledger_commands.COMMANDS, *tool_commands.COMMANDS, config_commands.config_group),
)
@click.version_option(__version__, prog_name="onboard")
def cli() -> None:
    """Onboard files of customers to FinHub: resumable, rate-limited, never the same person twice.

    \b
    Exit codes:
      0    every row is onboarded or unchanged
      1    unexpected failure
      2    usage or configuration
      3    completed, but some rows need somebody
      4    stopped early: a stop rule, the deadline, --until, or a bank or disk that failed; resumable
      5    credentials, tenant or role refused
      6    another run holds the lock
      7    an input cannot be read as a whole; nothing was sent
      130  ended by SIGINT after draining; resumable
      143  ended by SIGTERM after draining; resumable
    """  # noqa: D301 - click's mark for "keep the lines" is a real backspace


def _command(name: str, example: str) -> Callable[[Callable[..., None]], click.Command]:
    return cli.command(name, cls=Command, example=example)


@_command("run", "onboard run customers.csv --config configs/production.toml")
@_INPUTS
@_NEEDED_CONFIG
@_PROFILE
@OUT
@_LIMIT
@_UNTIL
@_RATE
@click.option("--dry-run", is_flag=True, help="Check everything and consult the ledger; send nothing.")
@click.option("--ledger-restored", is_flag=True, help="The ledger may be older than what was done: ask the bank first.")
@LANG
@click.option(
    "--verify",
    type=click.IntRange(min=1),
    metavar="N",
    help="Look first whether the bank still has the N customers who were finished last.",
)
@click.option("--same-bank", is_flag=True, help="The ledger's bank has moved to this configuration's address.")
@JSON
@_JSON_LOGS
@detailed
def run_command(
    inputs: tuple[Path, ...],
    config: Path,
    profile: Path | None,
    out: Path | None,
    limit: int | None,
    until: str | None,
    rate: float | None,
    verify: int | None,
    *,
    lang: str,
    dry_run: bool,
    ledger_restored: bool,
    same_bank: bool,
    as_json: bool,
    json_logs: bool,
    detail: str | None,
) -> None:
    """Onboard every good row of the inputs; run again to resume.

    Customers that are finished cost no call. Corrected rows of a rejects file are taken up again.
    """
    from finhub_onboard import job
    from finhub_onboard.commands import validate
    from finhub_onboard.engine.limits_in_force import Reloads

    if dry_run and verify:
        raise click.UsageError("--verify asks the bank, and --dry-run sends nothing: give one of them")
    with shown_events(json_logs=json_logs, detail=detail) as bus:
        read = partial(settings_from, config, {"journey.until": until} | _rate_flags(rate))
        settings = read()
        order = _order(inputs, profile, out, limit, config)
        order = replace(order, same_bank=same_bank, ledger_restored=ledger_restored, verify=verify or 0, lang=lang)
        if dry_run:
            written = validate.dry_run(order, settings, bus.emit)
        else:
            reloads = Reloads(read)
            written = run_listening(
                lambda interrupts: job.run(order, settings, bus, interrupts, reloads), reload=reloads.request
            )
    end(written, as_json=as_json, json_logs=json_logs, detail=detail)


@_command("validate", "onboard validate customers.csv --config configs/production.toml --out checked")
@_INPUTS
@CONFIG
@_PROFILE
@OUT
@_LIMIT
@LANG
@JSON
@_JSON_LOGS
@detailed
def validate_command(
    inputs: tuple[Path, ...],
    config: Path | None,
    profile: Path | None,
    out: Path | None,
    limit: int | None,
    *,
    lang: str,
    as_json: bool,
    json_logs: bool,
    detail: str | None,
) -> None:
    """Check the inputs without any network; writes the same rejects, errors and summary files."""
    from finhub_onboard.commands import validate

    with shown_events(json_logs=json_logs, detail=detail) as bus:
        order = replace(_order(inputs, profile, out, limit, config), lang=lang)
        written = validate.validate(order, settings_from(config, {}), bus.emit)
    end(written, as_json=as_json, json_logs=json_logs, detail=detail)


@_command("plan", "onboard plan customers.csv --config configs/production.toml --rate 50")
@_INPUTS
@CONFIG
@_PROFILE
@_LIMIT
@_UNTIL
@_RATE
@click.option("--deadline", metavar="TIME", help="Say what fits until then: 06:00, the next one, or an ISO instant.")
@JSON
@_JSON_LOGS
@detailed
def plan_command(
    inputs: tuple[Path, ...],
    config: Path | None,
    profile: Path | None,
    limit: int | None,
    until: str | None,
    rate: float | None,
    deadline: str | None,
    *,
    as_json: bool,
    json_logs: bool,
    detail: str | None,
) -> None:
    """Show what a run would cost: calls by phase, time, the bottleneck, and where rows would end; sends nothing.

    Checks the inputs and consults the ledger: finished customers cost no call, others only what is left.
    """
    from finhub_onboard.commands import plan, plan_words

    with shown_events(json_logs=json_logs, detail=detail) as bus:
        flags = {"journey.until": until, "stop.deadline": deadline} | _rate_flags(rate)
        settings = settings_from(config, flags)
        forecast = plan.plan(_order(inputs, profile, None, limit, config), settings, bus.emit)
    with plain_errors():
        click.echo(plan_words.as_json(forecast) if as_json else tables.facts(plan_words.as_rows(forecast)))


@_command("check", "onboard check --config configs/production.toml")
@_NEEDED_CONFIG
@click.option("--create-subscription", is_flag=True, help="Subscribe the bank's own receiver to look deliveries up.")
@JSON
def check_command(config: Path, *, create_subscription: bool, as_json: bool) -> None:
    """Check all that a night run needs, and list every check.

    Configuration, credentials, certificates, ledger and its bank, documents, reports, disk, bank, log-in, categories,
    clock and webhook deliveries. Ends with 0 if all hold, else with the exit code of the gravest: 2, then 5, then 4.
    """
    from finhub_onboard.commands import check

    with plain_errors():
        checks = check.check(
            lambda: settings_from(config, {}),
            show=tables.silent if as_json else tables.show_check,
            create_subscription=create_subscription,
        )
        if is_terminal(sys.stderr) and not as_json:
            click.echo(tables.facts(checks.next_steps(), width=tables.CHECK_NAME, stream=sys.stderr), err=True)
        click.echo(checks.as_json() if as_json else checks.line())
        sys.exit(checks.exit_code)


@_command("rehearse", "onboard rehearse customers.csv --config configs/production.toml")
@_INPUTS
@_NEEDED_CONFIG
@_PROFILE
@click.option("--rows", type=click.IntRange(min=1), default=50, metavar="N", help="Rows of the sample [default: 50].")
@click.option("--scenario", "only", multiple=True, metavar="NAME", help="Rehearse only this; may be repeated.")
@click.option("--kills", type=click.IntRange(min=0), metavar="N", help="Kills of one journey [default: at each call].")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Keep the reports in this new folder.")
@JSON
@_JSON_LOGS
@detailed
def rehearse_command(config: Path, *, json_logs: bool, detail: str | None, **wish: Any) -> None:
    """Prove on a sample, in every fault scenario and through kills, that no row is lost and nobody comes twice.

    Touches neither the real bank nor the real ledger and reads no credentials. Ends with 1 if that does not hold.
    """
    from finhub_onboard.rehearsal.rehearse import Wish, shown

    with shown_events(json_logs=json_logs, detail=detail) as bus:
        order = _order(wish.pop("inputs"), wish.pop("profile"), wish.pop("out"), None, config)
        for text in shown(Wish(order=order, config=config, **wish), bus.emit, tables.figures):
            click.echo(text)


def main() -> None:
    """The ``onboard`` command."""
    streams.secure()
    process_memory.tune()
    try:
        cli(prog_name="onboard")
    except SystemExit as end:
        leave(end.code)


def _rate_flags(rate: float | None) -> dict[str, Any]:
    """``--rate`` is the rate of the whole run, whatever the time of day."""
    return {"limits.calls_per_second": rate, "limits.window": () if rate else None}


def _order(
    inputs: tuple[Path, ...], profile: Path | None, out: Path | None, limit: int | None, config: Path | None
) -> "Order":
    from finhub_onboard.config.loading import load_profile
    from finhub_onboard.config.order import Order

    params = click.get_current_context().params
    options = {"--config": config, "--profile": profile, "--until": params.get("until"), "--rate": params.get("rate")}
    options["--lang"] = params.get("lang")
    said = shlex.join(
        word
        for name, value in options.items()
        if value
        for word in (name, f"{value:g}" if isinstance(value, float) else str(value))
    )
    order = Order(inputs=inputs, out=out, limit=limit, options=said, words=words_given())
    return replace(order, profile=load_profile(profile)) if profile else order
