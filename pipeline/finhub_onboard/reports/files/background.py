"""What the page tells beside the rows of its run: rate and latency, the runs before it, the settings in force.

Promises: pure values without personal data and secrets. Does not know the ledger.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, log

_STEP = log(1.01)
_SHORTEST_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePoint:
    """An interval of the run that ends ``at`` seconds after the start and begins where the previous one ends.

    ``calls`` and ``refused`` (429s) are counts within the interval; a latency is ``None`` if nothing was answered.
    """

    at: float
    calls: int
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    refused: int = 0


class Latencies:
    """Latencies of any number of calls in bounded memory; a quantile is exact within 1 %."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count a call."""
        self._counts[round(log(max(seconds, _SHORTEST_S)) / _STEP)] += 1

    @property
    def calls(self) -> int:
        """Calls counted."""
        return self._counts.total()

    def quantile_ms(self, share: float) -> float:
        """The latency in milliseconds that this share of the calls does not exceed; 0 without calls."""
        left = ceil(share * self.calls)
        for step, count in sorted(self._counts.items()):
            left -= count
            if left <= 0:
                return 1000 * exp(step * _STEP)
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run of the ledger; ``exit_code`` is ``None`` if it died or goes on, ``rows`` 0 if it wrote no reports."""

    run_id: str
    started_at: str
    seconds: float
    rows: int = 0
    onboarded: int = 0
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """All of it; ``runs``: those before this one, the newest first."""

    timeline: Sequence[TimelinePoint] = ()
    latencies: Mapping[str, Latencies] = field(default_factory=dict)
    runs: Sequence[PastRun] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
