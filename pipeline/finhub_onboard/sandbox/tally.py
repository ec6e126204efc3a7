"""What the bank counts about the calls it got: for its record, and for its rate limit.

Promises figures over every call of the contract, refused ones included, since this process started or was reset.
Does not know what a call meant.
"""

from array import array
from collections import Counter, defaultdict, deque
from itertools import chain
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
        self.arrivals: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._window: deque[float] = deque()

    def arrive(self, operation_id: str, at: float) -> int:
        """Note a call at monotonic time ``at``; returns how many of its operation there have been."""
        window = self._window
        window.append(at)
        while at - window[0] >= 1.0:
            window.popleft()
        self.max_in_1s = max(self.max_in_1s, len(window))
        self.arrivals[operation_id].append(at)
        self.received[operation_id] += 1
        return self.received[operation_id]

    def answer(self, operation_id: str, status: int | None) -> None:
        """Note what was answered; ``None`` is no answer at all."""
        self.answered[operation_id, NO_ANSWER if status is None else str(status)] += 1

    def arrivals_told(self) -> dict[str, Any]:
        """Show when calls came: all, and those of each operation."""
        of = {name: times.tolist() for name, times in self.arrivals.items()}
        return {"arrivals": sorted(chain.from_iterable(of.values())), "arrivals_of": of}

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
    """The bank's rate limit: so many calls are taken in any span of so many seconds, for each of its ``windows``."""

    __slots__ = ("_windows",)

    def __init__(self, *windows: tuple[int, float]) -> None:
        self._windows = [(calls, span_s, deque[float]()) for calls, span_s in windows if calls]

    def wait_s(self, at: float) -> float:
        """Seconds until a call at monotonic time ``at`` would be taken: 0 takes it; a refused one does not count."""
        wait = 0.0
        for calls, span_s, taken in self._windows:
            while taken and at - taken[0] >= span_s:
                taken.popleft()
            if len(taken) >= calls:
                wait = max(wait, span_s - (at - taken[0]))
        if not wait:
            for _, _, taken in self._windows:
                taken.append(at)
        return wait
