"""The limits of a run while it goes on: by the time of day, and by the configuration as it was read last.

The bank's clock and ours may differ: a lower rate begins ``_EARLY_S`` before its time and a higher one as much after.
So no window of a second at the bank that reaches into the time of a lower rate holds more than that. Another
configuration is asked for from outside (``Reloads``); one that cannot be used changes nothing. Knows no signal.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from finhub_onboard.config.limits import Limits
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import OnboardError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.outbound.pacing.ports import RateBudget

_EARLY_S = 10.0
_LOOK_S = 1.0


def rate_in_force(limits: Limits, now: datetime) -> float:
    """The rate of all calls now: the lowest of those that hold a little earlier, now and a little later."""
    return min(limits.rate_at(now + timedelta(seconds=seconds)) for seconds in (-_EARLY_S, 0.0, _EARLY_S))


class Reloads:
    """Requests to read the configuration again, from any thread or signal handler. ``read`` reads it as at first."""

    def __init__(self, read: Callable[[], Settings]) -> None:
        self.read = read
        self._is_requested = False
        self._react: Callable[[], object] = lambda: None

    def request(self) -> None:
        """Ask for it; before a run has limits in force, it is kept."""
        self._is_requested = True
        self._react()

    @contextmanager
    def leading_to(self, react: Callable[[], object]) -> Iterator[None]:
        """Context manager: call a function for each request, and for an earlier one."""
        self._react = react
        if self._is_requested:
            react()
        try:
            yield
        finally:
            self._react = lambda: None


@dataclass(slots=True, kw_only=True)
class LimitsInForce:
    """Keeps the budget of one run to its limits. ``now`` gives the instant (aware).

    ``highest_rate`` of all calls is the highest that was configured at any time of the run.
    """

    settings: Settings
    budget: RateBudget
    emit: Handler
    reloads: Reloads | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    highest_rate: float = field(init=False)
    _told: str = field(init=False)

    def __post_init__(self) -> None:
        self.highest_rate = self.settings.limits.highest_rate
        self._told = _in_words(self.budget.asked, self.settings.limits)

    async def follow(self) -> None:
        """Change the limits as the time and the requests come; never returns."""
        asked, loop = asyncio.Event(), asyncio.get_running_loop()
        reloads = self.reloads or Reloads(lambda: self.settings)
        with reloads.leading_to(lambda: loop.call_soon_threadsafe(asked.set)):
            while True:
                if asked.is_set():
                    asked.clear()
                    await self._read_again(reloads)
                self._apply()
                with suppress(TimeoutError):
                    await asyncio.wait_for(asked.wait(), _LOOK_S)

    def _apply(self) -> None:
        limits = self.settings.limits
        rate = rate_in_force(limits, self.now())
        self.budget.change(rate, {str(phase): limit for phase, limit in limits.by_phase.items()})
        words = _in_words(rate, limits)
        if words != self._told and self.budget.is_settled:
            self._told = words
            self.emit(Notice(message=f"from now on {words} (limits)"))

    async def _read_again(self, reloads: Reloads) -> None:
        try:
            read = await asyncio.to_thread(reloads.read)
        except OnboardError as error:
            self.emit(Notice(message=f"the configuration was not taken over, the limits stay: {error}"))
            return
        before, self.settings = self.settings, self.settings.model_copy(update={"limits": read.limits})
        self.highest_rate = max(self.highest_rate, read.limits.highest_rate)
        self.emit(Notice(message=f"the configuration was read again: {_changes(before, self.settings, read)}"))


_FIXED = frozenset({"max_in_flight", "max_document_bytes_in_flight"})
"""The limits that hold for a whole run."""


def _in_words(rate: float, limits: Limits) -> str:
    return ", ".join([f"{rate:g} calls per second", *(f"{phase} {each:g}" for phase, each in limits.by_phase.items())])


def _changes(before: Settings, after: Settings, read: Settings) -> str:
    """What changed with another configuration, for a person."""
    names = type(before.limits).model_fields.keys() - _FIXED
    changed = sorted(f"limits.{name}" for name in names if getattr(before.limits, name) != getattr(after.limits, name))
    later = read != after or any(getattr(before.limits, name) != getattr(after.limits, name) for name in _FIXED)
    what = f"{', '.join(changed)} changed" if changed else "no limit changed"
    return f"{what}; other settings hold from the next run on" if later else what
