"""Rate and latency of a run over time and by phase: a projection of the ledger.

Promise: one interval is in memory at a time, and of the whole a bounded number of counts for each phase.
"""

from collections import defaultdict

from finhub_onboard.ledger.ports import Reader
from finhub_onboard.reports.files.background import Latencies, TimelinePoint

_BUCKETS = 240


def paces(
    ledger: Reader, run: int, started_at: float, finished_at: float
) -> tuple[list[TimelinePoint], dict[str, Latencies]]:
    """Return rate and latency of run number ``run`` in at most ``_BUCKETS`` intervals, and the latencies by phase."""
    width = max(1.0, (finished_at - started_at) / _BUCKETS)
    points: list[TimelinePoint] = []
    phases: dict[str, Latencies] = defaultdict(Latencies)
    latencies: list[float] = []
    refused = 0
    current: float | None = None

    def point(at: float) -> TimelinePoint:
        ordered = sorted(latencies)
        return TimelinePoint(
            at=at + width,
            calls=len(ordered),
            latency_p50_ms=1000 * ordered[len(ordered) // 2],
            latency_p95_ms=1000 * ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)],
            refused=refused,
        )

    for at, seconds, rate_refused, phase in ledger.timeline(run, since=started_at, bucket_s=width):
        if current is not None and at != current:
            points.append(point(current))
            latencies.clear()
            refused = 0
        current = at
        latencies.append(seconds)
        phases[phase].add(seconds)
        refused += rate_refused
    if current is not None:
        points.append(point(current))
    return points, dict(phases)
