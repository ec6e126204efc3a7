"""Rate and latency of a run over time: a projection of the ledger.

Promise: one interval is in memory at a time.
"""

from collections.abc import Iterator

from finhub_onboard.ledger.ports import Reader
from finhub_onboard.reports.files.totals import TimelinePoint

_BUCKETS = 240


def over_time(ledger: Reader, run: int, started_at: float, finished_at: float) -> Iterator[TimelinePoint]:
    """Yield rate and latency of run number ``run`` in at most ``_BUCKETS`` intervals."""
    width = max(1.0, (finished_at - started_at) / _BUCKETS)
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

    for at, seconds, rate_refused in ledger.timeline(run, since=started_at, bucket_s=width):
        if current is not None and at != current:
            yield point(current)
            latencies.clear()
            refused = 0
        current = at
        latencies.append(seconds)
        refused += rate_refused
    if current is not None:
        yield point(current)
