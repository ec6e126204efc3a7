"""What the contract's tests share: the same ledger opened again, entries, and processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finhub_onboard.ledger import connect
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.model import CallRecord, Journey
from tests.ledger.support import writing

ROOT = Path(__file__).resolve().parents[3]


def open_at(url: str, **other: Any) -> Ledger:
    """Open the ledger of the tests' tenant and seed."""
    return connect.open_ledger(url, **{"tenant_id": "tenant", "seed": "seed"} | other)


async def keep(ledger: Ledger, *entries: tuple[Journey, Sequence[CallRecord]], run: int = 1) -> None:
    """Write entries one after the other, as a run does."""
    async with writing(ledger, run=run) as writer:
        for journey, calls in entries:
            await writer.post(journey, calls)


@contextmanager
def process(code: str, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run code with the ledger's address as its argument; it ends when its standard input does."""
    environment = os.environ | {"PYTHONPATH": f".{os.pathsep}pipeline"}
    command = [sys.executable, "-c", code, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as started:
        assert started.stdin is not None
        try:
            yield started
        finally:
            started.stdin.close()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()


HOLD = """
import sys
from tests.ledger.contract.support import open_at
with open_at(sys.argv[1]) as ledger, ledger.acquire_lease():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holds(url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Let a process of its own hold the lease; the caller may kill it."""
    with process(HOLD, url) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder
