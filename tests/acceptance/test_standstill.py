"""The event loop never waits for the ledger: no gap between its ticks while another program writes the same file."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard import job
from finhub_onboard.config.loading import load
from finhub_onboard.config.order import Order
from finhub_onboard.engine import onboarding
from finhub_onboard.engine.tasks import beside
from finhub_onboard.model import Disposition
from tests.acceptance.support import Desk
from tests.benchmarks.bench_job import customers, fast_bank

CUSTOMERS = 1500
HEARTBEAT_S = 0.2
MOST_S = 0.3
TICK_S = 0.01
FAST = """
[limits]
calls_per_second = 100000
max_in_flight = 64
[journey]
until = "session"
"""
LOCKING = """
import select, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
stood = 0.0
while not select.select([sys.stdin], [], [], 0.0)[0]:
    db.execute("BEGIN IMMEDIATE")
    before = time.monotonic()
    for _ in range(30):
        time.sleep(0.005)
        now = time.monotonic()
        stood, before = max(stood, now - before - 0.005), now
    db.execute("ROLLBACK")
    time.sleep(0.08)
print(stood)
"""
"""Holds the write lock for 0.15 s again and again; says at the end how long the machine once let it stand."""


@contextmanager
def another_program_writes_often(ledger: Path, stood: list[float]) -> Iterator[None]:
    """A program that takes the write lock again and again."""
    command = [sys.executable, "-c", LOCKING, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield
        finally:
            stood.append(float(program.communicate()[0]))


def waited_for_a_processor_s() -> float:
    """How long the threads of this process were ready and had no processor, in all."""
    found = 0
    for thread in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # it has ended meanwhile
            found += int(thread.read_text(encoding="ascii").split()[1])
    return found / 1e9


async def largest_gap(gaps: list[float]) -> None:
    """Tick on the loop and keep the largest time between two ticks that a busy machine does not explain."""
    before, waited = time.monotonic(), waited_for_a_processor_s()
    while True:
        await asyncio.sleep(TICK_S)
        now, by_now = time.monotonic(), waited_for_a_processor_s()
        gaps[0] = max(gaps[0], now - before - TICK_S - max(by_now - waited, 0.0))
        before, waited = now, by_now


@pytest.mark.exhaustive  # that such a program costs nobody is shown in `test_ledger_trouble`
def test_the_loop_goes_on_while_another_program_holds_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some thousand customers at full speed, signs of life five times a second, the write lock away for stretches."""
    carry_out, gaps, stood = onboarding.Onboarding.carry_out, [0.0], [0.0]

    async def watched(self: onboarding.Onboarding, *args: Any) -> Any:
        with another_program_writes_often(tmp_path / "ledger.db", stood):
            async with beside(largest_gap(gaps)):
                return await carry_out(self, *args)

    monkeypatch.setattr(onboarding.Onboarding, "carry_out", watched)
    monkeypatch.setattr(onboarding, "_HEARTBEAT_S", HEARTBEAT_S)
    with fast_bank() as base_url:
        desk = Desk(folder=tmp_path).configure(FAST, base_url=base_url)
        order = Order(inputs=[customers(CUSTOMERS, tmp_path / "customers.csv")], out=desk.out)
        written = asyncio.run(job.run(order, load(desk.config, environ=desk.environment())))
    assert (written.stopped_because, written.dispositions[Disposition.PENDING]) == ("", CUSTOMERS)
    assert gaps[0] < MOST_S + 2 * max(stood), f"the loop stood for {gaps[0]:.2f} s, the machine for {max(stood):.2f} s"
