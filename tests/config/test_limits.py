"""The settings that say how fast the bank may be called."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.model import Phase


def loaded(folder: Path, text: str = "", **environ: str) -> Settings:
    """Load a configuration for the embedded sandbox with this text."""
    file = folder / "onboard.toml"
    file.write_text(f'[api]\nbase_url = "sandbox:"\n{text}', encoding="utf-8")
    return load(file, environ=environ)


def window(since: str, until: str, rate: float) -> str:
    """A window of the calendar, as it is written."""
    return f'[[limits.window]]\nfrom = "{since}"\nto = "{until}"\ncalls_per_second = {rate}\n'


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_may_have_a_limit(phase: Phase, tmp_path: Path) -> None:
    """By its name; the environment, which holds no tables, names the rate itself."""
    assert loaded(tmp_path).limits.by_phase == {}
    text = f"[limits]\ncalls_per_second = 9\n[limits.{phase}]\ncalls_per_second = 2.5\n"
    assert loaded(tmp_path, text).limits.by_phase == {phase: 2.5}
    variable = f"ONBOARD_LIMITS__{phase.upper()}"
    assert loaded(tmp_path, text, **{variable: "4"}).limits.by_phase == {phase: 4}
    assert loaded(tmp_path, text, **{variable: ""}).limits.by_phase == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[limits.registraton]\ncalls_per_second = 1", "limits.registration"),
        ("[limits.registration]\ncalls_per_scond = 1", "limits.registration.calls_per_second"),
        ("[limits.registration]\ncalls_per_second = 0", "limits.registration.calls_per_second"),
        ("[limits.registration]\ncalls_per_second = true", "limits.registration.calls_per_second"),
        ("[limits.registration]", "limits.registration.calls_per_second"),
        ("[limits]\nregistration = 1", "limits.registration: must be a table, [limits.registration]"),
        ("[limits]\nregistration = true", "limits.registration"),
        ('[limits]\ntimezone = "Mars/North"', "limits.timezone"),
        ("[limits]\nwindow = 5", "limits.window"),
        ('[limits.window]\nfrom = "01:00"', "limits.window: is written in double brackets, [[limits.window]]"),
        ('[[limits.window]]\nfrm = "01:00"', "limits.window.0.from"),
        (window("22:00", "24:00", 5), 'limits.window.0.to: must be a time of day in quotes, from "00:00" to "23:59"'),
        ("[[limits.window]]\nfrom = 22:00:00", "limits.window.0.from: must be a time of day in quotes"),
        (window("22:00:00", "23:00", 5), "limits.window.0.from"),
        (window("22:00", "23:00", 0), "limits.window.0.calls_per_second"),
        (window("22:00", "22:00", 5), "from 22:00 to 22:00 is no span"),
        (window("22:00", "06:00", 5) + window("05:59", "07:00", 5), "22:00 to 06:00 and 05:59 to 07:00"),
        (window("12:00", "13:00", 5) + window("11:00", "14:00", 5), "12:00 to 13:00 and 11:00 to 14:00"),
        (window("23:00", "01:00", 5) + window("22:00", "00:30", 5), "23:00 to 01:00 and 22:00 to 00:30"),
    ],
)
def test_what_is_no_limit_is_refused_by_name(text: str, named: str, tmp_path: Path) -> None:
    """The message says where, or the nearest known name."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    assert named in str(caught.value)


CALENDAR = window("22:00", "06:00", 50) + window("12:00", "13:00", 2) + window("06:00", "07:00", 9)


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's clock is Berlin's."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize("timezone", ["", '[limits]\ntimezone = "Europe/Berlin"\n'])
@pytest.mark.parametrize(
    ("moment", "rate"),
    [
        ("2026-01-15T20:59:59+00:00", 5),
        ("2026-01-15T21:00:00+00:00", 50),
        ("2026-01-15T23:30:00+00:00", 50),
        ("2026-01-16T04:59:59+00:00", 50),
        ("2026-01-16T05:00:00+00:00", 9),
        ("2026-01-16T06:00:00+00:00", 5),
        ("2026-07-15T11:59:59+02:00", 5),
        ("2026-07-15T12:00:00+02:00", 2),
        ("2026-07-15T11:00:00+00:00", 5),
    ],
)
def test_a_window_changes_the_rate_by_the_time_of_day(moment: str, rate: float, timezone: str, tmp_path: Path) -> None:
    """Of this machine or of the zone that is named; over midnight, too; the end belongs to what follows."""
    limits = loaded(tmp_path, timezone + CALENDAR).limits
    assert limits.rate_at(datetime.fromisoformat(moment)) == rate
    assert limits.highest_rate == 50


def test_another_zone_than_the_machines_counts_if_it_is_named(tmp_path: Path) -> None:
    """The bank may be elsewhere."""
    limits = loaded(tmp_path, '[limits]\ntimezone = "Asia/Tokyo"\n' + CALENDAR).limits
    assert limits.rate_at(datetime(2026, 1, 15, 13, 0, tzinfo=UTC)) == 50
    assert limits.rate_at(datetime(2026, 1, 15, 12, 59, tzinfo=UTC)) == 5


def test_when_clocks_are_set_a_window_follows_the_clock(tmp_path: Path) -> None:
    """An hour that comes twice is in it twice, one that does not come is not; nothing else moves."""
    limits = loaded(tmp_path, '[limits]\ntimezone = "Europe/Berlin"\n' + window("02:00", "03:00", 1)).limits
    for day, minutes in ((datetime(2026, 10, 24, 22, tzinfo=UTC), 120), (datetime(2026, 3, 28, 23, tzinfo=UTC), 0)):
        moments = [day + timedelta(minutes=minute) for minute in range(24 * 60)]
        assert sum(limits.rate_at(moment) == 1 for moment in moments) == minutes


def test_the_environment_may_take_the_windows_away(tmp_path: Path) -> None:
    """It holds no tables, but an empty value is none."""
    assert loaded(tmp_path, CALENDAR, ONBOARD_LIMITS__WINDOW="").limits.window == ()


def test_the_day_ahead_as_spans_of_one_rate_each(tmp_path: Path) -> None:
    """They begin now and add up to a day; without windows it is one."""
    settings = loaded(
        tmp_path, '[limits]\ntimezone = "UTC"\n' + window("22:00", "06:00", 50) + window("12:00", "13:00", 2)
    )
    evening = datetime(2026, 1, 15, 21, 59, 30, tzinfo=UTC)
    assert settings.limits.spans_from(evening) == (
        (30.0, 5.0),
        (8 * 3600.0, 50.0),
        (6 * 3600.0, 5.0),
        (3600.0, 2.0),
        (9 * 3600.0 - 30.0, 5.0),
    )
    assert settings.limits.spans_from(datetime(2026, 1, 15, 22, tzinfo=UTC))[0] == (8 * 3600.0, 50.0)
    assert loaded(tmp_path, "").limits.spans_from(evening) == ((86400.0, 5.0),)
