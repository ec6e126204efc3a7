"""What a plan found: rows, calls by phase, expected dispositions, and how long it takes at which limit. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, inf

from finhub_onboard.journey.levels import Source
from finhub_onboard.model import Disposition, Phase


@dataclass(slots=True, kw_only=True)
class Deadline:
    """When the calls must be over, ``seconds`` after the plan was made; how many ``customers`` they finish by then.

    Rows are taken in the order of the input, as a run does; ``is_passed``: the next one is too late.
    """

    at: datetime
    seconds: float
    customers: int = 0
    is_passed: bool = False


@dataclass(slots=True, kw_only=True)
class Plan:
    """Counts of rows, calls and expected dispositions.

    ``ledger_states``: rows by their state in the ledger; ``ends``: rows by expected disposition and code. ``less`` and
    ``more``: by how many calls a phase may deviate from the bank's most likely decisions. ``sources``: new customers by
    the source of their risk level; ``waiting``: those that a person may approve meanwhile. ``latency_s``: the bank's
    recent latency, ``None`` if the ledger has none. ``document_bytes`` is the size of the ``documents`` to upload.
    ``day``: the rates of the 24 hours from now on, where they differ (``Limits.spans_from``). ``beside_s``: for how
    long a run on this machine reads inputs and writes reports while it calls nobody, by what the plan itself took.
    """

    rate: float
    in_flight: int
    day: Sequence[tuple[float, float]] = ()
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
    documents: int = 0
    document_bytes: int = 0
    deadline: Deadline | None = None
    beside_s: float = 0.0

    def carries(self, calls: Counter[Phase]) -> None:
        """Add a customer who needs these calls."""
        self.calls.update(calls)
        if (deadline := self.deadline) and not deadline.is_passed:
            deadline.is_passed = self.seconds > deadline.seconds
            deadline.customers += not deadline.is_passed

    @property
    def customers(self) -> int:
        """Customers who need calls."""
        return self.ledger_states["new"] + self.ledger_states["resumable"]

    @property
    def needed(self) -> dict[str, float]:
        """The settings, and the calls per second in each, that it takes to be over by the deadline; empty: no way."""
        if self.deadline is None or self.deadline.seconds <= 0:
            return {}
        seconds = self.deadline.seconds
        rate = self.calls.total() / seconds
        needed = {"limits.calls_per_second": rate}
        needed |= {
            f"limits.{phase}": self.calls[phase] / seconds
            for phase, limit in self.phase_rates.items()
            if self.calls[phase] / seconds > limit
        }
        if self.latency_s and rate * self.latency_s > self.in_flight:
            needed["limits.max_in_flight"] = float(ceil(rate * self.latency_s))
        return needed

    @property
    def parked(self) -> dict[str, int]:
        """Rows that will be parked, by code."""
        parked = (
            (code, rows)
            for (disposition, code), rows in self.ends.items()
            if disposition == Disposition.PARKED and rows
        )
        return dict(sorted(parked, key=lambda each: -each[1]))

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
        return all(self.reachable < rate for _, rate in self.day or [(0.0, self.rate)])

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
        by_rate = min(self.rate, self.reachable)
        return self.calls.total() / self.seconds if self.slow_phase or self.day else by_rate

    @property
    def seconds(self) -> float:
        """How long the calls take, without repeats."""
        slowest = self.slow_phase
        return self.calls[slowest] / self.phase_rates[slowest] if slowest else self._together_s

    @property
    def _together_s(self) -> float:
        left = self.calls.total()
        if not self.day:
            return left / min(self.rate, self.reachable)
        most = self.in_flight / self.latency_s if self.latency_s else inf
        spans = [(seconds, min(rate, most)) for seconds, rate in self.day]
        days, rest = divmod(left, sum(seconds * rate for seconds, rate in spans))
        took = days * sum(seconds for seconds, _ in spans)
        for seconds, rate in spans:
            if rest <= seconds * rate:
                return took + rest / rate
            took, rest = took + seconds, rest - seconds * rate
        return took
