"""Habits of the bank that are no fault: one session per admin, and verifications that it approves by itself."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.support import Bank, Desk, disagreements, sandbox
from tests.acceptance.test_fault_matrix import SETTINGS
from tests.benchmarks.bench_job import customers
from tests.sandbox.support import Wire, until

ONE_SESSION = "[logins]\nsingle_session = true\n[latency]\nmean_ms = 20\n"


def registered(bank: Bank) -> int:
    """How many customers the bank has."""
    return len(bank.record()["customers"])


def test_another_log_in_of_the_same_admin_does_not_end_the_run(tmp_path: Path) -> None:
    """The bank has one session per user, and somebody logs in three times during the run: each time it goes on."""
    rows = 60
    source, scenario = customers(rows, tmp_path / "customers.csv"), tmp_path / "scenario.toml"
    scenario.write_text(ONE_SESSION, encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        settings = SETTINGS.replace("max_in_flight = 64", "max_in_flight = 8")
        desk = Desk(folder=tmp_path, bank=bank).configure(settings)
        wire = Wire(urlsplit(bank.base_url).port or 0)
        with desk.start(source) as process:
            for share in (1, 2, 3):
                until(lambda share=share: registered(bank) >= share * rows // 4 or process.poll() is not None, 60)
                wire.log_in()
                time.sleep(0.05)
                wire.log_in()  # as `onboard check` does at once after somebody else
            _, stderr = process.communicate(timeout=120)
        wire.connection.close()
        assert process.returncode == 0, stderr
        assert desk.counts() == {"onboarded": rows}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize(("shapes", "path"), [("runner", "customer"), ("older", "verifications")])
def test_a_verification_that_is_approved_before_its_documents_come(shapes: str, path: str, tmp_path: Path) -> None:
    """Documents and approval are answered 409: the check says that all is well, and nobody parks."""
    source, scenario = customers(8, tmp_path / "customers.csv"), tmp_path / "scenario.toml"
    scenario.write_text("[verification]\nauto_approved_share = 1.0\n", encoding="utf-8")
    with sandbox("--scenario", str(scenario), "--shapes", shapes) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS, verification_path=path)
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {"onboarded": 8}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
        assert bank.record()["calls"]["uploadVerificationDocument"]["by_status"].keys() == {"409"}
