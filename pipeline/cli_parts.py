"""What the modules of the command line share: options, how a command shows its example, errors in plain words.

A fault of input, configuration or bank is one message and a hint on stderr, never a traceback.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import ExitCode, OnboardError

if TYPE_CHECKING:
    from pipeline.settings import Settings

CONFIG = click.option(
    "--config", "config", type=click.Path(path_type=Path, dir_okay=False), help="Configuration file (TOML)."
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the reports [default: out/<run_id>/]."
)


class Command(click.Command):
    """A command whose example keeps its line breaks."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        kwargs["epilog"] = f"\b\nExample:\n  {example}" if example else None
        super().__init__(*args, **kwargs)


def settings_from(config: Path | None, flags: dict[str, Any]) -> "Settings":
    """The settings of a command: ``flags`` (dotted keys) over the environment and the configuration file."""
    from pipeline.config import load

    return load(config, flags=flags)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what stops a command into one message, a hint and its exit code."""
    try:
        yield
    except OnboardError as error:
        click.echo(f"error: {error}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
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
