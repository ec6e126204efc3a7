"""The right to send calls, as the rest of the job sees it: a budget of so many calls per second.

``pacer`` keeps it within one process. A budget that several machines share would fulfil the same protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class Permit:
    """The right to send one request: when it was granted or, once ``is_written``, used. Seconds, monotonic.

    ``is_counted``: the budget of its kind of calls keeps room for it; once ``is_granted`` that cannot be taken back.

    ``number`` is its place among all permits.

    ``late_s`` is by how much later than usual the request may have reached the bank; None while that is not known.
    """

    at: float
    is_written: bool = False
    is_counted: bool = False
    is_granted: bool = False
    number: int = -1
    late_s: float | None = None

    def release(self) -> None:
        """The request was not sent, or all is known of it."""
        if not self.is_written:
            self.is_written, self.late_s = True, 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a refusal for rate led to: all calls are held for ``seconds``; ``cut``: the rate is lower from now on.

    Neither: it shows no limit, and the refused call waits by itself. ``alone``: nor will it, because one customer is
    refused again and again while others pass.
    """

    seconds: float
    cut: bool
    alone: bool = False


class RateBudget(Protocol):
    """Grants permits to send: never more per second, as the bank counts, than the run asked for."""

    max_wait_s: float
    """The longest time that a refusal may hold calls, whatever the bank asks for."""

    @property
    def asked(self) -> float:
        """The configured rate, calls per second."""

    @property
    def rate(self) -> float:
        """The rate in force, calls per second."""

    def change(self, calls_per_second: float, by_kind: Mapping[str, float]) -> None:
        """Set other limits, for all calls and for those of some kinds; calls that left before count for them, too."""

    @property
    def is_settled(self) -> bool:
        """Whether no second of the bank holds more than the limits by now, whatever was granted before a change."""

    def is_limited(self, kind: str) -> bool:
        """Whether calls of this kind have a budget of their own, beside that of all calls."""

    async def reserve(self, kind: str) -> Permit | None:
        """Wait until the budget of this kind of calls has room for one more, and keep that for it; None: halted.

        The permit is for ``acquire``, and is released if the call is not sent after all.
        """

    async def acquire(self, reserved: Permit | None = None, *, kind: str = "", urgent: bool = False) -> Permit | None:
        """Wait until one more request may leave, first come, first served; the caller then sends soon.

        Without a ``reserved`` permit, also for the budget of the request's kind. None: the run was halted and nothing
        may leave. ``urgent`` passes a shut gate.
        """

    async def wait_due(self, permit: Permit) -> None:
        """Wait until the request may be written: a permit is given early by what lies between, such as its intent."""

    def sent(self, permit: Permit) -> None:
        """The request of ``permit`` is handed to the transport, which may have to connect first."""

    def written(self, permit: Permit) -> None:
        """The request of ``permit`` was given to the system just now: no later than this it left."""

    def answered(self, permit: Permit) -> None:
        """The request of ``permit`` was answered, or given up."""

    def accepted(self, call: str, seconds: float, *, who: str = "") -> None:
        """The bank did not refuse ``call`` of customer ``who`` for its rate, and took ``seconds`` for it."""

    def refused(self, permit: Permit, asked_s: float | None, *, who: str = "") -> Hold:
        """The bank refused a call for its rate, and asked for a pause of ``asked_s`` seconds if it named one."""
