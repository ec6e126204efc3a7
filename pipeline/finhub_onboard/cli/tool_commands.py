"""Commands beside the job: a profile for a partner's file, an empty input, a bank to practise on.

As in ``cli.main``: each parses, calls one function and maps the outcome to an exit code.
"""

import json
from pathlib import Path

import click

from finhub_onboard.cli.shared import CONFIG, JSON, Command, plain_errors, say


@click.command("profile", cls=Command, example="onboard profile partner.csv --out configs/profiles/partner.toml")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of printing it.")
@click.option("--encoding", default="", help="The file's encoding, if it is known, such as cp1252.")
@click.option("--sheet", default="", help="The sheet of a workbook.")
@JSON
def profile_command(file: Path, out: Path | None, encoding: str, sheet: str, *, as_json: bool) -> None:
    """Propose a mapping profile for a partner's file: what is not sure is left open with a comment."""
    from finhub_onboard.commands import profile

    with plain_errors():
        text = profile.proposed_profile(file, encoding=encoding, sheet=sheet)
        if out:
            profile.write_new(out, text)
        if as_json:
            click.echo(profile.as_json(text))
        else:
            click.echo(str(out) if out else text, nl=bool(out))


@click.command("template", cls=Command, example="onboard template --describe")
@click.option("--describe", is_flag=True, help="Print a table of the fields, their rules and examples instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the fields, their rules and examples as JSON.")
def template_command(*, describe: bool, as_json: bool) -> None:
    """Print an empty input: the canonical header, to be filled in."""
    from finhub_onboard.commands import template

    if as_json:
        click.echo(template.as_json())
    else:
        click.echo(template.describe() if describe else template.header_csv(), nl=False)


@click.command("sandbox", cls=Command, example="onboard sandbox --port 8080 --scenario configs/scenarios/drops.toml")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0: a free one.")
@click.option("--scenario", type=click.Path(path_type=Path, dir_okay=False), help="What goes wrong (TOML).")
@click.option("--shapes", type=click.Choice(["runner", "older"]), help="Which documented generation answers.")
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Keep the bank's state in this file.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="The bank's certificate (PEM): serve https.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key, if it is not in the same file.")
@click.option("--client-ca", type=click.Path(path_type=Path), help="Ask callers for a certificate of these CAs.")
def sandbox_command(
    host: str,
    port: int,
    scenario: Path | None,
    shapes: str | None,
    state: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
) -> None:
    """Serve the embedded FinHub sandbox, with its OpenAPI page at /docs.

    Prints its address, a configuration for it, and the lines that export its credentials.
    """
    from finhub_onboard.sandbox import demo
    from finhub_onboard.sandbox.instructions import how_to_use
    from finhub_onboard.sandbox.server import serve
    from finhub_onboard.sandbox.tls import tls_of

    def announce(base_url: str) -> None:
        docs = base_url.removesuffix(demo.BASE_PATH) + "/docs"
        click.echo(f"{base_url}\n{docs}\n\n{how_to_use(base_url, tls_cert)}")

    with plain_errors():
        tls = tls_of(tls_cert, tls_key, client_ca)
        serve(host=host, port=port, scenario=scenario, shapes=shapes, state=state, tls=tls, announce=announce)


@click.command("init", cls=Command, example="onboard init my-job")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option(
    "--kit",
    type=click.Choice(["systemd", "cron", "kubernetes", "airflow", "dagster", "prefect"]),
    help="Write files for this scheduler instead, which run the import every night.",
)
@CONFIG
@click.option("--input", "source", type=click.Path(path_type=Path), help="With --kit: the file to onboard every night.")
@JSON
def init_command(folder: Path, kit: str | None, config: Path | None, source: Path | None, *, as_json: bool) -> None:
    """Write a folder to start from: commented configurations, the sample data and a partner's profile.

    With --kit: files that let a scheduler run the nightly import with --config and --input. No file is overwritten.
    """
    from finhub_onboard.commands import init
    from finhub_onboard.commands.kit import Kit, write_kit
    from finhub_onboard.errors import ConfigurationError

    with plain_errors():
        if kit is None:
            made = [folder / name for name in init.write_starter(folder)]
        elif config is None or source is None:
            hint = "onboard init --kit systemd DIR --config my.toml --input incoming/customers.csv"
            raise ConfigurationError("a kit needs --config and --input, which it runs every night", hint=hint)
        else:
            made = write_kit(Kit(kit), folder, config=config, source=source)
        names = [str(path) for path in made]
        click.echo(json.dumps({"files": names}, indent=2) if as_json else "\n".join(names))
        if kit is None:
            say(f"next, in {folder.absolute()}: {init.NEXT}")
        else:
            say("read the first lines of each file: they say what to do with it")


COMMANDS = (profile_command, template_command, sandbox_command, init_command)
"""The commands of this module, for the group."""
