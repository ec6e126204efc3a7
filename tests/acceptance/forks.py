"""The near end of ``tests.acceptance.forkserver``: run ``onboard`` as a process of its own that starts at once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.acceptance.support import ROOT, Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, or a signal's number below zero; and what it said on stderr."""

    code: int
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forks:
    """Starts commands, one at a time."""

    orders: IO[str]
    answers: IO[str]

    def run(self, desk: Desk, *words: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        """``onboard run`` with a desk's configuration and folder of reports, to its end."""
        stderr = desk.folder / "stderr.txt"
        order = {
            "words": ["run", *map(str, words), "--config", str(desk.config), "--out", str(desk.out)],
            "environment": desk.environment(env),
            "folder": str(desk.folder),
            "stderr": str(stderr),
        }
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        status = json.loads(self.answers.readline())["status"]
        return Ended(code=os.waitstatus_to_exitcode(status), stderr=stderr.read_text(encoding="utf-8"))


@contextmanager
def forks() -> Iterator[Forks]:
    """Run a fork server; it ends with the block."""
    command = [sys.executable, "-m", "tests.acceptance.forkserver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Forks(orders=process.stdin, answers=process.stdout)
