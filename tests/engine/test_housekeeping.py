from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import housekeeping
from finhub_onboard.engine.housekeeping import keep_house
from finhub_onboard.events import Event, Notice
from finhub_onboard.reports.files.retention import Retention
from tests.matching.test_run_facts import FACTS
from tests.values import replace

LEDGER: Any = SimpleNamespace(ledger_id="ours", runs=list)


def said(tmp_path: Path, out: str) -> str:
    """What is said after a run with reports in this folder."""
    heard: list[Event] = []
    settings = Settings.model_validate(
        {"reports": {"dir": str(tmp_path), "keep_days": 3}, "api": {"base_url": "sandbox:"}}
    )
    (tmp_path / out).mkdir()
    keep_house(replace(FACTS, out=tmp_path / out), settings, LEDGER, heard.append)
    return "; ".join(event.message for event in heard if isinstance(event, Notice))


def test_only_a_runs_own_folder_is_the_latest(tmp_path: Path) -> None:
    """A folder that a person named is not where a script looks for the newest run."""
    assert said(tmp_path, "mine") == ""
    assert not (tmp_path / "latest").is_symlink()
    assert said(tmp_path, "20261128T020000-1f2e") == ""
    assert (tmp_path / "latest").readlink() == Path("20261128T020000-1f2e")


@pytest.mark.parametrize("error", [OSError(13, "not allowed"), RuntimeError("Anna Secret")])
def test_nothing_that_fails_here_harms_the_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both failures are said, without what an exception may hold, and neither keeps the other from being done."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(housekeeping, "point_to", fail)
    monkeypatch.setattr(Retention, "apply", fail)
    told = said(tmp_path, "20261128T020000-1f2e")
    reason = "RuntimeError" if isinstance(error, RuntimeError) else "not allowed"
    assert told == (
        f"{tmp_path / 'latest'} cannot lead to this run's reports: {reason}; "
        f"personal data in old reports is not deleted: {reason}"
    )
