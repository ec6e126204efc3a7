import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finhub_onboard import events, job
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ExitCode
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.reports import writing
from finhub_onboard.reports.files.totals import Totals
from tests.intake.helpers import a_row, write

SETTINGS = Settings.model_validate({"api": {"base_url": "sandbox:"}})
READS_S, WRITES_S = 40.0, 50.0


def test_a_check_lasts_from_its_first_look_to_its_last_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of its time, and what the summary has, are both passes and the writing."""
    now = 1_700_000_000.0

    def takes(seconds: float, work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: object, **kwargs: object) -> object:
            nonlocal now
            result = work(*args, **kwargs)
            now += seconds
            return result

        return done

    clock = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(job, "steady_clock", lambda started_at: lambda began=now: started_at + now - began)
    monkeypatch.setattr(writing, "time", clock)
    calendar = SimpleNamespace(now=lambda zone: datetime.fromtimestamp(now, zone), fromisoformat=datetime.fromisoformat)
    monkeypatch.setattr(job, "datetime", calendar)
    monkeypatch.setattr(job, "survey", takes(READS_S, survey))
    monkeypatch.setattr(Totals, "check", takes(WRITES_S, Totals.check))
    said: list[events.Event] = []
    path = write(tmp_path / "x.csv", [a_row(1)])
    job.validate(Order(inputs=[path], out=tmp_path / "out"), SETTINGS, said.append)
    (finished,) = (event for event in said if isinstance(event, events.Finished))
    assert finished.seconds == READS_S + WRITES_S
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["started_at"], summary["finished_at"]) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:14:50.000Z")


def test_a_time_of_day_that_passes_while_the_input_is_read_is_still_todays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins at 05:59:40 and reads until after 06:00 stops before its first call."""
    six = datetime.now().astimezone().replace(second=0, microsecond=0)
    began = iter([six - timedelta(seconds=20)])
    now = SimpleNamespace(now=lambda zone: next(began, datetime.now(UTC)).astimezone(zone))
    monkeypatch.setattr(job, "datetime", now)  # who asks later has the true time, when it is over
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    settings = Settings.model_validate(
        {
            "api": {"base_url": "sandbox:"},
            "stop": {"deadline": f"{six:%H:%M}"},
            "ledger": {"url": f"sqlite:///{tmp_path / 'ledger.db'}"},
        }
    )
    said: list[events.Event] = []
    written = job.run(
        Order(inputs=[write(tmp_path / "x.csv", [a_row(1)])], out=tmp_path / "out"), settings, said.append
    )
    assert written.exit_code is ExitCode.STOPPED_EARLY
    assert not any("is over" in event.message for event in said if isinstance(event, events.Notice))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["dispositions"]["pending"] == 1
    assert not any(phase["sent"] for phase in summary["calls"].values())
