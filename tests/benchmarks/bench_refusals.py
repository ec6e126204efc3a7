"""How much of the rate is left where the bank refuses? The whole job against a bank that does, beside a calm one.

    python -m tests.benchmarks.bench_refusals [SECONDS] [CALLS_PER_SECOND] [--simulate]

Each line is one run of the job for about so many seconds: what it got done of what the bank would have taken (counted
by the bank, until 95 % of the calls are done), and the share of its calls that was refused. The first line, a bank that
refuses nothing, is the baseline. ``--simulate`` shows the same for the pacer alone in virtual time, 120 s a line, with
more cases. The table goes to stderr, JSON to stdout.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from finhub_onboard.errors import ExitCode
from tests.acceptance.support import Desk
from tests.benchmarks.bench_job import counting_bank, customers
from tests.benchmarks.scripts import JOURNEY
from tests.outbound.pacing.banks import AtRandom, Limit, Penalty, Sliding, outcome

SETTINGS = """
[limits]
calls_per_second = {rate}
max_in_flight = 64
[approval]
mode = "auto"
[stop]
max_failed_percent = 100
"""
RETRY_AFTER_S = 1.0
SIMULATED_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A bank: refuses a share at random, and what is beyond a share of the asked rate (1: no such limit)."""

    at_random: float = 0.0
    limit: float = 1.0
    status: int = 429

    def __str__(self) -> str:
        limit = f", limit {self.limit:.0%} of the rate" if self.limit < 1 else ""
        return f"{self.at_random:.1%} at random{limit}, status {self.status}"


CASES = (
    Case(),
    Case(at_random=0.01),
    Case(at_random=0.01, status=503),
    Case(at_random=0.03),
    Case(at_random=0.03, status=503),
    Case(limit=0.3),
    Case(limit=0.3, at_random=0.01),
)


def run(case: Case, rate: int, seconds: float) -> dict[str, float]:
    """Run the job against such a bank; shares of what was allowed that was used, and of calls that were refused."""
    limit = int(case.limit * rate) if case.limit < 1 else 0
    words = (str(case.at_random), str(limit), str(case.status))
    with tempfile.TemporaryDirectory() as name, counting_bank(*words) as bank:
        desk = Desk(folder=Path(name)).configure(SETTINGS.format(rate=rate), base_url=bank.base_url)
        rows = int(seconds * case.limit * rate / len(JOURNEY))
        done = desk.run(customers(rows, Path(name) / "customers.csv"), timeout_s=3600)
    if done.returncode not in (ExitCode.OK, ExitCode.NEEDS_SOMEBODY):  # a 503 twice leaves a registration in doubt
        sys.exit(done.stderr)
    taken = bank.taken[: int(0.95 * len(bank.taken))]
    refused = [moment for moment in bank.refused if moment <= taken[-1]]
    return {
        "used": len(taken) / (taken[-1] - taken[0]) / (case.limit * rate),
        "refused": len(refused) / (len(taken) + len(refused)),
    }


def simulated(rate: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Run the pacer against banks in virtual time."""
    banks: list[tuple[str, Limit, float]] = [
        (f"{share:.1%} at random", AtRandom(share), rate) for share in (0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
    ]
    for share in (0.02, 0.1, 0.3, 0.5, 0.9):
        limit = int(share * rate)
        banks += [
            (f"limit {limit}", Sliding(limit), limit),
            (f"limit {limit}, closed for 1 s after an excess", Penalty(limit), limit),
        ]
    banks.append((f"limit {int(0.3 * rate)} and 1 % at random", AtRandom(0.01, Sliding(0.3 * rate)), 0.3 * rate))
    for name, bank, allows in banks:
        found = outcome(
            bank, allows, lambda _: RETRY_AFTER_S, configured=rate, first_s=0.0, whole_s=SIMULATED_S, seed=1
        )
        yield name, {"used": found.used, "refused": found.refused}


def main() -> None:
    """Measure and print."""
    numbers = [word for word in sys.argv[1:] if not word.startswith("-")]
    seconds, rate = (float(numbers[0]) if numbers else 30.0), (int(numbers[1]) if len(numbers) > 1 else 500)
    lines = simulated(rate) if "--simulate" in sys.argv else ((str(case), run(case, rate, seconds)) for case in CASES)
    found = {}
    for name, figures in lines:
        sys.stderr.write(f"{name:55} used {figures['used']:6.1%}  refused {figures['refused']:6.2%}\n")
        found[name] = figures
    print(json.dumps({"calls_per_second": rate, "cases": found}))  # noqa: T201


if __name__ == "__main__":
    main()
