"""What a run can see of its calls: how many left, how many were refused in a row, how long the bank is silent.

Knows no limit.
"""

from collections import deque
from collections.abc import Callable


class Counters:
    """One for the whole run. ``clock`` gives monotonic seconds, and so are the times that are handed in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_second: deque[float] = deque()
        self._first_at = self._last_at = 0.0
        self._under_way = 0
        self._heard_at = 0.0
        self.total = 0
        """Requests that left."""
        self.max_in_1s = 0
        """The most of them in any one second."""
        self.refused_for_rate = 0
        """Requests that the bank refused for rate."""
        self.refusals = 0
        """Refusals for rate since the bank last accepted a call; those of one burst count once."""

    def began(self, now: float) -> None:
        """A request is under way."""
        if not self._under_way:
            self._heard_at = now
        self._under_way += 1

    def sent(self, now: float) -> None:
        """A request left."""
        self._first_at = self._first_at or now
        self._last_at = now
        self.total += 1
        recent = self._last_second
        recent.append(now)
        while recent[0] <= now - 1.0:
            recent.popleft()
        self.max_in_1s = max(self.max_in_1s, len(recent))

    def ended(self) -> None:
        """A request was answered, or given up."""
        self._under_way -= 1

    def accepted(self, now: float) -> None:
        """The bank answered, and did not refuse for rate."""
        self._heard_at = now
        self.refusals = 0

    def refused(self, now: float, *, is_new_burst: bool) -> None:
        """The bank refused for rate."""
        self._heard_at = now
        self.refused_for_rate += 1
        self.refusals += is_new_burst

    @property
    def in_last_second(self) -> int:
        """Requests that left in the last second."""
        now = self._clock()
        while self._last_second and self._last_second[0] <= now - 1.0:
            self._last_second.popleft()
        return len(self._last_second)

    @property
    def mean_rate(self) -> float:
        """Mean calls per second from the first request to the last."""
        span = self._last_at - self._first_at
        return (self.total - 1) / span if span >= 1 else float(self.total)

    @property
    def silent_s(self) -> float:
        """For how long the bank has answered nothing, while calls are under way."""
        return self._clock() - self._heard_at if self._under_way else 0.0
