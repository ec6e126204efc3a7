"""How fast is the whole job? Beside other programs that make the same calls, in the same run, against the same bank.

    python -m tests.benchmarks.bench_job [CUSTOMERS [ROUNDS]] [--json FILE]

The others (``scripts.py``) keep nothing. The job does everything: reads and checks the file, writes each intent and
outcome durably, derives passwords, paces, judges, reports. In turns, because other work on the machine then meets all
alike; prints the medians of calls per second, and the job's rate by each. Then the job's processor time per call and
how long its event loop did nothing else (the longest times; their place is in ``watched.py``).
"""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tests.acceptance.support import ROOT, SAMPLE, Desk
from tests.benchmarks.scripts import JOURNEY, SCRIPTS

FAST = """
[limits]
calls_per_second = 100000
max_in_flight = 256
[approval]
mode = "auto"
"""
JOB, WHOLE = "the whole job, while it calls", "the whole job, start to reports"
_FOR_SCRIPTS = 5
"""Scripts carry one of so many customers: the slowest takes a minute for 2,000."""


@dataclass(kw_only=True)
class CountingBank:
    """A bank's address and, once it has ended, when it took and refused calls, in seconds."""

    base_url: str
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)


@contextmanager
def counting_bank(*words: str) -> Iterator[CountingBank]:
    """The bank as a process of its own, which refuses as the words say (``fast_bank.py``)."""
    command = [sys.executable, "-m", "tests.benchmarks.fast_bank", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        bank = CountingBank(**json.loads(process.stdout.readline()))
        try:
            yield bank
        finally:
            counted = json.loads(process.communicate()[0])
            bank.taken, bank.refused = counted["taken"], counted["refused"]


@contextmanager
def fast_bank() -> Iterator[str]:
    """The address of a bank that refuses nothing."""
    with counting_bank() as bank:
        yield bank.base_url


def customers(rows: int, target: Path) -> Path:
    """A file of so many customers, from the sample's rows with new ids and e-mails."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        header, *sample = list(csv.reader(stream))
    key, email, born = (header.index(name) for name in ("external_id", "email", "date_of_birth"))
    document = header.index("document_number")
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for number in range(rows):
            row = list(sample[number % len(sample)])
            row[key], row[email] = f"BENCH-{number:07}", f"bench{number}@example.com"
            row[born] = str(date(1950, 1, 1) + timedelta(days=number // len(sample)))
            row[document] = row[document] and f"X{number:08}"
            writer.writerow(row)
    return target


def job(base_url: str, source: Path, rows: int) -> dict[str, Any]:
    """Carry all by the command, in a folder of its own, and say how fast and at what cost."""
    with tempfile.TemporaryDirectory() as name:
        desk, watched = Desk(folder=Path(name)).configure(FAST, base_url=base_url), Path(name) / "watched.json"
        words = ("run", source, "--config", desk.config, "--out", desk.out, "--limit", str(rows))
        command = [sys.executable, "-m", "tests.benchmarks.watched", str(watched), *map(str, words)]
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, check=False, timeout=3600
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.stderr)
        summary, seen = desk.summary(), json.loads(watched.read_text(encoding="utf-8"))
    calls = sum(call["sent"] for call in summary["calls"].values())
    return {
        JOB: summary["rate"]["reached"],
        WHOLE: calls / seconds,
        "main thread, us per call": 1e6 * seen["main_s"] / calls,
        "all threads, us per call": 1e6 * seen["all_s"] / calls,
        "longest stalls, ms": seen["stalls_ms"],
    }


def main() -> None:
    """Measure all in turns, print a table, and write it."""
    words = sys.argv[1:]
    target = Path(words.pop(words.index("--json") + 1)) if "--json" in words else None
    rows, rounds = ([int(word) for word in words if word != "--json"] + [2000, 3][len(words) - (target is not None) :])[
        :2
    ]
    few = max(rows // _FOR_SCRIPTS, 1)
    found: dict[str, list[float]] = {name: [] for name in SCRIPTS}
    jobs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, fast_bank() as base_url:
        source = customers(rows, Path(name) / "customers.csv")
        for _ in range(rounds):
            for script, carry in SCRIPTS.items():
                found[script].append(len(JOURNEY) * few / carry(base_url, few))
            jobs.append(job(base_url, source, rows))
    medians = {name: median(rates) for name, rates in found.items()}
    own = {name: median(each[name] for each in jobs) for name in jobs[0] if name != "longest stalls, ms"}
    own["longest stalls, ms"] = [max(each) for each in zip(*(each["longest stalls, ms"] for each in jobs), strict=True)]
    print(f"{'':38}{'calls/s':>9}{'the job by it':>15}")  # noqa: T201
    for name, rate in (medians | {part: own[part] for part in (JOB, WHOLE)}).items():
        print(f"{name:38}{rate:9,.0f}{own[JOB] / rate:15.2f}")  # noqa: T201
    for name in ("main thread, us per call", "all threads, us per call"):
        print(f"{name:38}{own[name]:9,.0f}")  # noqa: T201
    print(f"{'longest stalls, ms':38}{own['longest stalls, ms'][:5]}")  # noqa: T201
    if target:
        target.write_text(json.dumps(medians | own, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
