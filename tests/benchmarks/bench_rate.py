"""Is the rate kept, and used? The whole job at several rates, counted by a bank that answers at once.

    python -m tests.benchmarks.bench_rate [RUNS [CALLS_PER_SECOND ...]] [--json FILE]

Prints by rate the most calls that the bank took in any one second over all runs (promise 4: never more than asked), and
the least and the median share of the rate that was used, without the first and the last two seconds of a run. Exits
with 1 if a rate was exceeded.
"""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.acceptance.support import Desk
from tests.benchmarks.bench_job import counting_bank, customers
from tests.benchmarks.scripts import JOURNEY

RATES = (5, 10, 50, 100, 500, 1000, 2000)
SECONDS, EDGE_S = 12, 2.0
SETTINGS = """
[limits]
calls_per_second = {rate}
max_in_flight = 64
[approval]
mode = "auto"
"""


def run(rate: int) -> list[float]:
    """When the bank took each call of a run, in seconds."""
    with tempfile.TemporaryDirectory() as name:
        with counting_bank() as bank:
            desk = Desk(folder=Path(name)).configure(SETTINGS.format(rate=rate), base_url=bank.base_url)
            rows = rate * SECONDS // len(JOURNEY)
            done = desk.run(customers(rows, Path(name) / "customers.csv"), timeout_s=3600)
            if done.returncode:
                sys.exit(done.stderr)
        return bank.taken


def most_in_a_second(moments: list[float]) -> int:
    """The largest number of moments in any half-open window of a second."""
    most = start = 0
    for end, moment in enumerate(moments):
        while moments[start] <= moment - 1:
            start += 1
        most = max(most, end - start + 1)
    return most


def used(moments: list[float], rate: int) -> float:
    """The share of the rate that was used once the run was under way."""
    middle = [moment for moment in moments if moments[0] + EDGE_S < moment < moments[-1] - EDGE_S]
    return (len(middle) - 1) / (middle[-1] - middle[0]) / rate


def main() -> None:
    """Measure, print, and write the table."""
    words = sys.argv[1:]
    target = Path(words.pop(words.index("--json") + 1)) if "--json" in words else None
    runs, *rates = [int(word) for word in words if word != "--json"] or [3]
    found: dict[int, list[tuple[int, float]]] = {rate: [] for rate in rates or RATES}
    print(f"{'asked':>6}{'most in 1 s':>13}{'used, least':>13}{'median':>9}")  # noqa: T201
    for rate, outcomes in found.items():
        for _ in range(runs):
            moments = run(rate)
            outcomes.append((most_in_a_second(moments), used(moments, rate)))
        most, shares = max(most for most, _ in outcomes), [share for _, share in outcomes]
        print(f"{rate:6}{most:13}{min(shares):13.1%}{median(shares):9.1%}", flush=True)  # noqa: T201
    if target:
        target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(most > rate for rate, outcomes in found.items() for most, _ in outcomes))


if __name__ == "__main__":
    main()
