"""The journey's ports: the bank, the ledger, and the decision to stop.

Promise: the traverser depends on these protocols only; the engine and tests supply implementations.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from finhub_onboard.finhub.calls import Facts, Reply, Step
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.model import CallRecord, Customer, Journey


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A request that cannot be built because of the row: nothing is sent."""

    code: str
    message: str
    hint: str
    field: str

    @property
    def judgement(self) -> Judgement:
        """How it is judged: as a refusal."""
        return Judgement(verdict=Verdict.REFUSED, code=self.code, message=self.message, hint=self.hint)


class Request(Protocol):
    """A request that is ready to be sent."""

    @property
    def document(self) -> str:
        """The ledger's entry of the document that is sent with it (``sent_documents``); empty if there is none."""

    async def send(self, token: str, permit: Any) -> Reply:
        """Send it now, using ``permit``; never raises for anything that the bank does."""


class Bank(Protocol):
    """The connection to the bank, as far as a journey needs it."""

    def in_flight(self, step: Step, customer: Customer) -> AbstractAsyncContextManager[Any]:
        """Context manager: one of the slots for concurrent requests; gives what ``permit`` needs."""

    async def prepare(self, step: Step, customer: Customer, journey: Journey) -> Request | Problem:
        """Build the request of a step."""

    def give(self, journey: Journey) -> None:
        """Register the customer's ids, once they are known, as belonging to it."""

    def disproved(self, journey: Journey) -> tuple[str, ...]:
        """The ids that an operator gave and that the bank has meanwhile given to another customer."""

    async def token(self, *, refused: str = "") -> str:
        """Return the admin token, a new one if it is the ``refused`` one. Raises if the bank refuses the log-in."""

    async def permit(self, step: Step, reserved: Any) -> Any:
        """Wait for a permit to send the request, to be passed to ``send``. None when the run stops."""

    def observe(self, reply: Reply) -> None:
        """Feed every reply to the health check of the bank."""


class Recorder(Protocol):
    """The ledger, as far as a journey needs it."""

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Queue these to become durable together, in posting order; the awaitable completes when they are."""


class Stop(Protocol):
    """Whether and why the run stops."""

    @property
    def requested(self) -> bool:
        """Whether no new call may be sent."""

    def weigh(self, step: Step, judgement: Judgement, key: bytes, category: str) -> Judgement:
        """Adjust a judgement to what happened to other customers: it concerns this row, or the whole run."""

    def compare(self, step: Step, judgement: Judgement, facts: Facts, journey: Journey) -> None:
        """Check a judged answer for signs that the bank is further than ``journey``, the state before it."""

    def fatal(self, judgement: Judgement, message: str) -> None:
        """Stop the run for a reply that concerns all of it."""

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than the run lasts."""
