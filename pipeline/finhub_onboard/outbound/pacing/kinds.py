"""Budgets of single kinds of calls, beside the rate of all: some calls cost the bank more than others.

Who waits for the budget of its kind holds no place and no turn that calls of other kinds could use: first the kind's
budget is reserved, then the call queues with all others. Knows no rate of all calls.
"""

import asyncio
from collections.abc import Callable, Mapping

from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.pacing.ports import Permit
from finhub_onboard.outbound.pacing.window import POLL_S, Window

_BURST_S = 0.02
_CATCH_UP_FACTOR = 1.1


class _Kind:
    """One kind: evenly spaced calls, within a window; ``turn`` lets them wait first come, first served."""

    def __init__(self, rate: float | None, late_s: Callable[[float], float]) -> None:
        self.turn = asyncio.Lock()
        self.rate = rate
        self._window = Window(rate or 1.0, late_s)
        self._due = 0.0

    def change(self, rate: float | None, all_calls: Window, now: float) -> None:
        """Another rate from now on; None: no limit. What left while there was none counts as one of ``all_calls``."""
        if rate is not None and rate != self.rate:
            self._window.take_back()
            self._window.change(rate, now)
            if self.rate is None:
                self._window.adopt(all_calls, now)
        self.rate = rate

    def fits(self, now: float) -> bool:
        """Whether it holds no more calls than its rate allows."""
        return self._window.fits(now)

    def wait_s(self, now: float) -> float:
        """How long until one more call may leave."""
        return max(self._window.full_s(now), self._due - _BURST_S - now) if self.rate is not None else 0.0

    def take(self, now: float) -> Permit:
        """Reserve what one more call needs."""
        permit = Permit(at=now)
        if self.rate is not None:
            permit.is_counted = True
            self._due = max(self._due, now) + 1 / self.rate / _CATCH_UP_FACTOR
            self._window.add(permit)
        return permit


class Kinds:
    """One for the whole run; ``rates`` are calls per second by kind. ``clock`` gives monotonic seconds."""

    def __init__(
        self, rates: Mapping[str, float], gate: Gate, *, late_s: Callable[[float], float], clock: Callable[[], float]
    ) -> None:
        self._late_s = late_s
        self._kinds = {kind: _Kind(rate, late_s) for kind, rate in rates.items()}
        self._gate = gate
        self._clock = clock

    def change(self, rates: Mapping[str, float], all_calls: Window) -> None:
        """Set other limits. The calls of a kind that had none were not counted: it waits for all of the last second."""
        now = self._clock()
        for kind in rates.keys() - self._kinds.keys():
            self._kinds[kind] = _Kind(None, self._late_s)
        for kind, limited in self._kinds.items():
            limited.change(rates.get(kind), all_calls, now)

    def fit(self) -> bool:
        """Whether no kind holds more calls than its limit allows."""
        now = self._clock()
        return all(limited.rate is None or limited.fits(now) for limited in self._kinds.values())

    def is_limited(self, kind: str) -> bool:
        """Whether calls of this kind have a budget of their own."""
        return kind in self._kinds and self._kinds[kind].rate is not None

    async def reserve(self, kind: str) -> Permit | None:
        """Wait until one more call of this kind may leave, and keep that for it; None: the run was halted."""
        limited = self._kinds.get(kind)
        if limited is None:
            return Permit(at=self._clock())
        async with limited.turn:
            while not self._gate.is_halted:
                now = self._clock()
                if (wait_s := limited.wait_s(now)) <= 0:
                    return limited.take(now)
                await self._gate.pause(min(wait_s, POLL_S))
        return None
