"""Values of the ledger's port beside journeys and calls (``model``): runs and their counts.

Knows no database and no file.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as the ledger keeps it, or an intervention of a person between runs.

    ``command`` is ``run``, or that of the intervention, which changed so many ``customers``. ``facts`` is what is
    needed to write the reports of a run again: JSON that only ``matching.run_facts`` writes and reads.
    """

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
    command: str = "run"
    customers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Requests that left, of them repeats, of them refused for rate."""

    sent: int = 0
    retried: int = 0
    refused_for_rate: int = 0

    def __add__(self, other: "CallCounts") -> "CallCounts":
        """Both together."""
        return CallCounts(
            sent=self.sent + other.sent,
            retried=self.retried + other.retried,
            refused_for_rate=self.refused_for_rate + other.refused_for_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """The ledger's counts of a run: customers taken up, intents of calls that change something, their outcomes."""

    customers: int
    intents: int
    outcomes: int


class FileSizes(NamedTuple):
    """Bytes that a ledger took before it was compacted, and takes after.

    ``is_final``: no reader holds its former pages, without which it would take less.
    """

    before: int
    after: int
    is_final: bool


class Finished(NamedTuple):
    """What a line of a report tells of a finished customer; the fields are those of ``Journey``."""

    key: bytes
    fingerprint: bytes
    documents: tuple[str, ...]
    customer_id: str
    user_id: str
    verification_id: str
    started_at: float
    finished_at: float
