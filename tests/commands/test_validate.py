"""Checks without a call: how long they say that they took."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finhub_onboard import events
from finhub_onboard.commands import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import surveying
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
    monkeypatch.setattr(validate, "steady_clock", lambda started_at: lambda began=now: started_at + now - began)
    monkeypatch.setattr(writing, "time", clock)
    calendar = SimpleNamespace(now=lambda zone: datetime.fromtimestamp(now, zone), fromisoformat=datetime.fromisoformat)
    monkeypatch.setattr(validate, "datetime", calendar)
    monkeypatch.setattr(surveying, "survey", takes(READS_S, survey))
    monkeypatch.setattr(Totals, "check", takes(WRITES_S, Totals.check))
    said: list[events.Event] = []
    path = write(tmp_path / "x.csv", [a_row(1)])
    validate.validate(Order(inputs=[path], out=tmp_path / "out"), SETTINGS, said.append)
    (finished,) = (event for event in said if isinstance(event, events.RunFinished))
    assert finished.seconds == READS_S + WRITES_S
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["started_at"], summary["finished_at"]) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:14:50.000Z")
