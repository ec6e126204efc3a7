"""``onboard status``: the state of runs and customers. Sends nothing and needs no secret."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finhub_onboard.config.settings import Settings
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.run_facts import read_facts
from finhub_onboard.model import Standing
from finhub_onboard.reports.projection import instant

_RUNS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a ledger shows: who holds its lock, customers by status, runs and interventions, the newest first."""

    ledger: str
    holder: str
    customers: Mapping[Standing, int]
    runs: list[RunRecord]

    def is_live(self, run: RunRecord) -> bool:
        """Whether a run is the one that holds the lock."""
        return bool(self.holder) and run == next(each for each in self.runs if each.command == "run")


def status(settings: Settings, *, say: Callable[[str], None] = lambda _: None) -> Status:
    """Read the status from the ledger; ``say`` is told what takes long."""
    # Reading needs no secret: only registering and reporting require the seed.
    with connect.look_into(settings.ledger.url, tenant_id=settings.api.tenant_id, seed="", say=say) as ledger:
        return Status(
            ledger=ledger.name,
            holder=ledger.locked_by(),
            customers=ledger.standings(),
            runs=ledger.runs(acts=True),
        )


def as_rows(status: Status) -> list[tuple[str, str]]:
    """Return the status for people: labels and facts."""
    customers = ", ".join(f"{count} {standing}" for standing, count in status.customers.items())
    return [
        ("ledger", status.ledger),
        ("lock", status.holder or "free"),
        ("customers", customers or "none"),
        *((run.command, f"{run.run_id}  {_ended(run, live=status.is_live(run))}") for run in status.runs[:_RUNS_SHOWN]),
    ]


def as_json(status: Status) -> str:
    """Return the status for programs."""
    return json.dumps(
        {
            "ledger": status.ledger,
            "locked_by": status.holder,
            "customers": {str(standing): count for standing, count in status.customers.items()},
            "runs": [_run_facts(run, live=status.is_live(run)) for run in status.runs if run.command == "run"],
            "acts": [_intervention_facts(act) for act in status.runs if act.command != "run"],
        },
        indent=2,
    )


def _ended(run: RunRecord, *, live: bool) -> str:
    if run.command != "run":
        count = run.customers
        return f"{count} customer{'' if count == 1 else 's'}, at {instant(run.started_at)}"
    rows = read_facts(run.facts).rows
    started = f"{rows} rows, started {instant(run.started_at)}"
    if run.finished_at is not None:
        because = f": {run.stopped_because}" if run.stopped_because else ""
        return f"{started}, ended {instant(run.finished_at)} with exit code {run.exit_code}{because}"
    if live:
        return f"{started}, running as process {run.pid} on {run.host}"
    return f"{started}, died (last sign of life {instant(run.heartbeat_at)}); the same command goes on"


def _intervention_facts(act: RunRecord) -> dict[str, object]:
    return {
        "run_id": act.run_id,
        "command": act.command,
        "at": instant(act.started_at),
        "customers": act.customers,
    }


def _run_facts(run: RunRecord, *, live: bool) -> dict[str, object]:
    facts = read_facts(run.facts)
    return {
        "run_id": run.run_id,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at or 0),
        "exit_code": run.exit_code,
        "stopped_because": run.stopped_because,
        "running": live and run.finished_at is None,
        "host": run.host,
        "pid": run.pid,
        "rows": facts.rows,
        "out": str(facts.out),
    }
