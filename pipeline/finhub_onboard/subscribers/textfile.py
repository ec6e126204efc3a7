"""Metrics of a run as a file for Prometheus' textfile collector.

Promises: the file is there whole or as it was before, readable for the collector's user; names stay; no personal data.
A file that cannot be written is said once and costs the run nothing.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from finhub_onboard.events import Envelope, Handler, Notice, Progress, RunFinished, RunOpened

KINDS = (Progress, RunFinished, RunOpened)
_READABLE = 0o644
Sample = tuple[Mapping[str, str], float]


class Textfile:
    """A subscriber that writes the newest figures, ``interval_s`` apart."""

    def __init__(self, path: Path, interval_s: float, version: str, emit: Handler) -> None:
        self._path = path
        self._interval_s = interval_s
        self._version = version
        self._emit = emit
        self._written_at = 0.0
        self._failed = False
        self._opened: Envelope | None = None
        self._progress: Progress | None = None
        self._finished: RunFinished | None = None

    def __call__(self, envelope: Envelope) -> None:
        """Take an event."""
        event, is_due = envelope.event, True
        if isinstance(event, RunOpened):
            self._opened = envelope
        elif isinstance(event, Progress):
            self._progress = event
            is_due = envelope.at - self._written_at >= self._interval_s
        elif isinstance(event, RunFinished):
            self._finished = event
        if is_due and self._opened:
            self._written_at = envelope.at
            self._write("".join(self._lines(self._opened, envelope.at)))

    def _lines(self, opened: Envelope, at: float) -> Iterator[str]:
        progress, finished = self._progress, self._finished
        info = {"run_id": opened.run_id, "version": self._version}
        yield from _metric("run_info", "gauge", "The newest run", [(info, 1)])
        yield from _one("run_started_timestamp_seconds", "When it began", opened.at)
        yield from _one("run_updated_timestamp_seconds", "When this was written", at)
        yield from _one("run_running", "1 while it runs", 0 if finished else 1)
        if finished:
            yield from _one("run_finished_timestamp_seconds", "When it ended", at)
            yield from _one("run_exit_code", "How it ended", finished.exit_code)
        if isinstance(opened.event, RunOpened):
            yield from _one("run_rows", "Rows of its inputs", opened.event.rows)
        counts = (finished or progress) and dict((finished or progress).dispositions)  # type: ignore[union-attr]
        rows = [({"disposition": str(name)}, float(count)) for name, count in (counts or {}).items()]
        yield from _metric("run_disposition_rows", "gauge", "Rows by what became of them", rows)
        if progress:
            yield from _progress_lines(progress)

    def _write(self, text: str) -> None:
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.chmod(_READABLE)
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            if not self._failed:
                self._failed = True
                self._emit(Notice(message=f"metrics.textfile {self._path} cannot be written: {error.strerror}"))


def _progress_lines(progress: Progress) -> Iterator[str]:
    phases = [({"phase": str(name)}, float(count)) for name, count in progress.phases.items()]
    yield from _metric("run_phase_customers", "gauge", "Customers past each phase", phases)
    causes = [({"stage": cause.stage, "code": cause.code}, float(cause.rows)) for cause in progress.causes]
    yield from _metric("run_cause_rows", "gauge", "Rows that rest with a code, the commonest", causes)
    yield from _metric("run_calls_total", "counter", "Calls of the run", [({}, progress.calls)])
    yield from _metric("run_refused_calls_total", "counter", "Calls refused for their rate", [({}, progress.refused)])
    yield from _one("run_calls_per_second", "Calls in the last second", progress.calls_per_second)
    yield from _one("run_rate_limit", "Calls per second configured", progress.rate_limit)
    yield from _one("run_rate_in_force", "Calls per second in force", progress.rate_asked)
    yield from _one("run_calls_in_flight", "Calls under way", progress.in_flight)


def _one(name: str, text: str, value: float) -> Iterator[str]:
    return _metric(name, "gauge", text, [({}, value)])


def _metric(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP onboard_{name} {text}.\n# TYPE onboard_{name} {kind}\n"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        yield f"onboard_{name}{{{inner}}} {float(value)!r}\n" if inner else f"onboard_{name} {float(value)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
