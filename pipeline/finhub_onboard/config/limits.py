"""How fast the bank may be called: the settings ``[limits]`` (API.md, section 8)."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from finhub_onboard.config.section import Section
from finhub_onboard.config.time_zones import checked_zone
from finhub_onboard.model import Phase

_DAY_S = 86_400.0
Rate = Annotated[float, Field(gt=0, le=100_000)]
"""Calls per second."""


class PhaseLimit(Section):
    """How fast the bank may be called for one phase."""

    calls_per_second: Rate


def _from_variable(value: Any) -> Any:
    """The environment holds no tables: ``ONBOARD_LIMITS__REGISTRATION=2`` is the rate, empty is none."""
    return ({"calls_per_second": value} if value else None) if isinstance(value, str) else value


_PhaseLimit = Annotated[PhaseLimit | None, BeforeValidator(_from_variable)]


class RateWindow(Section):
    """Another rate of all calls from one time of day until another, which may be on the next day."""

    since: str = Field(alias="from")
    until: str = Field(alias="to")
    calls_per_second: Rate

    @field_validator("since", "until", mode="before")
    @classmethod
    def _time(cls, value: Any) -> Any:
        if not isinstance(value, str) or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII) is None:
            raise ValueError('must be a time of day in quotes, from "00:00" to "23:59"')
        return value

    def covers(self, clock: str) -> bool:
        """Whether a time of day, written as the window's are, is in it; the end is not."""
        if self.since < self.until:
            return self.since <= clock < self.until
        return clock >= self.since or clock < self.until


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60


class Limits(Section):
    """All calls together, those of a phase further, and by the time of day.

    Times of day are those of ``timezone``, else of this machine: when clocks are set, a time may come twice or never.
    """

    calls_per_second: Rate = 5
    window: tuple[RateWindow, ...] = ()
    timezone: str = ""
    max_in_flight: int = Field(default=4, ge=1, le=4096)
    max_document_bytes_in_flight: int = Field(default=64 * 1024**2, ge=1)
    categorization: _PhaseLimit = None
    registration: _PhaseLimit = None
    session: _PhaseLimit = None
    verification: _PhaseLimit = None
    documents: _PhaseLimit = None
    approval: _PhaseLimit = None
    consents: _PhaseLimit = None
    activation: _PhaseLimit = None

    @field_validator("window", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if isinstance(value, dict):
            raise ValueError("is written in double brackets, [[limits.window]]: there may be many")  # noqa: TRY004
        return value

    @field_validator("window")
    @classmethod
    def _apart(cls, windows: tuple[RateWindow, ...]) -> tuple[RateWindow, ...]:
        for number, window in enumerate(windows):
            if window.since == window.until:
                raise ValueError(f"from {window.since} to {window.until} is no span: calls_per_second is for all day")
            for other in windows[:number]:
                if window.covers(other.since) or other.covers(window.since):
                    both = f"{other.since} to {other.until} and {window.since} to {window.until}"
                    raise ValueError(f"the times of two windows overlap: {both}")
        return windows

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return checked_zone(value)

    def rate_at(self, moment: datetime) -> float:
        """The rate of all calls at an instant (aware)."""
        clock = moment.astimezone(ZoneInfo(self.timezone) if self.timezone else None).strftime("%H:%M")
        return next((window.calls_per_second for window in self.window if window.covers(clock)), self.calls_per_second)

    def spans_from(self, start: datetime) -> tuple[tuple[float, float], ...]:
        """The day that begins at ``start`` (aware), as spans: seconds, and calls per second of all calls.

        A clock that is set on that day is not looked at.
        """
        local = start.astimezone(ZoneInfo(self.timezone) if self.timezone else None)
        clock_s = (local.hour * 60 + local.minute) * 60 + local.second + local.microsecond / 1e6
        times = {edge for window in self.window for edge in (window.since, window.until)}
        edges = sorted({0.0, *((_seconds(edge) - clock_s) % _DAY_S for edge in times)})
        return tuple(
            (end - begin, self.rate_at(start + timedelta(seconds=(begin + end) / 2)))
            for begin, end in pairwise((*edges, _DAY_S))
        )

    @property
    def highest_rate(self) -> float:
        """The highest rate of all calls at any time of day."""
        return max([self.calls_per_second, *(window.calls_per_second for window in self.window)])

    @property
    def by_phase(self) -> dict[Phase, float]:
        """The phases with a limit of their own, and that limit in calls per second."""
        limits: dict[Phase, PhaseLimit | None] = {phase: getattr(self, phase) for phase in Phase}
        return {phase: limit.calls_per_second for phase, limit in limits.items() if limit}
