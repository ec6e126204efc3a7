"""What does the transport cost? The whole job with each, in turns, in one run, against the same bank.

    python -m tests.benchmarks.bench_transport [CUSTOMERS [IN_FLIGHT [ROUNDS]]]

The bank is a process of its own, so that on two cores it takes none of the job. Turns, because other work on the
machine then meets all alike; processor time, because it does not count the time of others. Prints the medians.
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from finhub_onboard.engine.connection import TRANSPORTS
from tests.acceptance.support import Desk
from tests.benchmarks.bench_job import FAST, customers, fast_bank


def measured(name: str, source: Path, base_url: str, in_flight: int) -> tuple[float, float]:
    """Calls per second while calling, and processor time per call in microseconds, of one job by this transport."""
    with tempfile.TemporaryDirectory() as folder:
        settings = FAST.replace("max_in_flight = 256", f"max_in_flight = {in_flight}")
        desk = Desk(folder=Path(folder)).configure(settings, base_url=base_url, transport=name)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = desk.run(source, timeout_s=3600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(done.stderr)
        summary = desk.summary()
    calls = sum(call["sent"] for call in summary["calls"].values())
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return summary["rate"]["reached"], spent / calls * 1e6


def main() -> None:
    """Measure in turns and print."""
    given = [int(word) for word in sys.argv[1:]]
    rows, in_flight, rounds = (given + [300, 16, 3][len(given) :])[:3]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in TRANSPORTS}
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, fast_bank() as base_url:
        source = customers(rows, Path(folder) / "customers.csv")
        for number in range(rounds):
            for name in list(TRANSPORTS)[:: -1 if number % 2 else 1]:
                found[name].append(measured(name, source, base_url, in_flight))
    for name, values in found.items():
        rate, spent = (statistics.median(value) for value in zip(*values, strict=True))
        print(f"{name}: {rate:,.0f} calls/s, {spent:,.0f} us of processor time for a call with all else")  # noqa: T201
    print(f"{rows} customers, {in_flight} in flight, {rounds} rounds, {time.perf_counter() - started:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
