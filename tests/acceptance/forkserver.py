"""Real processes at a tenth of their price: everything is imported once, then each command is a fork of its own.

``python -m tests.acceptance.forkserver`` reads orders from standard input, one JSON object a line, and answers each
with the wait status of the process that carried it out. A process that stops itself is killed with SIGKILL, from here.
"""

import json
import os
import signal
import sys
from typing import Any

from pandera.backends.polars.register import register_polars_backends

from finhub_onboard import job
from finhub_onboard.cli import console
from finhub_onboard.config import loading
from tests.acceptance import crashing

_BEFOREHAND = (loading, console, job)
"""What the command line imports late; here it is imported once for all."""


def serve() -> None:
    """Carry orders out until there are no more."""
    register_polars_backends()  # pandera imports much at its first check
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        _, status = os.waitpid(pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{json.dumps({'status': status, 'pid': pid})}\n")
        sys.stdout.flush()


def _become(order: dict[str, Any]) -> None:
    """Be the command from here on, as if started with these words, environment and folder."""
    os.setsid()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    nothing = os.open(os.devnull, os.O_RDWR)
    told = os.open(order["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for source, target in ((nothing, 0), (nothing, 1), (told, 2)):
        os.dup2(source, target)
    sys.argv = ["onboard", *order["words"]]
    code = 1
    try:
        crashing.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
