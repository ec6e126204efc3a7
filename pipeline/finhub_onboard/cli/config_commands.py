"""``onboard config``: what is in force, and what an editor needs to know.

As in ``cli.main``, each command parses its arguments, calls one function and maps the outcome to an exit code.
"""

from pathlib import Path

import click

from finhub_onboard.cli import tables
from finhub_onboard.cli.shared import CONFIG, JSON, Command, plain_errors


@click.group("config", epilog="\b\nExample:\n  onboard config show --config configs/production.toml")
def config_group() -> None:
    """Look at the configuration."""


@config_group.command("show", cls=Command, example="onboard config show limits --config configs/production.toml")
@click.argument("only", required=False, default="", metavar="[SETTING]")
@CONFIG
@click.option("--until", help="As for `onboard run`.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="As for `onboard run`.")
@JSON
def show_command(only: str, config: Path | None, until: str | None, rate: float | None, *, as_json: bool) -> None:
    """Show the settings in force, and where each came from: flag, environment, file, default or practice.

    Of all, of one section (`limits`) or one (`limits.calls_per_second`). Secrets are not shown, only whether they are
    set.
    """
    from finhub_onboard.commands import config_show

    with plain_errors():
        flags = {"journey.until": until, "limits.calls_per_second": rate, "limits.window": () if rate else None}
        settings = config_show.config_show(config, flags, only=only)
        if as_json:
            click.echo(config_show.as_json(settings))
        else:
            click.echo(tables.columns(config_show.as_rows(settings)))


@config_group.command("schema", cls=Command, example="onboard config schema > onboard.schema.json")
@click.option("--profile", is_flag=True, help="Of a mapping profile instead.")
def schema_command(*, profile: bool) -> None:
    """Print the JSON Schema of a configuration, for editors.

    An editor with a TOML extension completes and checks a file whose first line is `#:schema onboard.schema.json`.
    """
    from finhub_onboard.config import schema

    click.echo(schema.profile_schema() if profile else schema.configuration_schema())
