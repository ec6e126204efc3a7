"""What a run costs in the ledger: bytes written to disk and processor per call, bytes kept per finished customer.

    python -m tests.benchmarks.bench_ledger [CUSTOMERS] [--in-flight N] [--bank-ms MS] [--json FILE]

The real writer, as the holder of the lease, carries customers through the calls of the eight phases: what a run posts,
and when, but no bank, no files and no checks. Each call takes about ``--bank-ms``. Bytes written are those of all
``write`` calls of this process (``wchar``), which writes nothing else meanwhile: the journal and what is copied from it
into the ledger. The ledger is measured closed. Processor is that of all threads but the event loop's. The slowest call
is the longest time between an intent that is posted and durable.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from finhub_onboard.ledger.connect import open_ledger
from finhub_onboard.ledger.ports import Hashes, Writer
from finhub_onboard.model import CallRecord, Journey, Standing
from tests.benchmarks.bench_night import say

STEPS = (
    ("registration", "register"),
    ("session", "open_session"),
    ("verification", "open_verification"),
    ("documents", "upload_document/GOVERNMENT_ID"),
    ("approval", "approve"),
    ("consents", "accept_consent/terms"),
    ("consents", "accept_consent/privacy"),
    ("consents", "accept_consent/data-processing"),
    ("consents", "check"),
    ("activation", "activate"),
)
READS = {"open_session", "check"}
GAINS: dict[str, dict[str, Any]] = {
    "open_verification": {"required": ("GOVERNMENT_ID",)},
    "upload_document/GOVERNMENT_ID": {
        "uploaded": ("GOVERNMENT_ID",),
        "documents": ("GOVERNMENT_ID=122eb2f530beb87e@c470-18ec382aa5efe53b",),
    },
    "accept_consent/terms": {"consented": ("terms",)},
    "accept_consent/privacy": {"consented": ("terms", "privacy")},
    "accept_consent/data-processing": {"consented": ("terms", "privacy", "data-processing")},
}
"""What a journey has after a step, beside the ids."""
FINGERPRINT_BYTES = 133


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Carries customers through the writer; ``waits`` are the times until intents were durable."""

    writer: Writer
    bank_s: float
    numbers: Iterator[int]
    dice: random.Random = field(default_factory=lambda: random.Random(13))
    waits: list[float] = field(default_factory=list)

    async def carry(self, customer: int) -> None:
        """All calls of one customer, as ``journey.traverse`` posts them."""
        bytes_of, now = self.dice.randbytes, time.time
        key, at = bytes_of(16), f"{customer:012}"
        journey = Journey(
            key=key, fingerprint=bytes_of(FINGERPRINT_BYTES), sealed_id=bytes_of(12), first_run=1, last_run=1
        )
        journey = msgspec.structs.replace(journey, started_at=now())
        for done, (phase, step) in enumerate(STEPS, 1):
            changes = step not in READS
            call = CallRecord(
                number=next(self.numbers), key=key, run=1, phase=phase, step=step, attempt=1, changes=changes,
                intent_at=now(),
            )  # fmt: skip
            journey = msgspec.structs.replace(journey, phase=phase, sent=journey.sent + 1)
            if changes:
                journey = msgspec.structs.replace(journey, step=step, doubts=1, doubt_at=now())
            await self._intend(journey, call, [(bytes_of(16), key) for _ in range(3)] if step == "register" else ())
            await asyncio.sleep(self.bank_s * self.dice.uniform(0.5, 1.5))
            gains: dict[str, Any] = dict(GAINS.get(step, ()), step="", doubts=0, doubt_at=0.0, done=min(done, 7))
            if step == "register":
                gains |= {"customer_id": f"c-{at}", "user_id": f"u-{at}"}
            if step == "open_verification":
                gains |= {"verification_id": f"v-{at}"}
            if step in ("register", "open_verification"):
                self.writer.identify([(bytes_of(16), key)])
            if step == "activate":
                gains |= {"standing": Standing.COMPLETE, "done": 8, "finished_at": now(), "completed_run": 1}
            journey = msgspec.structs.replace(journey, **gains)
            outcome = msgspec.structs.replace(
                call, outcome="done", outcome_at=now(), http_status=200, seconds=self.bank_s * self.dice.random()
            )
            posted = self.writer.post(journey, [outcome])
        await posted

    async def _intend(self, journey: Journey, call: CallRecord, hashes: Hashes) -> None:
        began = time.perf_counter()
        await self.writer.post(journey, [call], hashes=hashes)
        self.waits.append(time.perf_counter() - began)


def written() -> int:
    """Bytes that this process has given to the system to write."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text(encoding="utf-8").splitlines())
    return int(lines["wchar"])


def others_s() -> float:
    """Processor of all threads of this process but this one."""
    return time.process_time() - time.thread_time()


async def carried(load: Load, customers: int, in_flight: int) -> None:
    """Carry so many customers, so many at a time."""
    left = iter(range(customers))

    async def work() -> None:
        for customer in left:
            await load.carry(customer)

    await asyncio.gather(*(work() for _ in range(in_flight)))


async def measured(folder: Path, customers: int, in_flight: int, bank_s: float) -> dict[str, float]:
    """Carry them through a new ledger; the figures."""
    path = folder / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}", tenant_id="tenant", seed="an invented seed of 32 characters or more")
    with ledger, ledger.acquire_lease() as lease:
        bytes_before, others_before, began = written(), others_s(), time.perf_counter()
        async with lease.writer(run=1) as writer:
            load = Load(writer=writer, bank_s=bank_s, numbers=count(ledger.reserve_call_numbers()))
            await carried(load, customers, in_flight)
            seconds = time.perf_counter() - began
    calls = customers * len(STEPS)
    waits = sorted(load.waits)
    return {
        "customers": customers,
        "calls_per_s": calls / seconds,
        "bytes_written_per_call": (written() - bytes_before) / calls,
        "ledger_bytes_per_customer": path.stat().st_size / customers,
        "writer_us_per_call": (others_s() - others_before) / calls * 1e6,
        "intent_ms_median": waits[len(waits) // 2] * 1e3,
        "intent_ms_99": waits[len(waits) * 99 // 100] * 1e3,
        "intent_ms_longest": waits[-1] * 1e3,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("customers", nargs="?", type=int, default=50_000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--bank-ms", type=float, default=50.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    gc.set_threshold(20_000, 50, 1000)  # as `cli.main` does for a run
    with tempfile.TemporaryDirectory() as name:
        figures = asyncio.run(measured(Path(name), given.customers, given.in_flight, given.bank_ms / 1e3))
    for label, value in figures.items():
        say(f"{label.replace('_', ' '):28} {value:12,.1f}")
    if given.json:
        given.json.write_text(json.dumps(figures) + os.linesep, encoding="utf-8")


if __name__ == "__main__":
    main()
