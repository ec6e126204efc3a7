"""``onboard status``: the state of runs and customers. Sends nothing and needs no secret."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finhub_onboard.commands import run_status
from finhub_onboard.commands.run_status import RunStatus, status_of
from finhub_onboard.config.settings import Settings
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.model import Standing
from finhub_onboard.reports.projection import instant

_RUNS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a ledger shows: who holds its lock, customers by status, runs and interventions, the newest first.

    ``customers`` are those of all runs, once each; ``None``: they were not counted.
    """

    ledger: str
    holder: str
    customers: Mapping[Standing, int] | None
    runs: list[RunStatus | RunRecord]

    @property
    def live(self) -> RunStatus | None:
        """The run that is at work."""
        return next((run for run in self.runs if isinstance(run, RunStatus) and run.is_live), None)


def status(settings: Settings, *, customers: bool = True, say: Callable[[str], None] = lambda _: None) -> Status:
    """Read the status from the ledger; ``say`` is told what takes long.

    ``customers``: count them too, which reads them all.
    """
    # Reading needs no secret: only registering and reporting require the seed.
    with connect.look_into(settings.ledger.url, tenant_id=settings.api.tenant_id, seed="", say=say) as ledger:
        holder, runs = ledger.locked_by(), ledger.runs(acts=True)
        newest = next((run for run in runs if run.command == "run"), None)
        return Status(
            ledger=ledger.name,
            holder=holder,
            customers=ledger.standings() if customers else None,
            runs=[
                status_of(run, holds_lock=bool(holder) and run == newest) if run.command == "run" else run
                for run in runs
            ],
        )


def as_rows(status: Status) -> list[tuple[str, str]]:
    """Return the status for people: labels and facts."""
    rows = [("ledger", status.ledger), ("lock", status.holder or "free")]
    if status.customers is not None:
        rows.append(("customers", _customers(status.customers)))
    for run in status.runs[:_RUNS_SHOWN]:
        if isinstance(run, RunStatus):
            first, *others = run_status.lines(run)
            rows += [("run", first), *(("", line) for line in others)]
        else:
            count = run.customers
            rows.append(
                (
                    run.command,
                    f"{run.run_id}  {count:,} customer{'' if count == 1 else 's'}, at {instant(run.started_at)}",
                )
            )
    return rows


def _customers(counts: Mapping[Standing, int]) -> str:
    """Say also whom this counts: a report counts the rows of one run."""
    if not counts:
        return "none"
    named = ", ".join(f"{count:,} {standing.replace('_', ' ')}" for standing, count in counts.items())
    return f"{named} ({sum(counts.values()):,} whom any run took up, each once; rejected rows are none)"


def as_json(status: Status) -> str:
    """Return the status for programs."""
    return json.dumps(_values(status), indent=2)


def as_line(status: Status) -> str:
    """Return the status for programs that read line by line."""
    return json.dumps(_values(status))


def _values(status: Status) -> dict[str, object]:
    return {
        "ledger": status.ledger,
        "locked_by": status.holder,
        "customers": status.customers and {str(standing): count for standing, count in status.customers.items()},
        "runs": [run_status.as_json(run) for run in status.runs if isinstance(run, RunStatus)],
        "acts": [_intervention_facts(act) for act in status.runs if not isinstance(act, RunStatus)],
    }


def _intervention_facts(act: RunRecord) -> dict[str, object]:
    return {
        "run_id": act.run_id,
        "command": act.command,
        "at": instant(act.started_at),
        "customers": act.customers,
    }
