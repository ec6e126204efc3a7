"""What a plan found: rows, calls by phase, expected dispositions, and how long it takes at which limit. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from finhub_onboard.journey.levels import Source
from finhub_onboard.model import Phase


@dataclass(slots=True, kw_only=True)
class Plan:
    """Counts of rows, calls and expected dispositions.

    ``ledger_states``: rows by their state in the ledger; ``ends``: rows by expected disposition and code. ``less`` and
    ``more``: by how many calls a phase may deviate from the bank's most likely decisions. ``sources``: new customers by
    the source of their risk level; ``waiting``: those that a person may approve meanwhile. ``latency_s``: the bank's
    recent latency, ``None`` if the ledger has none.
    """

    rate: float
    in_flight: int
    phase_rates: Mapping[Phase, float] = field(default_factory=dict)
    latency_s: float | None = None
    rows: int = 0
    ledger_states: Counter[str] = field(default_factory=Counter)
    calls: Counter[Phase] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    less: Counter[Phase] = field(default_factory=Counter)
    more: Counter[Phase] = field(default_factory=Counter)
    sources: Counter[Source] = field(default_factory=Counter)
    waiting: int = 0

    @property
    def reachable(self) -> float:
        """Calls per second that ``limits.max_in_flight`` allows at the bank's recent latency."""
        return self.in_flight / self.latency_s if self.latency_s else self.rate

    @property
    def bottleneck(self) -> str:
        """The setting that limits the throughput."""
        if self.slow_phase:
            return f"limits.{self.slow_phase}"
        return "limits.max_in_flight" if self.lacks_places else "limits.calls_per_second"

    @property
    def lacks_places(self) -> bool:
        """Whether ``limits.max_in_flight`` limits the throughput, and not the rate."""
        return self.reachable < self.rate

    @property
    def slow_phase(self) -> Phase | None:
        """The phase whose own limit makes its calls take longer than all calls do by the other limits."""
        took = {phase: self.calls[phase] / rate for phase, rate in self.phase_rates.items()}
        slowest = max(took, key=took.__getitem__, default=None)
        return slowest if slowest and took[slowest] > self._together_s else None

    @property
    def dispositions(self) -> Counter[str]:
        """Rows by disposition, as in the run's summary if nobody approves meanwhile."""
        counts: Counter[str] = Counter()
        for (disposition, _), rows_ in self.ends.items():
            counts[disposition] += rows_
        return counts

    @property
    def calls_range(self) -> tuple[int, int]:
        """The minimum and maximum number of calls."""
        total = self.calls.total()
        return total - self.less.total(), total + self.more.total()

    @property
    def reached(self) -> float:
        """Calls per second over all that time."""
        return self.calls.total() / self.seconds if self.slow_phase else min(self.rate, self.reachable)

    @property
    def seconds(self) -> float:
        """How long the calls take, without repeats."""
        slowest = self.slow_phase
        return self.calls[slowest] / self.phase_rates[slowest] if slowest else self._together_s

    @property
    def _together_s(self) -> float:
        return self.calls.total() / min(self.rate, self.reachable)
