"""What the modules of the command line share: options, how a command shows its example, errors in plain words.

A fault of input, configuration or bank is one message and a hint on stderr, never a traceback.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from finhub_onboard.cli.signals import Signalled, listening
from finhub_onboard.engine.interrupts import BACKGROUND
from finhub_onboard.errors import ExitCode, OnboardError
from finhub_onboard.model.languages import LANGUAGES
from finhub_onboard.texts import printable

if TYPE_CHECKING:
    from finhub_onboard.config.settings import Settings
    from finhub_onboard.engine.event_bus import EventBus

CONFIG_VARIABLE = "ONBOARD_CONFIG"
CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar=CONFIG_VARIABLE,
    show_envvar=True,
    help="Configuration file (TOML).",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _local(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    from finhub_onboard.config.section import is_address

    if path and is_address(path):
        raise click.BadParameter("is an address, and no path on this machine: copy the folder there afterwards")
    return path


OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_local,
    help="Folder of the reports [default: <run_id>/ in reports.dir].",
)
LANG = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    callback=lambda _context, _option, value: value or "",
    help="Language of who made the file: quality.html, and what is wrong in the rejects, with hints.",
)

_QUIET = click.option("-q", "--quiet", "detail", flag_value="quiet", help="Show nothing but trouble and the summary.")
_VERBOSE = click.option("-v", "--verbose", "detail", flag_value="verbose", help="Show each call that fails, too.")
_WORDS = f"{__name__}.words"


def detailed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how much is shown: ``detail``."""
    return _QUIET(_VERBOSE(command))


class Command(click.Command):
    """A command whose example keeps its line breaks, and which remembers its words as they were given."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        kwargs["epilog"] = f"\b\nExample:\n  {example}" if example else None
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        ctx.meta[_WORDS] = (ctx.info_name or "", *args)
        return super().parse_args(ctx, args)


def words_given() -> tuple[str, ...]:
    """The words of the command that runs, from its name on."""
    words: tuple[str, ...] = click.get_current_context().meta[_WORDS]
    return words


def settings_from(config: Path | None, flags: dict[str, Any]) -> "Settings":
    """The settings of a command: ``flags`` (dotted keys) over the environment and the configuration file."""
    from finhub_onboard.config.loading import load

    return load(config, flags=flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a person is told of a command that did not end well; ``event`` is its name in ``--json-logs``."""

    event: str
    message: str
    hint: str = ""
    details: Sequence[str] = ()
    exit_code: int


Tell = Callable[[Failure], None]
FAILED, STOPPED, INTERRUPTED = "command_failed", "run_stopped", "command_interrupted"
_BEFORE = {FAILED: "error: ", STOPPED: "stopped: ", INTERRUPTED: ""}


def tell(failure: Failure) -> None:
    """Say on stderr what stopped a command, in plain words."""
    say("\n  ".join(map(printable, (_BEFORE[failure.event] + failure.message, *failure.details))))
    if failure.hint:
        say(printable(f"hint: {failure.hint}"))


def tell_as_json(failure: Failure, run_id: str = "") -> None:
    """Say on stderr what stopped a command, as a line of ``--json-logs``."""
    from finhub_onboard.cli.json_logs import ERROR, write_line

    told = asdict(failure)
    write_line(sys.stderr, told.pop("event"), ERROR, run_id, told)


@contextmanager
def plain_errors(tell: Tell = tell) -> Iterator[None]:
    """Turn what stops a command into one message, a hint and its exit code."""
    try:
        with listening():
            yield
    except OnboardError as error:
        tell(
            Failure(
                event=FAILED,
                message=str(error),
                hint=error.hint,
                details=error.details,
                exit_code=int(error.exit_code),
            )
        )
        sys.exit(error.exit_code)
    except KeyboardInterrupt as stopped:
        signal = stopped if isinstance(stopped, Signalled) else Signalled("SIGINT", ExitCode.INTERRUPTED)
        message = f"stopped by {signal.name}; the same command goes on where it ended"
        tell(Failure(event=INTERRUPTED, message=message, exit_code=int(signal.exit_code)))
        sys.exit(signal.exit_code)
    except Exception as error:  # noqa: BLE001 - a defect; its text may hold a customer's data, so only its place is shown
        frames = [f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)]
        message = f"unexpected failure: {type(error).__name__} at {' > '.join(frames[-6:])}"
        hint = "this is a defect of this program; the ledger is safe: report the line above"
        tell(Failure(event=FAILED, message=message, hint=hint, exit_code=int(ExitCode.UNEXPECTED)))
        sys.exit(ExitCode.UNEXPECTED)


@contextmanager
def shown_events(*, json_logs: bool = False, detail: str | None = None) -> "Iterator[EventBus]":
    """A bus whose events are shown, in usual detail or as asked for; what stops the command is said below them."""
    from finhub_onboard.cli import console
    from finhub_onboard.engine.event_bus import EventBus

    bus = EventBus()
    said = (lambda failure: tell_as_json(failure, bus.run_id)) if json_logs else tell
    shown = console.Detail(detail or console.Detail.USUAL)
    with plain_errors(said), console.choose(sys.stderr, json_logs=json_logs, detail=shown) as show:
        bus.subscribe(show, kinds=shown.kinds)
        try:
            yield bus
        finally:
            bus.flush()


def say(text: str) -> None:
    """Print on stderr."""
    click.echo(text, err=True)


def leave(code: str | int | None) -> NoReturn:
    """End the process in peace; or by force, where a run was abandoned and a read of it hangs in a dead file system."""
    if any(thread.name == BACKGROUND for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else bool(code))
    sys.exit(code)
