"""How one run stands, read from its entry in the ledger: its state, its progress, what its reports count. Pure.

Promise: counts of rows are those of the run's own display while it lives, and those of its reports once they are
written, by the same dispositions. Knows no ledger and no page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from finhub_onboard.events import Progress
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.run_facts import RunFacts, RunProgress, read_facts, read_progress
from finhub_onboard.model import Disposition
from finhub_onboard.reports.projection import instant
from finhub_onboard.texts import clock_time, duration, rate

_CAUSES_SHOWN = 3


class RunState(StrEnum):
    """Whether a run carries customers, writes its reports, has ended, or died before it could end."""

    RUNNING = "running"
    REPORTING = "writing its reports"
    ENDED = "ended"
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """A run: its entry in the ledger, what was fixed at its start, how far it is, and in which state."""

    record: RunRecord
    facts: RunFacts
    progress: RunProgress
    state: RunState

    @property
    def is_live(self) -> bool:
        """Whether it is still at work."""
        return self.state in (RunState.RUNNING, RunState.REPORTING)

    @property
    def latest(self) -> Progress | None:
        """How far it is, as noted with its heartbeat; none before its first customer, and of older versions."""
        return self.progress.latest

    @property
    def rows(self) -> int:
        """The rows of its inputs."""
        return self.facts.rows

    @property
    def dispositions(self) -> Mapping[Disposition, int]:
        """Rows by disposition: as its reports count them, or so far."""
        return self.progress.reported or (self.latest.dispositions if self.latest else {})

    @property
    def is_final(self) -> bool:
        """Whether the rows are counted as in its reports."""
        return bool(self.progress.reported)

    @property
    def ends_at(self) -> float | None:
        """When it will probably have carried all customers, in seconds since the epoch."""
        if self.state is not RunState.RUNNING or self.latest is None or self.latest.eta_s is None:
            return None
        return self.record.heartbeat_at + self.latest.eta_s


def status_of(record: RunRecord, *, holds_lock: bool) -> RunStatus:
    """Read how a run stands; ``holds_lock``: the ledger's lock is its."""
    progress = read_progress(record.facts)
    if record.finished_at is not None:
        state = RunState.ENDED
    elif not holds_lock:
        state = RunState.DIED
    else:
        state = RunState.RUNNING if progress.started is None else RunState.REPORTING
    return RunStatus(record=record, facts=read_facts(record.facts), progress=progress, state=state)


def lines(run: RunStatus) -> Iterator[str]:
    """Say how a run stands, for people: first the run, then its rows, its pace and its commonest causes."""
    yield f"{run.record.run_id}  {_state(run)}"
    if counted := in_words(run.dispositions):
        done = sum(run.dispositions.values())
        yield f"{done:,} of {run.rows:,} rows: {counted}" if run.is_live else f"{done:,} rows: {counted}"
    if run.state is RunState.RUNNING and run.latest:
        yield pace(run)
        if causes := ", ".join(f"{each.rows:,} {each.stage} {each.code}" for each in run.latest.causes[:_CAUSES_SHOWN]):
            yield f"held up most often: {causes}"


def in_words(counts: Mapping[Disposition, int]) -> str:
    """Rows by disposition in words; empty if there are none."""
    return ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in Disposition if counts.get(name))


def pace(run: RunStatus) -> str:
    """Say how fast a running run is, and when it will be over."""
    latest = run.latest
    assert latest is not None
    limit = latest.rate_limit or latest.rate_asked
    said = f"{rate(latest.calls_per_second)} of {rate(limit)} calls/s"
    if latest.rate_asked < limit:
        said += f" (slowed to {rate(latest.rate_asked)})"
    said += f", {latest.in_flight:,} of {latest.places:,} in flight"
    if latest.refused:
        said += f", {latest.refused:,} refused for their rate"
    return f"{said}; {time_left(run)}"


def time_left(run: RunStatus) -> str:
    """Say how long a running run will take, and until when."""
    if run.ends_at is None or run.latest is None or run.latest.eta_s is None:
        return "no telling yet how long it takes"
    now, end = (datetime.fromtimestamp(at).astimezone() for at in (run.record.heartbeat_at, run.ends_at))
    return f"about {duration(run.latest.eta_s)} left, ends at {clock_time(end, now)}"


def _state(run: RunStatus) -> str:
    record = run.record
    started = f"{run.rows:,} rows, started {instant(record.started_at)}"
    match run.state:
        case RunState.ENDED:
            because = f": {record.stopped_because}" if record.stopped_because else ""
            return f"{started}, ended {instant(record.finished_at or 0)} with exit code {record.exit_code}{because}"
        case RunState.DIED:
            return f"{started}, died (last sign of life {instant(record.heartbeat_at)}); the same command goes on"
        case _:
            return f"{started}, {run.state} as process {record.pid} on {record.host}"


def as_json(run: RunStatus) -> dict[str, object]:
    """How a run stands, for programs; ``progress`` only while it is at work."""
    record, latest = run.record, run.latest
    said: dict[str, object] = {
        "run_id": record.run_id,
        "started_at": instant(record.started_at),
        "finished_at": instant(record.finished_at or 0),
        "exit_code": record.exit_code,
        "stopped_because": record.stopped_because,
        "running": run.is_live,
        "state": str(run.state),
        "host": record.host,
        "pid": record.pid,
        "rows": run.rows,
        "dispositions": {str(name): run.dispositions.get(name, 0) for name in Disposition},
        "as_reported": run.is_final,
        "out": str(run.facts.out),
    }
    if run.is_live and latest:
        said["progress"] = {
            "at": instant(record.heartbeat_at),
            "rows_done": latest.rows_done,
            "phases": {str(phase): count for phase, count in latest.phases.items()},
            "calls": latest.calls,
            "calls_per_second": latest.calls_per_second,
            "rate_asked": latest.rate_asked,
            "rate_limit": latest.rate_limit,
            "refused_for_rate": latest.refused,
            "in_flight": latest.in_flight,
            "max_in_flight": latest.places,
            "causes": msgspec.to_builtins(latest.causes),
            "seconds_left": run.ends_at and latest.eta_s,
            "ends_at": instant(run.ends_at or 0),
        }
    return said
