"""``onboard status``: where runs and customers stand. Calls nobody and needs no secret."""

import json

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import embedded_sandbox
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.reports.projection import instant

_RUNS_SHOWN = 20


def status(settings: Settings, *, as_json: bool) -> str:
    """Where runs and customers stand, as text or JSON."""
    settings = embedded_sandbox.as_practice(settings)
    # Looking needs no secret: only who registers or reports must show the seed.
    with connect.look_into(settings.ledger.url, tenant_id=settings.api.tenant_id, seed="") as ledger:
        holder = ledger.locked_by()
        every = ledger.runs(acts=True)
        standings = ledger.standings()
    runs = [run for run in every if run.command == "run"]
    if as_json:
        return json.dumps(
            {
                "ledger": ledger.name,
                "locked_by": holder,
                "customers": {str(standing): count for standing, count in standings.items()},
                "runs": [_run_facts(run, live=bool(holder) and run is runs[0]) for run in runs],
                "acts": [_act_facts(act) for act in every if act.command != "run"],
            },
            indent=2,
        )
    lines = [f"ledger     {ledger.name}", f"lock       {holder or 'free'}"]
    lines.append("customers  " + (", ".join(f"{count} {standing}" for standing, count in standings.items()) or "none"))
    lines += [
        f"{run.command:<10} {run.run_id}  {_ended(run, live=bool(holder) and run is runs[0])}"
        for run in every[:_RUNS_SHOWN]
    ]
    return "\n".join(lines)


def _ended(run: RunRecord, *, live: bool) -> str:
    if run.command != "run":
        count = run.facts["customers"]
        return f"{count} customer{'' if count == 1 else 's'}, at {instant(run.started_at)}"
    rows = sum(source["rows"] for source in run.facts["inputs"])
    started = f"{rows} rows, started {instant(run.started_at)}"
    if run.finished_at is not None:
        because = f": {run.stopped_because}" if run.stopped_because else ""
        return f"{started}, ended {instant(run.finished_at)} with exit code {run.exit_code}{because}"
    if live:
        return f"{started}, running as process {run.pid} on {run.host}"
    return f"{started}, died (last sign of life {instant(run.heartbeat_at)}); the same command goes on"


def _act_facts(act: RunRecord) -> dict[str, object]:
    return {
        "run_id": act.run_id,
        "command": act.command,
        "at": instant(act.started_at),
        "customers": act.facts["customers"],
    }


def _run_facts(run: RunRecord, *, live: bool) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at or 0),
        "exit_code": run.exit_code,
        "stopped_because": run.stopped_because,
        "running": live and run.finished_at is None,
        "host": run.host,
        "pid": run.pid,
        "rows": sum(source["rows"] for source in run.facts["inputs"]),
        "out": run.facts["out"],
    }
