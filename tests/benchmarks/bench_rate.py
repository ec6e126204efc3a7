"""Is the rate kept, and used? So many sandbox customers at a rate, counted by the bank itself.

    python -m tests.benchmarks.bench_rate [CUSTOMERS] [CALLS_PER_SECOND]

Prints the most calls that the bank saw in any one second (promise 4: never more than asked) and the share of the rate
that was used while there was work.
"""

import sys
import tempfile
from pathlib import Path

from tests.acceptance.support import Desk, sandbox
from tests.benchmarks.bench_job import customers

SETTINGS = """
[limits]
calls_per_second = {rate}
max_in_flight = 32
[approval]
mode = "auto"
"""


def main() -> None:
    """Run and print; exit 1 if a bound is broken."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as name, sandbox() as bank:
        desk = Desk(folder=Path(name), bank=bank).configure(SETTINGS.format(rate=rate))
        done = desk.run(customers(rows, Path(name) / "customers.csv"), timeout_s=3600)
        if done.returncode:
            sys.exit(done.stderr)
        seen = bank.record()["max_calls_in_1s"]
        reached = desk.summary()["rate"]["reached"]
    print(f"{rows:,} customers at {rate} calls/s: the bank saw at most {seen} in any second")  # noqa: T201
    print(f"used {100 * reached / rate:.1f} % of the rate ({reached:.1f} calls/s)")  # noqa: T201
    sys.exit(seen > rate)


if __name__ == "__main__":
    main()
