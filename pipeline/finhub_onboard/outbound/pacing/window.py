"""A sliding window over the calls of the last second: the exact bound of a rate.

A call is in it from the moment of its permit until a second after it reached the bank. What is not yet written has not
left: it stays. Knows no spacing and no queue.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from math import floor

from finhub_onboard.outbound.pacing.ports import Permit

_GUARD_S = 0.005
POLL_S = 0.1
"""How soon a wait looks again at what it waits for."""


class Window:
    """At most ``rate`` calls in any second; below one a second it holds one call and is longer instead.

    ``late_s`` tells by how much later than usual a call arrived that took so many seconds until now.
    """

    def __init__(self, rate: float, late_s: Callable[[float], float]) -> None:
        self._late_s = late_s
        self._most, self._seconds = _size(rate)
        self._calls: list[tuple[float, int, Permit]] = []  # a heap: when each call leaves the window at the earliest
        self._numbers = count()

    def change(self, rate: float, now: float) -> None:
        """Another rate from now on: a lower one counts the calls that left before, too."""
        before_s = self._seconds
        self._most, self._seconds = _size(rate)
        self._make_up(before_s, now)

    def fits(self, now: float) -> bool:
        """Whether no more calls are in it than its rate allows; more are for a while after a change."""
        self.full_s(now)
        return len(self._calls) <= self._most

    def take_back(self) -> None:
        """Forget the calls whose permit was not granted yet: they must ask again."""
        for _, _, permit in self._calls:
            permit.is_counted = permit.is_granted
        self._calls = [call for call in self._calls if call[2].is_granted or call[2].is_written]
        heapify(self._calls)

    def adopt(self, other: "Window", now: float) -> None:
        """Begin with the calls that are in another window now."""
        for _, _, permit in other._calls:  # noqa: SLF001 - one of its own kind
            self.add(permit)
        self._make_up(other._seconds, now)  # noqa: SLF001

    def _make_up(self, known_s: float, now: float) -> None:
        """What left before the last ``known_s`` seconds is forgotten: take it that it was one call, and just now."""
        if self._seconds > known_s:
            self.add(Permit(at=now, is_written=True, late_s=0.0))

    def add(self, permit: Permit) -> None:
        """A call has its permit."""
        heappush(self._calls, (permit.at + self._seconds, next(self._numbers), permit))

    def full_s(self, now: float) -> float:
        """How long until one more call fits; 0 if it does now."""
        calls = self._calls
        while calls and calls[0][0] <= now:
            _, number, permit = calls[0]
            if (until := self._until(permit, now)) > now:
                heapreplace(calls, (until, number, permit))
            else:
                heappop(calls)
        return calls[0][0] - now if len(calls) >= self._most else 0.0

    def _until(self, permit: Permit, now: float) -> float:
        if not permit.is_written:
            return now + POLL_S
        late_s = self._late_s(now - permit.at) if permit.late_s is None else permit.late_s
        return permit.at + self._seconds + late_s


def _size(rate: float) -> tuple[int, float]:
    """How many calls the window holds, and how many seconds."""
    most = max(1, floor(rate))
    return most, max(1.0, most / rate) + _GUARD_S
