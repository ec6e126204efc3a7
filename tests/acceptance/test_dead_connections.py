"""A server that closes silently after each answer: a request that was never read costs no customer anything."""

from pathlib import Path

from tests.acceptance.support import Desk, disagreements, sandbox
from tests.acceptance.test_fault_matrix import SETTINGS
from tests.benchmarks.bench_job import customers

ROWS = 12


def test_the_one_repeat_is_not_spent_on_a_dead_connection(tmp_path: Path) -> None:
    """Every kept connection is dead: all are onboarded without deliveries, and the bank got each step once."""
    source, scenario = customers(ROWS, tmp_path / "customers.csv"), tmp_path / "scenario.toml"
    scenario.write_text('[[fault]]\nkind = "close_after_answer"\nrate = 1.0\n', encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS)
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {"onboarded": ROWS}
        record = bank.record()
    assert disagreements(record, desk.table("results.csv"), source) == []
    assert record["calls"]["registerIndividual"]["by_status"] == {"200": ROWS}
    assert all(len(who["verificationIds"]) == 1 for who in record["customers"])
