"""What goes wrong, decided by seed: the n-th call of an operation always meets the same fate.

Promises decisions that depend on the scenario and on how many calls of that operation came before, not on other
operations, and on the time only where a fault has a window. Does not carry a fault out and has no clock.
"""

import math
from collections import Counter
from email.utils import formatdate
from random import Random
from typing import Final

from finhub_onboard.sandbox.chance import unit
from finhub_onboard.sandbox.habits import Fault, RetryAfter, Scenario
from finhub_onboard.sandbox.operations import OPERATIONS, Operation, Token

_WITH_ID: Final = (
    "registerIndividual",
    "startIndividualVerification",
    "createVerification",
    "uploadVerificationDocument",
)
_OF_NO_CUSTOMER: Final = (
    "createAdminSession",
    "getCategorizationHierarchy",
    "listWebhookDeliveries",
    "getWebhookDelivery",
)
_MIXED: Final[tuple[RetryAfter, ...]] = ("seconds", "date", "absent")


def _covers(fault: Fault, operation: Operation) -> bool:
    if fault.on and operation.id not in fault.on:
        return False
    if fault.kind == "expired_token":
        return operation.token is not Token.NONE
    if fault.kind == "others_id":
        return operation.id == "registerIndividual"
    if fault.kind in ("others_echo", "mixed_up"):
        return operation.id not in _OF_NO_CUSTOMER
    return fault.kind != "no_id" or operation.id in _WITH_ID


class Faults:
    """The faults of one running scenario; knows only how often each has struck."""

    __slots__ = ("_calls_of", "_delays", "_faults", "_latency", "_mixed", "_seed", "_struck", "name_customers")

    def __init__(self, scenario: Scenario) -> None:
        self._seed = scenario.seed
        self._latency = scenario.latency
        faults = scenario.faults()
        self._faults = {
            operation.id: [(i, fault) for i, fault in enumerate(faults) if _covers(fault, operation)]
            for operation in OPERATIONS
        }
        self.name_customers = any(fault.of_some or fault.kind == "others_echo" for fault in faults)
        """Whether it matters whose a call is."""
        self._calls_of: Counter[tuple[str, str]] = Counter()
        self._struck = [0] * len(faults)
        self._mixed = 0
        self._delays = Random(scenario.seed)  # noqa: S311  (repeatable on purpose)

    def pick(self, operation_id: str, number: int, email: str = "", since_s: float = 0.0) -> Fault | None:
        """Decide what goes wrong with the ``number``-th call of an operation; the file's first fault wins.

        ``email`` tells whose call it is, where ``name_customers`` asks for that; ``since_s`` are the seconds since the
        bank's first call.
        """
        self._calls_of[operation_id, email] += bool(email)
        for index, fault in self._faults[operation_id]:
            if (fault.times and self._struck[index] >= fault.times) or not self._concerns(fault, email):
                continue
            if since_s < fault.from_s or (fault.for_s and since_s >= fault.from_s + fault.for_s):
                continue
            counted = self._calls_of[operation_id, email] if fault.of_some else number
            by_rate = unit(self._seed, index, operation_id, number) < fault.rate
            if by_rate or counted in fault.nth:
                self._struck[index] += 1
                return fault
        return None

    def _concerns(self, fault: Fault, email: str) -> bool:
        """Whether a fault may strike this customer's calls."""
        if not fault.of_some or email in fault.of:
            return True
        return bool(email) and unit(self._seed, "of", *fault.on, email) < fault.of_share

    def delay_s(self) -> float:
        """Give the next call's latency in seconds."""
        latency = self._latency
        if not latency.mean_ms and not latency.jitter_ms:
            return 0.0
        return max(latency.mean_ms + self._delays.uniform(-latency.jitter_ms, latency.jitter_ms), 0.0) / 1000

    def retry_after(self, form: RetryAfter, seconds: int, now: float) -> tuple[tuple[bytes, bytes], ...]:
        """Write the Retry-After header in the form that is due; "mixed" takes the three in turn."""
        if form == "mixed":
            form = _MIXED[self._mixed % len(_MIXED)]
            self._mixed += 1
        if form == "absent":
            return ()
        value = str(seconds) if form == "seconds" else formatdate(math.ceil(now) + seconds, usegmt=True)
        return ((b"retry-after", value.encode()),)
