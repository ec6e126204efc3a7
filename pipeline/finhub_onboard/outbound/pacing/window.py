"""A sliding window over the calls of the last second: the exact bound of a rate.

A call is in it from the moment of its permit until a second after it reached the bank. What is not yet written has not
left: it stays. A permit may be given a little early, and is written once few enough are left of those with an earlier
one: whoever is given one later counts this one, written or not. Knows no spacing and no queue.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush, heapreplace, nsmallest
from itertools import count
from math import floor

from finhub_onboard.outbound.pacing.ports import Permit

_GUARD_S = 0.006
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
        self._last = -1

    def change(self, rate: float, now: float) -> None:
        """Another rate from now on: a lower one counts the calls that left before, too."""
        before_s = self._seconds
        self._most, self._seconds = _size(rate)
        self._make_up(before_s, now)

    def fits(self, now: float, *, early: bool = False) -> bool:
        """Whether no more calls are in it than its rate allows; more are for a while after a change.

        Where permits are given ``early``, what is not written yet waits until it fits.
        """
        self._drop(now)
        return sum(permit.is_written or not early for _, _, permit in self._calls) <= self._most

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

    def add(self, permit: Permit) -> int:
        """A call has its permit; returns the number that it has among all."""
        self._last = next(self._numbers)
        heappush(self._calls, (permit.at + self._seconds, self._last, permit))
        return self._last

    def full_s(self, now: float, lead_s: float = 0.0) -> float:
        """How long until one more call may have a permit, which is ``lead_s`` before it fits; 0 if it may now.

        Not before those have left that must leave first: who has not left may stay for long.
        """
        if not (leaving := self._leaving(self._drop(now))):
            return 0.0
        known = all(permit.is_written for _, _, permit in leaving)
        return max(0.0, leaving[-1][0] - now - (lead_s if known else 0.0))

    def due_s(self, permit: Permit, now: float) -> float:
        """How long until the call of a permit may be written; 0 if it may now."""
        among = self._drop(now)
        if now < permit.at + self._seconds:
            later = self._last - permit.number
        else:  # so long after its permit some with later ones may have left again
            later = sum(number > permit.number for _, number, _ in self._calls)
        leaving = self._leaving(among - later - 1)
        return leaving[-1][0] - now if leaving else 0.0

    def _leaving(self, among: int) -> list[tuple[float, int, Permit]]:
        """The calls that must leave before one more fits beside so many, in the order in which they do."""
        beyond = among - self._most + 1
        if beyond <= 0:
            return []
        return self._calls[:1] if beyond == 1 else nsmallest(beyond, self._calls)

    def _drop(self, now: float) -> int:
        """Leave out the calls of which a second has passed; returns how many are left."""
        calls = self._calls
        while calls and calls[0][0] <= now:
            _, number, permit = calls[0]
            if (until := self._until(permit, now)) > now:
                heapreplace(calls, (until, number, permit))
            else:
                heappop(calls)
        return len(calls)

    def _until(self, permit: Permit, now: float) -> float:
        if not permit.is_written:
            return now + POLL_S
        late_s = self._late_s(now - permit.at) if permit.late_s is None else permit.late_s
        return permit.at + self._seconds + late_s


def _size(rate: float) -> tuple[int, float]:
    """How many calls the window holds, and how many seconds."""
    most = max(1, floor(rate))
    return most, max(1.0, most / rate) + _GUARD_S
