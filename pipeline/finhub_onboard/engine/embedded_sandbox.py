"""``base_url = "sandbox:"``: the run's own practice bank, a process that exits when the run does.

No credential reaches it: the settings already have its identity and log-in (``config.practice``). The sandbox exits
when its standard input closes, which happens when this process dies. Its state is kept in a file in the system's folder
for temporary files, one per ledger, so that a killed run can be resumed; a new ledger begins with an empty bank.
"""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finhub_onboard.config import practice
from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError, StoppedEarlyError

_END_S = 5


def program(module: str) -> list[str]:
    """The command that starts a module of this program, and not one of that name in the current folder."""
    return [sys.executable, "-P", "-m", module]


@contextmanager
def running(settings: Settings, *, ledger_id: str) -> Iterator[Settings]:
    """Start the sandbox if the settings ask for it; yields settings with its address as ``base_url``."""
    if not settings.embedded:
        yield settings
        return
    with serving(settings, state=_state_file(ledger_id)) as reachable:
        yield reachable


@contextmanager
def serving(settings: Settings, *, state: Path | None = None) -> Iterator[Settings]:
    """Start the sandbox and yield settings with its address; ``state`` is the file that it keeps its bank in."""
    command = [*program("finhub_onboard.sandbox"), "--port", "0", "--until-stdin-closes"]
    if state:
        command += ["--state", str(state)]
    if settings.sandbox.scenario:
        command += ["--scenario", str(settings.sandbox.scenario)]
    # A session of its own, so that Ctrl-C reaches only the run, which needs its bank to drain.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        address = _address(process)
        login_url = practice.login_url(address, settings.api.login)
        own = {"base_url": address, "login_url": login_url, "forwarded_for": "127.0.0.1"}
        api = settings.api.model_copy(update=own)
        yield settings.model_copy(update={"api": api})
    finally:
        with suppress(OSError):
            process.communicate(timeout=_END_S) if process.stdin and not process.stdin.closed else None
        if process.poll() is None:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        return str(json.loads(line)["base_url"])
    except (ValueError, KeyError):
        errors = process.stderr.read().decode(errors="replace").strip().splitlines() if process.stderr else []
        if process.wait() == ConfigurationError.exit_code:
            raise ConfigurationError(errors[0] if errors else "the sandbox's scenario is wrong") from None
        raise StoppedEarlyError(
            f"the embedded sandbox did not start: {errors[-1] if errors else 'it errors nothing'}",
            hint="try `onboard sandbox` to see why",
        ) from None


def _state_file(ledger_id: str) -> Path:
    """The file of this ledger's bank. Raises :class:`ConfigurationError` if other users could change it."""
    folder = Path(tempfile.gettempdir()) / f"finhub-onboard-sandbox-{os.getuid()}"
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        wrong = f"it cannot be used: {error.strerror}"
    else:
        wrong = _distrust(status)
    if wrong:
        raise ConfigurationError(
            f"the embedded sandbox keeps its bank in {folder}, and {wrong}",
            hint="remove it, or set TMPDIR to a folder of your own",
        )
    return folder / f"{ledger_id}.db"


def _distrust(status: os.stat_result) -> str:
    """Why the sandbox's folder is not trusted; empty: it is ours alone."""
    if not stat.S_ISDIR(status.st_mode):
        return "it is a link" if stat.S_ISLNK(status.st_mode) else "it is not a folder"
    if status.st_uid != os.getuid():
        return "it belongs to another user"
    return "others may write it" if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""
