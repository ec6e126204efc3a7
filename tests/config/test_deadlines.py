"""A deadline, as a time of day or an instant."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from finhub_onboard.config.deadlines import deadline_at
from finhub_onboard.config.loading import load
from finhub_onboard.errors import ConfigurationError


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine stand in Berlin, where clocks are set twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize(
    ("now", "deadline", "at"),
    [
        ("2026-05-04T07:30+02:00", "", None),
        ("2026-05-04T07:30+02:00", "06:00", "2026-05-05T06:00+02:00"),
        ("2026-05-04T07:30+02:00", "07:30", "2026-05-05T07:30+02:00"),
        ("2026-05-04T07:30+02:00", "07:31", "2026-05-04T07:31+02:00"),
        ("2026-05-04T07:30+02:00", "23:59", "2026-05-04T23:59+02:00"),
        ("2026-05-04T23:30Z", "01:00", "2026-05-05T23:00Z"),
        ("2026-12-31T22:00+01:00", "06:00", "2027-01-01T06:00+01:00"),
        ("2026-05-04T07:30+02:00", "2026-05-04T06:00:00Z", "2026-05-04T06:00Z"),
        ("2026-05-04T07:30+02:00", "2026-05-04T09:00+02:00", "2026-05-04T07:00Z"),
        ("2026-05-04T07:30+02:00", "2026-05-04T09:00", "2026-05-04T09:00+02:00"),
        # The clock is set forward in the night of 29 March 2026, back in that of 25 October.
        ("2026-03-28T22:00+01:00", "06:00", "2026-03-29T06:00+02:00"),
        ("2026-10-24T22:00+02:00", "06:00", "2026-10-25T06:00+01:00"),
        ("2026-03-29T01:00+01:00", "02:30", "2026-03-29T01:30+01:00"),
        ("2026-10-25T01:00+02:00", "02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:40+02:00", "02:30", "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:40+01:00", "02:30", "2026-10-26T02:30+01:00"),
    ],
)
def test_a_deadline_is_the_next_such_time_or_an_instant(now: str, deadline: str, at: str | None) -> None:
    """A time of day is the next one of the local clock, also in the nights when it is set."""
    assert deadline_at(deadline, datetime.fromisoformat(now)) == (datetime.fromisoformat(at) if at else None)


@pytest.mark.parametrize("deadline", ["tomorrow", "25:00", "6 am", "06:60", "2026-13-01T00:00", "-1"])
def test_a_deadline_that_nobody_understands_is_a_configuration_error(deadline: str) -> None:
    """Said when the settings are read, before anything is sent, with the key."""
    with pytest.raises(ConfigurationError, match=r"stop\.deadline"):
        load(None, flags={"stop.deadline": deadline}, environ={})
