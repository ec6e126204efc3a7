"""A run's own clock: durations are the time that passed, whatever is done to the wall clock."""

import time
from pathlib import Path

import pytest

from finhub_onboard.commands.validate import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.clocks import steady_clock
from finhub_onboard.events import Event, RunFinished
from tests.intake.helpers import a_row, write


def test_a_steady_clock_shows_what_it_was_set_to_and_goes_on() -> None:
    """It never goes back."""
    clock = steady_clock(1000.0)
    seen = [clock() for _ in range(100)]
    assert seen == sorted(seen)
    assert 1000.0 <= seen[0] <= seen[-1] < 1010.0


def test_a_wall_clock_that_is_set_back_changes_no_duration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a command took is measured, not read off a clock that somebody sets."""
    events: list[Event] = []
    order = Order(inputs=(write(tmp_path / "a.csv", [a_row(1)]),), out=tmp_path / "out")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    validate(order, Settings.model_validate({"api": {"base_url": "sandbox:"}}), events.append)
    (ended,) = [event for event in events if isinstance(event, RunFinished)]
    assert 0 < ended.seconds < 60
