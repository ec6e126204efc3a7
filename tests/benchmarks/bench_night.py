"""What does a night cost in which nobody changed, and how soon does a resume call the bank? By stages.

    python -m tests.benchmarks.bench_night [ROWS] [--folder FOLDER]

Some customers are really onboarded at the fast bank; the ledger is then filled through its port with as many like them
as there are rows. Timed by stages, each in a process of its own: a night (all rows are finished), the next one, which
knows again what the first one compared, and a resume whose last 50 rows are pending: seconds from the end of the survey
to the first answer to a customer's call. Prints a table and a line of JSON. A folder that was filled before is used
again; PYTHONPATH chooses the checkout that is measured.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import structs

from finhub_onboard import job
from finhub_onboard.config.loading import load
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.events import CallFinished, Envelope, Progress, RunFinished, RunOpened, Surveyed
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.journey.sent_documents import SentDocument
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.ledger.connect import open_ledger
from finhub_onboard.ledger.ports import Ledger, Writer
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.run_facts import read_facts
from finhub_onboard.model import CallRecord, Customer, Journey
from tests.acceptance.support import CREDENTIALS, ROOT, Desk
from tests.benchmarks.bench_intake import make
from tests.benchmarks.bench_job import FAST, fast_bank
from tests.benchmarks.bench_memory import peak_mb

_PENDING = 50
_SAMPLES = 500
_MEASURE = """
import sys
from finhub_onboard.cli import process_memory
process_memory.tune()  # as the command does, before anything else is loaded
from tests.benchmarks.bench_night import measure
measure(*sys.argv[1:])
"""


def fill(folder: Path, rows: int) -> None:
    """Make the inputs and a ledger in which all ``rows`` are finished."""
    _first_rows(make(rows + _PENDING, folder / "resume.csv", rejects=False), rows, folder / "night.csv")
    with fast_bank() as base_url:
        desk = Desk(folder=folder).configure(FAST, base_url=base_url)
        done = desk.run(_first_rows(folder / "night.csv", _SAMPLES, folder / "sample.csv"), timeout_s=600)
    if done.returncode:
        sys.exit(done.stderr)
    asyncio.run(_multiply(folder))
    (folder / "filled").write_text(str(rows), encoding="utf-8")


def _first_rows(source: Path, rows: int, target: Path) -> Path:
    with source.open(encoding="utf-8") as lines:
        target.write_text("".join(islice(lines, rows + 1)), encoding="utf-8")
    return target


def _settings(folder: Path) -> Settings:
    return load(folder / "onboard.toml", environ={**os.environ, **CREDENTIALS})


async def _multiply(folder: Path) -> None:
    """Enter for each row what the ledger knows of the sample row that it was made from."""
    settings = _settings(folder)
    seed, batch_rows = settings.credentials.reveal("seed"), settings.intake.batch_rows
    with open_ledger(settings.ledger.url, tenant_id=settings.api.tenant_id, seed=seed) as ledger:
        facts = read_facts(ledger.runs()[0].facts, ledger.keys)
        found = survey([folder / "night.csv"], batch_rows=batch_rows)
        numbers = iter(range(ledger.reserve_call_numbers(), 1 << 62))
        samples: list[tuple[Journey, list[CallRecord]]] = []
        with ledger.acquire_lease() as lease:
            async with lease.writer(run=1) as writer:
                for rows in judge_rows(found, rules_of(facts), batch_rows=batch_rows):
                    accepted = [row.customer for row in rows if row.customer]
                    samples = samples or _read_samples(accepted[:_SAMPLES], ledger)
                    for customer in accepted:
                        if (place := customer.row_number - 1) >= _SAMPLES:
                            _enter(customer, *samples[place % _SAMPLES], numbers, ledger.keys, writer)
                    await writer.post(samples[0][0])


def _read_samples(accepted: list[Customer], ledger: Ledger) -> list[tuple[Journey, list[CallRecord]]]:
    keys = [ledger.keys.customer(customer.external_id) for customer in accepted]
    calls: dict[bytes, list[CallRecord]] = defaultdict(list)
    for call in ledger.calls(keys):
        calls[call.key].append(call)
    journeys = ledger.find(keys)
    return [(journeys[key], calls[key]) for key in keys]


def _enter(
    customer: Customer, like: Journey, calls: list[CallRecord], numbers: Iterator[int], keys: Keys, writer: Writer
) -> None:
    """Post a journey, calls and identity hashes of this customer, which are like those of another."""
    key, number = keys.customer(customer.external_id), f"{customer.row_number:012}"
    sent = [SentDocument.read(mark) for mark in like.documents]
    known = [one._replace(content=keys.content_hash(customer.external_id, one.kind.encode())) for one in sent]
    journey = structs.replace(
        like,
        key=key,
        fingerprint=keys.fingerprint(customer),
        documents=tuple(one.mark for one in known),
        customer_id=f"c-9{number}",
        user_id=f"u-9{number}",
        verification_id=f"v-9{number}",
        sealed_id=keys.seal(customer.external_id),
    )
    hashes = [*keys.identity_hashes(customer).values()]
    hashes += [keys.id_hash(kind, getattr(journey, kind)) for kind in IdKind]
    own = [structs.replace(call, key=key, number=next(numbers)) for call in calls]
    writer.post(journey, own, hashes=[(each, key) for each in hashes])


def measure(folder: str, source: str) -> None:
    """Run the job on a filled folder and print what it took: seconds, and processor seconds, by stage."""
    bus, marks, progress = EventBus(), {}, []

    def mark(envelope: Envelope) -> None:
        event, now = envelope.event, (envelope.at, time.process_time())
        name = envelope.name
        if isinstance(event, Progress):
            progress.append(envelope.at)
            marks[name] = now
        else:
            marks.setdefault(name, now)

    bus.subscribe(mark, kinds=(Surveyed, RunOpened, Progress, CallFinished, RunFinished))
    began = (time.time(), time.process_time())
    # The bank that the samples were onboarded at had another port.
    order = Order(inputs=(Path(folder) / source,), out=Path(folder) / "out", same_bank=True)
    written = asyncio.run(job.run(order, _settings(Path(folder)), bus))
    ends = {"survey": "surveyed", "opening": "run_opened", "engine": "progress", "reports": "finished"}
    found: dict[str, Any] = {}
    before = began
    for stage, name in ends.items():
        found[stage] = [round(now - then, 2) for now, then in zip(marks[name], before, strict=True)]
        before = marks[name]
    found["whole"] = [round(now - then, 2) for now, then in zip(marks["finished"], began, strict=True)]
    found["peak_mb"] = round(peak_mb())
    if call := marks.get("call_finished"):
        found["first_call_s"] = round(call[0] - marks["surveyed"][0], 2)
    found["dispositions"] = {str(name): rows for name, rows in written.dispositions.items() if rows}
    sys.stdout.write(json.dumps(found) + "\n")


def measured(folder: Path, source: str, *, runs: int = 1) -> list[dict[str, Any]]:
    """Measure so many runs, each in a process of its own, on one copy of the ledger."""
    with tempfile.TemporaryDirectory(dir=folder) as name, fast_bank() as base_url:
        for file in (source, "ledger.db"):
            shutil.copy(folder / file, name)
        desk = Desk(folder=Path(name)).configure(FAST, base_url=base_url)
        command = [sys.executable, "-c", _MEASURE, str(desk.folder), source]
        done = [subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True) for _ in range(runs)]
    return [json.loads(run.stdout.splitlines()[-1]) for run in done]


def main() -> None:
    """Fill a folder, measure both, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=50_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name)
        if not (folder / "filled").exists():
            folder.mkdir(exist_ok=True)
            fill(folder, given.rows)
        rows = int((folder / "filled").read_text(encoding="utf-8"))
        night, again = measured(folder, "night.csv", runs=2)
        (resume,) = measured(folder, "resume.csv")
        found = {"first night": night, "next night": again, "resume": resume}
    for kind, figures in found.items():
        say(f"{kind} of {rows:,} finished rows: {figures['dispositions']}")
        for stage in ("survey", "opening", "engine", "reports", "whole"):
            wall, processor = figures[stage]
            say(f"  {stage:8} {wall:8.1f} s, {processor:8.1f} s of processor, {processor / rows * 1e6:6.1f} us per row")
        say(f"  peak {figures['peak_mb']} MB")
    say(f"first call of the resume {found['resume']['first_call_s']} s after the survey")
    say(json.dumps({"rows": rows, **found}))


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a benchmark's output


if __name__ == "__main__":
    main()
