"""The plain values that a ledger's port speaks of, beside journeys and calls (``model``): runs and their counts.

Knows no database and no file.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One execution of a job as the ledger keeps it; ``facts`` is what the reports need to be written again."""

    number: int
    run_id: str
    host: str
    pid: int
    started_at: float
    heartbeat_at: float
    finished_at: float | None
    exit_code: int | None
    stopped_because: str
    facts: dict[str, Any]

    @property
    def command(self) -> str:
        """What was executed: ``run``, or the command of an intervention between runs."""
        return str(self.facts.get("command", "run"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """What the ledger holds of a run: customers it took up, intents of calls that change something, their outcomes."""

    customers: int
    intents: int
    outcomes: int
