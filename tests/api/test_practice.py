"""The practice bank of a program: its scenarios, and that nothing of it stays or leads elsewhere."""

import urllib.error
import urllib.request

import pytest

from finhub_onboard import Job, OnboardError, sandbox
from tests.acceptance.support import ROOT, SAMPLE

DOCUMENTS = {"root": str(ROOT / "sample_data" / "documents")}


def test_it_is_gone_afterwards_and_knows_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ledger, reports and the process; a variable of the user's own job does not reach it."""
    monkeypatch.setenv("ONBOARD_LEDGER__URL", "sqlite:////nowhere/ledger.db")
    monkeypatch.setenv("ONBOARD_API__BASE_URL", "https://bank.example.com")
    with sandbox(documents=DOCUMENTS, limits={"calls_per_second": 300}) as bank:
        assert bank.settings.limits.calls_per_second == 300
        done = Job(bank.settings).run(SAMPLE, limit=2)
        assert done.exit_code == 0
        assert len(bank.record()["customers"]) == 2
        url = bank.base_url
    assert not done.folder.exists()
    assert not bank.settings.ledger.path.parent.exists()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)  # noqa: S310 - loopback


def test_a_scenario_that_is_not_known_gives_the_nearest_name() -> None:
    """Before anything is started."""
    with pytest.raises(OnboardError, match="nearest name is drops"), sandbox("drop"):
        pass
