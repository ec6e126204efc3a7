"""The limits of a run by the time of day and by a configuration that is read again."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.limits_in_force import LimitsInForce, Reloads, rate_in_force
from finhub_onboard.engine.tasks import beside
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Event, Notice
from tests.outbound.support import run_virtually, settings

if TYPE_CHECKING:
    from finhub_onboard.outbound.pacing.ports import RateBudget

NIGHT = {"from": "22:00", "to": "06:00", "calls_per_second": 50}
NOON = {"from": "12:00", "to": "13:00", "calls_per_second": 2}
WAIT_S = 30.0
LIMITS: dict[str, Any] = {"calls_per_second": 5, "timezone": "Europe/Berlin", "window": [NIGHT, NOON]}


@pytest.mark.parametrize(
    ("clock", "rate"),
    [
        ("22:00:05", 5),
        ("22:00:11", 50),
        ("05:59:49", 50),
        ("05:59:51", 5),
        ("11:59:49", 5),
        ("11:59:51", 2),
        ("13:00:09", 2),
        ("13:00:11", 5),
    ],
)
def test_a_lower_rate_begins_early_and_a_higher_one_late(clock: str, rate: float) -> None:
    """The bank's clock may differ, and the second before a change is part of what it counts then."""
    moment = datetime.fromisoformat(f"2026-01-15T{clock}+01:00")
    assert rate_in_force(settings(limits=LIMITS).limits, moment) == rate


@dataclass(kw_only=True)
class Followed:
    """Limits that are followed from an instant on: what the budget was changed to and when, and what was said."""

    limits: Mapping[str, Any]
    began: datetime = datetime(2026, 1, 15, 10, 58, tzinfo=UTC)  # 11:58 in Berlin
    reloads: Reloads | None = None
    changes: list[tuple[float, float, dict[str, float]]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    highest_rate: float = 0

    def say(self, event: Event) -> None:
        """Note an event."""
        assert isinstance(event, Notice)
        self.said.append(event.message)

    async def until(self, is_over: Callable[[float], bool]) -> "Followed":
        """Follow until that holds, by the seconds that have passed."""
        loop = asyncio.get_running_loop()
        start, given = loop.time(), settings(limits=dict(self.limits))

        def change(rate: float, by_kind: Mapping[str, float]) -> None:
            if not self.changes or self.changes[-1][1:] != (rate, dict(by_kind)):
                self.changes.append((loop.time() - start, rate, dict(by_kind)))

        budget = SimpleNamespace(asked=rate_in_force(given.limits, self.began), change=change, is_settled=True)
        in_force = LimitsInForce(
            settings=given,
            budget=cast("RateBudget", budget),
            emit=self.say,
            reloads=self.reloads,
            now=lambda: self.began + timedelta(seconds=loop.time() - start),
        )
        async with beside(in_force.follow()):
            while not is_over(loop.time() - start):  # noqa: ASYNC110 - anything may happen
                await asyncio.sleep(0.01)
        self.highest_rate = in_force.highest_rate
        return self


def read_again(read: Callable[[], Settings], *, limits: Mapping[str, Any], says: int) -> Followed:
    """Ask for another configuration, until so much was said; a thread reads it, in real time."""
    reloads = Reloads(read)
    reloads.request()
    followed = Followed(limits=limits, reloads=reloads)
    return asyncio.run(followed.until(lambda seconds: len(followed.said) >= says or seconds > WAIT_S))


def test_the_budget_follows_the_time_of_day() -> None:
    """Each change is said once; nothing is said of the rate that the run began with."""
    followed = Followed(limits=LIMITS | {"registration": {"calls_per_second": 1}})
    run_virtually(followed.until(lambda seconds: seconds > 180))
    registration = {"registration": 1.0}
    assert [change[1:] for change in followed.changes] == [(5, registration), (2, registration)]
    assert followed.changes[1][0] == pytest.approx(110, abs=1.1)
    assert followed.said == ["from now on 2 calls per second, registration 1 (limits)"]


def test_a_configuration_that_is_read_again_changes_the_limits_and_nothing_else() -> None:
    """It is said what changed, and that other settings wait for the next run."""
    read = settings(
        limits={"calls_per_second": 7, "registration": {"calls_per_second": 1}, "max_in_flight": 9},
        retry={"max_attempts": 9},
    )
    followed = read_again(lambda: read, limits={"calls_per_second": 5}, says=2)
    assert followed.changes[-1][1:] == (7, {"registration": 1.0})
    what = "limits.calls_per_second, limits.registration changed; other settings hold from the next run on"
    assert followed.said == [
        f"the configuration was read again: {what}",
        "from now on 7 calls per second, registration 1 (limits)",
    ]


@pytest.mark.parametrize("name", ["max_in_flight", "max_document_bytes_in_flight"])
def test_what_is_in_flight_at_most_changes_with_the_next_run(name: str) -> None:
    """It is said, so that nobody waits for an effect."""
    followed = read_again(lambda: settings(limits={name: 9}), limits={}, says=1)
    what = "no limit changed; other settings hold from the next run on"
    assert followed.said == [f"the configuration was read again: {what}"]


@pytest.mark.parametrize(("rate", "highest"), [(7, 7), (3, 5)])
def test_the_highest_rate_of_a_run_is_remembered(rate: float, highest: float) -> None:
    """The reports compare what a run reached with it, whatever it was at the beginning or is at the end."""
    read = settings(limits={"calls_per_second": rate})
    assert read_again(lambda: read, limits={"calls_per_second": 5}, says=1).highest_rate == highest


def test_a_configuration_with_the_same_limits_changes_nothing() -> None:
    """It is said, so that nobody waits for an effect."""
    followed = read_again(settings, limits={}, says=1)
    assert [rate for _, rate, _ in followed.changes] in ([], [5])
    assert followed.said == ["the configuration was read again: no limit changed"]


@pytest.mark.parametrize(
    "text", ["[limits]\ncalls_per_second = 0\n", "[limits", '[limits]\ntimezone = "Mars/North"\n', None]
)
def test_a_configuration_that_cannot_be_used_changes_nothing(text: str | None, tmp_path: Path) -> None:
    """It is named, and the run goes on as before; so where the file is gone."""
    file = tmp_path / "onboard.toml"
    if text is not None:
        file.write_text(f'[api]\nbase_url = "sandbox:"\n{text}', encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(file, environ={})
    followed = read_again(lambda: load(file, environ={}), limits={"calls_per_second": 8}, says=1)
    assert [rate for _, rate, _ in followed.changes] in ([], [8])
    assert followed.said == [f"the configuration was not taken over, the limits stay: {refused.value}"]


def test_requests_reach_who_follows_and_nobody_afterwards() -> None:
    """One that came before is kept; one after the run has no effect."""
    reached: list[int] = []
    reloads = Reloads(settings)
    reloads.request()
    with reloads.leading_to(lambda: reached.append(1)):
        assert reached == [1]
        reloads.request()
    reloads.request()
    assert reached == [1, 1]
