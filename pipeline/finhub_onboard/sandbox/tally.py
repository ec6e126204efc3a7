"""What the bank counts about the calls it got: for its record, and for its rate limit.

Promises figures over every call of the contract, refused ones included, since this process started or was reset.
Does not know what a call meant.
"""

from array import array
from collections import Counter, deque
from typing import Any

NO_ANSWER = "none"
"""Stands for the status of a call that got no answer."""


class Tally:
    """Counts of calls, answers and faults, and the busiest second."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start again from nothing."""
        self.received: Counter[str] = Counter()
        self.answered: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[str] = Counter()
        self.max_in_1s = 0
        self.arrivals = array("d")
        self._window: deque[float] = deque()

    def arrive(self, operation_id: str, at: float) -> int:
        """Note a call at monotonic time ``at``; returns how many of its operation there have been."""
        window = self._window
        window.append(at)
        while at - window[0] >= 1.0:
            window.popleft()
        self.max_in_1s = max(self.max_in_1s, len(window))
        self.arrivals.append(at)
        self.received[operation_id] += 1
        return self.received[operation_id]

    def answer(self, operation_id: str, status: int | None) -> None:
        """Note what was answered; ``None`` is no answer at all."""
        self.answered[operation_id, NO_ANSWER if status is None else str(status)] += 1

    def calls(self) -> dict[str, Any]:
        """Show the counts by operation."""
        return {
            name: {
                "received": count,
                "by_status": {status: n for (of, status), n in sorted(self.answered.items()) if of == name},
            }
            for name, count in sorted(self.received.items())
        }


class Limiter:
    """The bank's rate limit: so many calls are taken in any one second."""

    __slots__ = ("_per_second", "_taken")

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._taken: deque[float] = deque()

    def admits(self, at: float) -> bool:
        """Whether a call at monotonic time ``at`` is taken; a refused one does not count."""
        if not self._per_second:
            return True
        taken = self._taken
        while taken and at - taken[0] >= 1.0:
            taken.popleft()
        if len(taken) >= self._per_second:
            return False
        taken.append(at)
        return True
