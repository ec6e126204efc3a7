"""``base_url = "sandbox:"``: the run's own bank to practise on, a process that ends with the run however that ends.

The sandbox is told by its standard input: when this process dies, the pipe closes and the sandbox goes. What the bank
knows survives in a file beside the system's temporary files, one per ledger, so that a run that was killed can be
taken up again; a new ledger begins with an empty bank.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigurationError, StoppedEarlyError
from pipeline.sandbox import demo
from pipeline.settings import Settings

_END_S = 5


def with_demo_identity(settings: Settings) -> Settings:
    """Fill in the sandbox's own tenant and credentials where the user gave none."""
    if not settings.embedded:
        return settings
    api = {"tenant_id": demo.TENANT_ID, "organization_id": demo.ORGANIZATION_ID, "user_id": demo.USER_ID}
    secrets = {
        "username": demo.USERNAME,
        "password": demo.PASSWORD,
        "tenant_key": demo.TENANT_KEY,
        "tenant_secret": demo.TENANT_SECRET,
        "seed": demo.SEED,
    }
    given = settings.credentials
    changed: dict[str, Any] = {
        "api": settings.api.model_dump() | {name: getattr(settings.api, name) or value for name, value in api.items()},
        "credentials": {name: getattr(given, name).get_secret_value() or value for name, value in secrets.items()},
    }
    return Settings.model_validate(settings.model_dump() | changed)


def program(module: str) -> list[str]:
    """The command that starts a module of this very program, not of what is called so in the current folder."""
    here = Path(__file__).parents[1] == Path.cwd()
    return [sys.executable, *([] if here else ["-P"]), "-m", module]


@contextmanager
def running(settings: Settings, *, ledger_id: str) -> Iterator[Settings]:
    """Start the sandbox if the settings ask for it; yields settings whose ``base_url`` is its address."""
    if not settings.embedded:
        yield settings
        return
    state = _state_file(ledger_id)
    command = [*program("pipeline.sandbox"), "--port", "0", "--until-stdin-closes", "--state", str(state)]
    if settings.sandbox.scenario:
        command += ["--scenario", str(settings.sandbox.scenario)]
    # A session of its own: Ctrl-C in the terminal is for the run, which still needs its bank to drain.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        address = _address(process)
        api = settings.api.model_copy(update={"base_url": address, "forwarded_for": "127.0.0.1"})
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
        said = process.stderr.read().decode(errors="replace").strip().splitlines() if process.stderr else []
        if process.wait() == ConfigurationError.exit_code:
            raise ConfigurationError(said[0] if said else "the sandbox's scenario is wrong") from None
        raise StoppedEarlyError(
            f"the embedded sandbox did not start: {said[-1] if said else 'it said nothing'}",
            hint="try `onboard sandbox` to see why",
        ) from None


def _state_file(ledger_id: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"finhub-onboard-sandbox-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{ledger_id}.db"
