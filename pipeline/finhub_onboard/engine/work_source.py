"""Where the customers that a run carries come from: the port between intake and fan-out.

``admission.Admission`` takes them from judged input rows. Partitions claimed from a shared ledger would fulfil the same
protocol.
"""

from dataclasses import dataclass
from typing import Protocol

from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Disposition, IntakeRow, Journey


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A customer that this run carries."""

    row: IntakeRow
    customer: Customer
    journey: Journey
    visit: Visit


class WorkSource(Protocol):
    """Hands out customers, each to one caller at a time."""

    async def take(self, n: int) -> list[Work]:
        """The next customers that need work, at most ``n``; empty at the end. Raises what keeps it from reading on."""

    def finish(self, work: Work, journey: Journey) -> Disposition:
        """Release a finished customer; return the row's disposition."""
