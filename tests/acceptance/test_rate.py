"""A bank whose limit is lower than configured, with real requests: few are refused, and the limit is used."""

import time
from pathlib import Path

import pytest

from tests.acceptance.support import SAMPLE, Bank, Desk, head, sandbox
from tests.acceptance.test_stopping import received, until

CONFIGURED = 200
FIRST_S = 5.0


def refused(bank: Bank) -> int:
    """Calls that the bank has refused for their rate."""
    return sum(int(calls["by_status"].get("429", 0)) for calls in bank.record()["calls"].values())


@pytest.mark.parametrize(("limit", "rows", "wait"), [(50, 50, "mixed")])
@pytest.mark.waits
def test_a_lower_limit_is_found_and_kept(limit: int, rows: int, wait: str, tmp_path: Path) -> None:
    """After the first seconds at most a tenth is refused; nobody fails; most of what the bank allows is used."""
    source = head(SAMPLE, rows, tmp_path / "customers.csv")
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(f'[rate_limit]\nper_second = {limit}\nretry_after = "{wait}"\n', encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(
            f'[limits]\ncalls_per_second = {CONFIGURED}\nmax_in_flight = 16\n[approval]\nmode = "auto"\n'
        )
        with desk.start(source) as process:
            until(lambda: received(bank) > 0, process)
            time.sleep(FIRST_S)
            began, first, first_refused = time.monotonic(), received(bank), refused(bank)
            stderr = process.communicate(timeout=120)[1]
            took = time.monotonic() - began
        assert process.returncode == 0, stderr
        calls, turned_away = received(bank) - first, refused(bank) - first_refused
        figures = f"{turned_away} of {calls} refused, {(calls - turned_away) / took / limit:.0%} of the limit used"
        assert turned_away <= 0.1 * calls, figures
        assert (calls - turned_away) / took >= 0.3 * limit, figures  # the machine may be busy; virtual time shows more
        summary = desk.summary()["calls"]
        assert sum(phase["refused_for_rate"] for phase in summary.values()) == refused(bank)
        assert "slowed: the bank asked for less (429)" in stderr
