"""Values of the ledger's port beside journeys and calls (``model``): runs and their counts.

Knows no database and no file.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the ledger keeps it; ``facts`` is what is needed to write its reports again."""

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
    """The ledger's counts of a run: customers taken up, intents of calls that change something, their outcomes."""

    customers: int
    intents: int
    outcomes: int
