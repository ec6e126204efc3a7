"""Processes that tests start: real ones with real signals and exit codes, quickly there, and none that stays behind.

A command of the package is forked from ``tests.acceptance.forkserver``, which has imported everything; any other
program, and every command with ``fresh``, begins as a shell begins it. Whatever the tests inherited, such a process
starts with no signal ignored or blocked; it ends with its ``with`` block, and by itself after some minutes.
"""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
END_S = 60
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
# Also around the making of the server: two of them would end each other's adoptions.
_ONE_AT_A_TIME = threading.Lock()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests, and with this checkout to import from.

    polars gets one thread: the tables of tests are small, and idle threads that look for work cost a tenth of a run.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARD_")}
    path = os.pathsep.join((str(ROOT / "pipeline"), str(ROOT)))
    own = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "POLARS_MAX_THREADS": "1"}
    return clean | own | dict(more or {})


class Process(subprocess.Popen[str]):
    """A process that ends with its block: at once if the test failed, for it may hang or be stopped."""

    def __init__(self, words: Sequence[str | Path], *, fresh: bool = False, **options: Any) -> None:
        self._fresh = fresh
        super().__init__([str(word) for word in words], text=True, **{"env": environment(), **options})

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with suppress(OSError):  # nobody reads what was not written yet
                    stream.close()
        try:
            self.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            raise

    def _execute_child(self, *given: Any) -> None:
        """Let the fork server begin the process, as ``Popen`` asks its platform's part to."""
        words, _, before_exec, _, kept_files, folder, variables, _, _, shell, *rest = given
        pipes, umask, session = rest[:6], rest[-3], rest[-2]
        if sys.platform != "linux" or before_exec or kept_files or shell:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        order = {
            "words": words,
            "environment": dict(variables),
            "folder": str(folder or Path.cwd()),
            "session": session,
            "umask": umask,
            "fresh": self._fresh,
        }
        streams = [own if pipe == -1 else pipe for own, pipe in enumerate((pipes[0], pipes[3], pipes[5]))]
        with _ONE_AT_A_TIME:
            self.pid = _server().begin(order, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def completed(
    words: Sequence[str | Path], *, timeout_s: float, fresh: bool = False, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, and keep what it writes."""
    kept = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Process(words, fresh=fresh, **(kept | options)) as process:
        stdout, stderr = process.communicate(timeout=timeout_s)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


class _Server:
    """The near end of the fork server."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.forkserver", str(number)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env=environment(),
                pass_fds=[number],
            )
        atexit.register(self._close)

    def begin(self, order: Mapping[str, Any], streams: Sequence[int]) -> int:
        """Begin a process, which is then a child of this one. Returns its number."""
        _adopt_orphans(1)
        try:
            socket.send_fds(self._orders, [json.dumps(order).encode()], streams)
            return int(self._orders.recv(32))
        finally:
            _adopt_orphans(0)

    def _close(self) -> None:
        self._orders.close()
        self._process.wait()


_server = cache(_Server)


def _adopt_orphans(adopt: int) -> None:
    """Whether a process whose parent below this one ends becomes a child of this one."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, adopt, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
