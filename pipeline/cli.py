"""The command line: parse, call one function, map the outcome to an exit code.

Heavy imports wait inside the commands, so that ``onboard --help`` answers at once. A fault of input, configuration or
bank is one message and a hint on stderr, never a traceback. stdout carries only what was asked for.
"""

import shlex
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.errors import ExitCode, OnboardError
from pipeline.model import Phase

if TYPE_CHECKING:
    from pipeline.events import Handler
    from pipeline.facts import Order
    from pipeline.reporting import Written
    from pipeline.settings import Settings

_CONFIG = click.option(
    "--config", "config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file (TOML)."
)
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the reports [default: out/<run_id>/]."
)
_INPUTS = click.argument(
    "inputs", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="INPUT..."
)
_PROFILE = click.option(
    "--profile", type=click.Path(path_type=Path, dir_okay=False), help="The partner's mapping profile (TOML)."
)
_LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Read only the first N rows.")
_JSON_LOGS = click.option("--json-logs", is_flag=True, help="Write JSON lines to stderr instead of text.")
_RUN_ID = click.argument("run_id", required=False, metavar="[RUN]")


class _Command(click.Command):
    """A command whose example keeps its line breaks."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        kwargs["epilog"] = f"\b\nExample:\n  {example}" if example else None
        super().__init__(*args, **kwargs)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="onboard")
def cli() -> None:
    """Onboard files of customers to FinHub: resumable, rate-limited, never the same person twice.

    \b
    Exit codes:
      0    every row is onboarded or unchanged
      1    unexpected failure
      2    usage or configuration
      3    completed, but some rows need somebody
      4    stopped early by a stop rule, quota or deadline; resumable
      5    credentials, tenant or role refused
      6    another run holds the lock
      7    an input cannot be read as a whole; nothing was sent
      130  ended by SIGINT after draining; resumable
      143  ended by SIGTERM after draining; resumable
    """  # noqa: D301 - click's mark for "keep the lines" is a real backspace


def _command(name: str, example: str) -> Callable[[Callable[..., None]], click.Command]:
    return cli.command(name, cls=_Command, example=example)


@_command("run", "onboard run customers.csv --config configs/production.toml")
@_INPUTS
@click.option(
    "--config", "config", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Configuration (TOML)."
)
@_PROFILE
@_OUT
@_LIMIT
@click.option(
    "--until", type=click.Choice([str(phase) for phase in Phase]), help="Stop each customer after this phase."
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Calls per second.")
@click.option("--dry-run", is_flag=True, help="Check everything and consult the ledger; send nothing.")
@_JSON_LOGS
def run_command(
    inputs: tuple[Path, ...],
    config: Path,
    profile: Path | None,
    out: Path | None,
    limit: int | None,
    until: str | None,
    rate: float | None,
    *,
    dry_run: bool,
    json_logs: bool,
) -> None:
    """Onboard every good row of the inputs; run again to resume.

    Customers that are finished cost no call. Corrected rows of a rejects file are taken up again.
    """
    from pipeline import job

    with _console(json_logs=json_logs) as emit:
        settings = _settings(config, {"journey.until": until, "limits.calls_per_second": rate})
        order = _order(inputs, profile, out, limit, config)
        _end((job.dry_run if dry_run else job.run)(order, settings, emit))


@_command("validate", "onboard validate customers.csv --config configs/production.toml --out checked")
@_INPUTS
@_CONFIG
@_PROFILE
@_OUT
@_LIMIT
@_JSON_LOGS
def validate_command(
    inputs: tuple[Path, ...],
    config: Path | None,
    profile: Path | None,
    out: Path | None,
    limit: int | None,
    *,
    json_logs: bool,
) -> None:
    """Check the inputs without any network; writes the same rejects, errors and summary files."""
    from pipeline import job

    with _console(json_logs=json_logs) as emit:
        settings = _settings(config, {})
        _end(job.validate(_order(inputs, profile, out, limit, config), settings, emit))


@_command("status", "onboard status --config configs/production.toml")
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status_command(config: Path | None, *, as_json: bool) -> None:
    """Show where runs stand, how customers stand, and who holds the lock."""
    from pipeline import inspection

    with _plain_errors():
        click.echo(inspection.status(_settings(config, {}), as_json=as_json))


@_command("report", "onboard report --config configs/production.toml")
@_RUN_ID
@_CONFIG
@_OUT
def report_command(run_id: str | None, config: Path | None, out: Path | None) -> None:
    """Write the reports of a run again from the ledger; the newest run if none is named."""
    from pipeline import inspection

    with _plain_errors():
        written = inspection.report(_settings(config, {}), run_id=run_id, out=out)
        click.echo(str(written.out))


@_command("check", "onboard check --config configs/production.toml")
@click.option(
    "--config", "config", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Configuration (TOML)."
)
def check_command(config: Path) -> None:
    """Check configuration, credentials, connectivity and categories before a night run."""
    from pipeline import inspection

    with _plain_errors():
        for line in inspection.check(_settings(config, {})):
            click.echo(line)


@_command("profile", "onboard profile partner.csv --out configs/profiles/partner.toml")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of printing it.")
@click.option("--encoding", default="", help="The file's encoding, if it is known, such as cp1252.")
@click.option("--sheet", default="", help="The sheet of a workbook.")
def profile_command(file: Path, out: Path | None, encoding: str, sheet: str) -> None:
    """Propose a mapping profile for a partner's file: what is not sure is left open with a comment."""
    from pipeline import proposal

    with _plain_errors():
        text = proposal.proposed_profile(file, encoding=encoding, sheet=sheet)
        if out is None:
            click.echo(text, nl=False)
        else:
            proposal.write_new(out, text)
            click.echo(str(out))


@_command("template", "onboard template --describe")
@click.option("--describe", is_flag=True, help="Print a table of the fields, their rules and examples instead.")
def template_command(*, describe: bool) -> None:
    """Print an empty input: the canonical header, to be filled in."""
    from pipeline.intake import template

    click.echo(template.describe() if describe else template.header_csv(), nl=False)


@_command("sandbox", "onboard sandbox --port 8080 --scenario configs/scenarios/drops.toml")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0: a free one.")
@click.option("--scenario", type=click.Path(path_type=Path, dir_okay=False), help="What goes wrong (TOML).")
@click.option("--shapes", type=click.Choice(["runner", "older"]), help="Which documented generation answers.")
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Keep the bank's state in this file.")
def sandbox_command(host: str, port: int, scenario: Path | None, shapes: str | None, state: Path | None) -> None:
    """Serve the embedded FinHub sandbox, with its OpenAPI page at /docs."""
    from pipeline.sandbox import demo
    from pipeline.sandbox.server import serve

    def announce(base_url: str) -> None:
        docs = base_url.removesuffix(demo.BASE_PATH) + "/docs"
        click.echo(f"{base_url}\n{docs}")

    with _plain_errors():
        serve(host=host, port=port, scenario=scenario, shapes=shapes, state=state, announce=announce)


def main() -> None:
    """The ``onboard`` command."""
    cli(prog_name="onboard")


def _settings(config: Path | None, flags: dict[str, Any]) -> "Settings":
    from pipeline.config import load

    return load(config, flags=flags)


def _order(
    inputs: tuple[Path, ...], profile: Path | None, out: Path | None, limit: int | None, config: Path | None
) -> "Order":
    from pipeline.config import load_profile
    from pipeline.facts import Order

    options = [f"--config {shlex.quote(str(config))}"] if config else []
    options += [f"--profile {shlex.quote(str(profile))}"] if profile else []
    given = {"profile": load_profile(profile)} if profile else {}
    return Order(inputs=inputs, out=out, limit=limit, options=" ".join(options), **given)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what stops a command into one message, a hint and its exit code."""
    try:
        yield
    except OnboardError as error:
        from pipeline.console import printable

        click.echo(f"error: {printable(str(error))}", err=True)
        if error.hint:
            click.echo(f"hint: {printable(error.hint)}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("stopped by SIGINT; `onboard report` writes the reports, the same command goes on", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.exit(ExitCode.UNEXPECTED)
    except Exception as error:  # noqa: BLE001 - a defect; its text may hold a customer's data, so only its place is shown
        frames = [f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
        click.echo(f"error: unexpected failure: {type(error).__name__} at {' > '.join(frames[-6:])}", err=True)
        click.echo("hint: this is a defect of this program; the ledger is safe: report the line above", err=True)
        sys.exit(ExitCode.UNEXPECTED)


@contextmanager
def _console(*, json_logs: bool) -> "Iterator[Handler]":
    from pipeline import console

    with _plain_errors(), console.choose(sys.stderr, json_logs=json_logs) as emit:
        yield emit


def _end(written: "Written") -> None:
    """Say why a run stopped, and leave with its exit code."""
    if written.stopped_because:
        click.echo(f"stopped: {written.stopped_because}", err=True)
    if written.hint:
        click.echo(f"hint: {written.hint}", err=True)
    sys.exit(written.exit_code)
