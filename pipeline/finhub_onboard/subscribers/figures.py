"""The figures of a run, from its events: one list of names for the textfile and for OpenTelemetry.

Promises: names stay; no personal data. Pure; does not know how they are written or sent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from finhub_onboard.events import Envelope, Progress, RunFinished, RunOpened

KINDS = (Progress, RunFinished, RunOpened)
Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric: its values, each with the labels that tell it from the others."""

    name: str
    kind: Literal["gauge", "counter"]
    text: str
    samples: tuple[Sample, ...]


class Figures:
    """The newest figures of one run."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._opened: Envelope | None = None
        self._progress: Progress | None = None
        self._finished: RunFinished | None = None

    def take(self, envelope: Envelope) -> None:
        """Take an event; others than ``KINDS`` change nothing."""
        event = envelope.event
        if isinstance(event, RunOpened):
            self._opened = envelope
        elif isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, RunFinished):
            self._finished = event

    def at(self, at: float) -> Iterator[Figure]:
        """Yield the figures as of a Unix time; none before the run is in the ledger."""
        opened, progress, finished = self._opened, self._progress, self._finished
        if opened is None:
            return
        yield _figure("run_info", "The newest run", [({"run_id": opened.run_id, "version": self._version}, 1)])
        yield _one("run_started_timestamp_seconds", "When it began", opened.at)
        yield _one("run_updated_timestamp_seconds", "When this was written", at)
        yield _one("run_running", "1 while it runs", 0 if finished else 1)
        if finished:
            yield _one("run_finished_timestamp_seconds", "When it ended", at)
            yield _one("run_exit_code", "How it ended", finished.exit_code)
        if isinstance(opened.event, RunOpened):
            yield _one("run_rows", "Rows of its inputs", opened.event.rows)
        counts = (finished or progress) and dict((finished or progress).dispositions)  # type: ignore[union-attr]
        rows = [({"disposition": str(name)}, float(count)) for name, count in (counts or {}).items()]
        yield _figure("run_disposition_rows", "Rows by what became of them", rows)
        if progress:
            yield from _of_progress(progress)


def _of_progress(progress: Progress) -> Iterator[Figure]:
    phases = [({"phase": str(name)}, float(count)) for name, count in progress.phases.items()]
    yield _figure("run_phase_customers", "Customers past each phase", phases)
    causes = [({"stage": cause.stage, "code": cause.code}, float(cause.rows)) for cause in progress.causes]
    yield _figure("run_cause_rows", "Rows that rest with a code, the commonest", causes)
    yield _one("run_calls_total", "Calls of the run", progress.calls, "counter")
    yield _one("run_refused_calls_total", "Calls refused for their rate", progress.refused, "counter")
    yield _one("run_calls_per_second", "Calls in the last second", progress.calls_per_second)
    yield _one("run_rate_limit", "Calls per second configured", progress.rate_limit)
    yield _one("run_rate_in_force", "Calls per second in force", progress.rate_asked)
    yield _one("run_calls_in_flight", "Calls under way", progress.in_flight)


def _one(name: str, text: str, value: float, kind: Literal["gauge", "counter"] = "gauge") -> Figure:
    return _figure(name, text, [({}, value)], kind)


def _figure(name: str, text: str, samples: Iterable[Sample], kind: Literal["gauge", "counter"] = "gauge") -> Figure:
    return Figure(name=f"onboard_{name}", kind=kind, text=text, samples=tuple(samples))
