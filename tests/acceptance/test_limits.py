"""Limits of single phases, as the bank counts them."""

import json
import urllib.request
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Bank, Desk, head, sandbox

ROWS, LIMIT = 30, 10


def arrivals(bank: Bank) -> dict[str, list[float]]:
    """When the calls of each kind came, by the bank's own record; monotonic seconds."""
    with urllib.request.urlopen(f"{bank.root}/sandbox/record?arrivals=1", timeout=30) as answer:  # noqa: S310 - loopback
        found: dict[str, list[float]] = json.load(answer)["arrivals_of"]
        return found


def most_in_a_second(times: list[float]) -> int:
    """The most of these in any one second."""
    return max(sum(1 for other in times if at <= other < at + 1.0) for at in times)


def test_a_phase_keeps_to_its_own_limit_and_holds_no_other_up(tmp_path: Path) -> None:
    """Registrations come no faster than allowed; whoever is registered goes through the other phases meanwhile."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    settings = FAST.replace("max_in_flight = 16", "max_in_flight = 4")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank)
        desk.configure(f"{settings}[limits.registration]\ncalls_per_second = {LIMIT}\n")
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        came = arrivals(bank)
    registrations = came["registerIndividual"]
    assert len(registrations) == ROWS
    assert most_in_a_second(registrations) <= LIMIT + 1  # one more where the machine stands still between two
    assert registrations[-1] - registrations[0] >= (ROWS - 1) // LIMIT - 0.2
    assert sum(at < registrations[ROWS // 2] for at in came["acceptIndividualConsent"]) >= ROWS // 4
