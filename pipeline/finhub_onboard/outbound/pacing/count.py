"""What left: how many requests in all, in the last second, and at most in any one second. Knows no limit."""

from collections import deque
from collections.abc import Callable


class Count:
    """How many requests left, and the most of them in any one second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_second: deque[float] = deque()
        self._first = self._last = 0.0
        self.total = 0
        self.max_in_1s = 0

    def add(self, now: float) -> None:
        """Note a departure at ``now``."""
        self._first = self._first or now
        self._last = now
        self.total += 1
        recent = self._last_second
        recent.append(now)
        while recent[0] <= now - 1.0:
            recent.popleft()
        self.max_in_1s = max(self.max_in_1s, len(recent))

    @property
    def current(self) -> int:
        """Departures in the last second."""
        now = self._clock()
        while self._last_second and self._last_second[0] <= now - 1.0:
            self._last_second.popleft()
        return len(self._last_second)

    @property
    def reached(self) -> float:
        """Mean calls per second from the first departure to the last."""
        span = self._last - self._first
        return (self.total - 1) / span if span >= 1 else float(self.total)
