"""How fast is the whole job? Side by side with a bare script on stock httpx, in the same run, against the same bank.

    python -m tests.benchmarks.bench_job [CUSTOMERS]

The script makes the same calls with the same bodies' size and keeps nothing: no ledger, no checks, no pacing. The job
does everything: reads and validates the file, writes each intent and outcome durably, derives passwords, builds and
judges. Prints calls per second of each and the ratio.
"""

import asyncio
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx

from tests.acceptance.support import ROOT, SAMPLE, Desk

IN_FLIGHT = 16
FAST = """
[limits]
calls_per_second = 100000
max_in_flight = 256
[approval]
mode = "auto"
"""
BODY = {"data": "x" * 600}
JOURNEY = (
    ("POST", "/customer/individual/registration"),
    ("POST", "/customer/individual/c/users/u/sessions"),
    ("POST", "/customer/individual/c/verification"),
    ("POST", "/verifications/v/documents"),
    ("POST", "/verifications/v/approve"),
    ("POST", "/customer/individual/c/consents/terms"),
    ("POST", "/customer/individual/c/consents/privacy"),
    ("POST", "/customer/individual/c/consents/data-processing"),
    ("GET", "/customer/individual/c/owner/t/activation/check"),
    ("POST", "/customer/individual/c/activation"),
)


@contextmanager
def fast_bank() -> Iterator[str]:
    """The bank as a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.fast_bank"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield json.loads(process.stdout.readline())["base_url"]
        process.stdin.close()


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


async def script(base_url: str, rows: int) -> float:
    """The bare script: seconds for so many customers."""
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=IN_FLIGHT)) as client:
        left = iter(range(rows))

        async def work() -> None:
            for _ in left:
                for method, path in JOURNEY:
                    answer = await client.request(method, base_url + path, json=BODY if method == "POST" else None)
                    answer.raise_for_status()

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return time.perf_counter() - started


def main() -> None:
    """Measure both and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name, fast_bank() as base_url:
        baseline = len(JOURNEY) * min(rows, 300) / asyncio.run(script(base_url, min(rows, 300)))
        desk = Desk(folder=Path(name)).configure(FAST, base_url=base_url)
        source = customers(rows, Path(name) / "customers.csv")
        started = time.perf_counter()
        done = desk.run(source, timeout_s=3600)
        seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(done.stderr)
        summary = desk.summary()
        calls = sum(call["sent"] for call in summary["calls"].values())
        reached = summary["rate"]["reached"]
    print(f"bare script on stock httpx, {IN_FLIGHT} in flight: {baseline:,.0f} calls/s")  # noqa: T201
    print(f"the whole job while calling: {reached:,.0f} calls/s, {reached / baseline:.1f} times the script")  # noqa: T201
    print(f"the whole command, start to reports: {calls:,} calls in {seconds:.1f} s, {calls / seconds:,.0f} calls/s")  # noqa: T201


if __name__ == "__main__":
    main()
