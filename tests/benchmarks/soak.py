"""Does anything get lost or done twice in the long run? A whole book, faults of all kinds, SIGKILL at random moments.

    python -m tests.benchmarks.soak [--customers 20000] [--kills 40] [--faults 0.05] [--seed 1]

A real bank over HTTP does to the given share of calls whatever it can do wrong; the real command is killed again and
again, then run until nothing more changes. The bank's own record and the ledger then say: *lost* rows are those where
the results and the bank disagree, or that have no disposition; *twice* are customers whose registration, approval or
activation was carried out more than once, and steps that left again though API.md section 9 forbids it.
Prints figures; exit code 1 if anything was lost or done twice.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from finhub_onboard.errors import OnboardError
from finhub_onboard.ledger.connect import look_into
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.habits import KINDS
from finhub_onboard.sandbox.operations import OPERATION_IDS
from tests.acceptance.support import Bank, Desk, disagreements, repeated_too_often, sandbox
from tests.benchmarks.bench_job import customers

SETTINGS = """
[limits]
calls_per_second = 100000
max_in_flight = 64
[retry]
max_attempts = 8
max_wait_s = 0.5
[stop]
max_failed_percent = 100
[approval]
mode = "auto"
"""
CALLS_PER_CUSTOMER = 11
MOST_RUNS_AFTERWARDS = 12
SETTLED = {"onboarded", "unchanged"}


@dataclass(slots=True, kw_only=True)
class Soak:
    """What has happened so far."""

    desk: Desk
    source: Path
    runs: int = 0
    kills: int = 0
    ends: Counter[int] = field(default_factory=Counter)

    def calls(self) -> int:
        """How many calls the ledger knows; their numbers have gaps, for each run reserves a range."""
        with look_into(f"sqlite:///{self.desk.folder / 'ledger.db'}", tenant_id="", seed="") as ledger:
            totals = [ledger.call_totals(run.number).values() for run in ledger.runs()]
            return sum(each.sent for each in chain.from_iterable(totals))

    def run_and_kill(self, after_calls: int, after_s: float) -> None:
        """Start the command and kill it once the ledger knows of so many more calls, and a little later."""
        self.runs += 1
        goal = (self.calls() if self.desk.config.with_name("ledger.db").exists() else 0) + after_calls
        with self.desk.start(self.source) as process:
            while process.poll() is None:
                try:
                    reached = self.calls() >= goal
                except OnboardError:  # the ledger is not made yet
                    reached = False
                if reached:
                    time.sleep(after_s)
                    process.kill()
                    self.kills += 1
                    break
                time.sleep(0.01)
            process.communicate()
            self.ends[process.returncode] += 1

    def run(self) -> dict[str, int]:
        """Run the command to its end; the dispositions."""
        self.runs += 1
        done = self.desk.run(self.source, timeout_s=3600)
        self.ends[done.returncode] += 1
        if "Traceback" in done.stderr or done.returncode not in (0, 3, 4, 5):
            sys.exit(f"exit code {done.returncode}\n{done.stderr[-2000:]}")
        return self.desk.counts()


def scenario(share: float, seed: int, target: Path) -> Path:
    """Every kind of fault on all calls, together this share of them; tokens expire more rarely, all calls share one."""
    # What the bank itself refuses is final by the contract: it would only make the book smaller. A page in place of the
    # first log-in means that there is no bank.
    kinds = [kind for kind in KINDS if kind != "refuse"]
    rates = dict.fromkeys(kinds, share / len(kinds)) | {"expired_token": share / len(kinds) / 20}
    no_login = [name for name in OPERATION_IDS if name not in ("createAdminSession", "createCustomerSession")]
    on = dict.fromkeys(("unauthorized", "gateway_before", "gateway_after"), no_login)
    faults = (
        f'[[fault]]\nkind = "{kind}"\nrate = {rate}\nover_s = 0.2\non = {on.get(kind, [])}\n'
        for kind, rate in rates.items()
    )
    target.write_text(f"seed = {seed}\n" + "".join(faults), encoding="utf-8")
    return target


def done_twice(record: Mapping[str, Any]) -> int:
    """Customers for whom the bank carried out something twice that may happen once."""
    once = ("registrations", "approvals", "activations")
    return sum(any(who[name] > 1 for name in once) for who in record["customers"])


def soak(*, rows: int, kills: int, faults: float, seed: int, folder: Path) -> bool:
    """Soak, print the figures; whether nothing was lost or done twice."""
    draw, started = random.Random(seed), time.monotonic()
    source = customers(rows, folder / "customers.csv")
    with sandbox("--scenario", str(scenario(faults, seed, folder / "scenario.toml"))) as bank:
        desk = Desk(folder=folder, bank=bank).configure(
            SETTINGS, timeout_s="1.5", webhook_subscription_id=demo.SUBSCRIPTION_ID
        )
        soaked = Soak(desk=desk, source=source)
        share = rows * CALLS_PER_CUSTOMER // (kills + 1)
        while soaked.kills < kills and soaked.runs < 2 * kills:
            soaked.run_and_kill(draw.randint(0, 2 * share), draw.random() * 0.05)
        counts = soaked.run()
        for _ in range(MOST_RUNS_AFTERWARDS):
            before, counts = counts, soaked.run()
            if counts.keys() <= SETTLED or ("pending" not in counts and counts == before):
                break
        return tell(soaked, bank, counts, rows=rows, seconds=time.monotonic() - started)


def tell(soaked: Soak, bank: Bank, counts: Mapping[str, int], *, rows: int, seconds: float) -> bool:
    """Print the figures; whether nothing was lost or done twice."""
    record = bank.record()
    wrong = disagreements(record, soaked.desk.table("results.csv"), soaked.source)
    lost = len(wrong) + abs(rows - sum(counts.values()))
    repeated = repeated_too_often(soaked.desk.folder / "ledger.db")
    twice = done_twice(record) + len(repeated)
    calls = sum(call["received"] for call in record["calls"].values())
    figures = {
        "customers": rows,
        "runs": soaked.runs,
        "exit codes": ", ".join(f"{code}: {number}" for code, number in sorted(soaked.ends.items())),
        "kills": soaked.kills,
        "calls": calls,
        "faults": sum(record["faults"].values()),
        **{name: number for name, number in counts.items() if name != "in_doubt"},
        "in doubt": counts.get("in_doubt", 0),
        "lost": lost,
        "twice": twice,
        "seconds": round(seconds),
    }
    for name, value in figures.items():
        print(f"{name:12} {value}")  # noqa: T201
    for line in (*wrong, *repeated)[:20]:
        print(f"wrong: {line}")  # noqa: T201
    return not lost and not twice


def main() -> int:
    """Read the options and soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--faults", type=float, default=0.05, help="share of calls that something happens to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="an empty folder that is kept; else a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        well = soak(
            rows=given.customers,
            kills=given.kills,
            faults=given.faults,
            seed=given.seed,
            folder=given.folder or Path(temporary),
        )
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
