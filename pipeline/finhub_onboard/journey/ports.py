"""What a journey needs of the world: a way to the bank, a ledger, and whether the run goes on.

Promise: a traverser knows nothing else of them, so that tests and the engine may each bring their own.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from finhub_onboard.finhub.calls import Facts, Reply, Step
from finhub_onboard.journey.verdicts import Judgement
from finhub_onboard.model import CallRecord, Customer, Journey


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A request that cannot be built because of the row: nothing is sent."""

    code: str
    message: str
    hint: str
    field: str


class Request(Protocol):
    """A request that is ready to leave."""

    @property
    def document(self) -> str:
        """The mark of the document that leaves with it; empty if none does."""

    async def send(self, token: str, turn: Any) -> Reply:
        """Send it now, using up ``turn``; never raises for what the bank does."""


class Bank(Protocol):
    """The way to the bank, as far as a journey needs it."""

    def in_flight(self) -> AbstractAsyncContextManager[None]:
        """One of the places for requests under way."""

    async def prepare(self, step: Step, customer: Customer, journey: Journey) -> Request | Problem:
        """Build the request of a step."""

    def give(self, journey: Journey) -> None:
        """Count what was found out about the customer's ids from now on."""

    def disproved(self, journey: Journey) -> tuple[str, ...]:
        """Which ids that only an operator gave are by now another customer's, by the bank's word."""

    async def token(self, *, refused: str = "") -> str:
        """The admin token. Raises if the bank refuses it."""

    async def turn(self) -> Any:
        """Wait until a request may leave; what is returned goes to its ``send``. None when the run stops."""

    def observe(self, reply: Reply) -> None:
        """Every reply passes here: a bank that only fails is noticed."""


class Recorder(Protocol):
    """The ledger, as far as a journey needs it."""

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Hand these in, to become durable together and in the order of posting; the awaitable is done when so."""


class Stop(Protocol):
    """Whether the run goes on."""

    @property
    def requested(self) -> bool:
        """No new call any more."""

    def weigh(self, step: Step, judgement: Judgement, key: bytes) -> Judgement:
        """The judgement in view of how the same call went for other customers: the row's trouble or the run's."""

    def compare(self, step: Step, judgement: Judgement, facts: Facts, journey: Journey) -> None:
        """Each judged answer about ``journey``, as it stood before, passes here: the bank may be further than we."""

    def fatal(self, judgement: Judgement, message: str) -> None:
        """A reply concerns the whole run: stop it."""

    async def pause(self, seconds: float) -> None:
        """Sleep, but not longer than the run goes on."""
