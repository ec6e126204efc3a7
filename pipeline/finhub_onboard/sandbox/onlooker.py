"""Who may watch the bank at work: told of every call of the contract, and able to leave one without an answer.

Promises nothing itself: it is the shape of an observer (a rehearsal has one). Does not know who looks on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call as it arrived: operation, parameters of its path, body."""

    operation: str
    params: Mapping[str, str]
    body: bytes


class Onlooker(Protocol):
    """Is asked twice about a call; False closes its connection without a byte of answer."""

    def arrived(self, call: Seen) -> bool:
        """A call is here, and nothing of it is done."""

    def settled(self, call: Seen, fault: str, status: int) -> bool:
        """What becomes of the call is certain, and nothing of it has left.

        ``fault`` is the kind of what goes wrong, empty for a good answer; ``status`` is the answer of the rules, or of
        a refusal in their stead, else 0.
        """


class _Nobody:
    """An onlooker who is not there."""

    def arrived(self, call: Seen) -> bool:
        """Let it pass."""
        del call
        return True

    def settled(self, call: Seen, fault: str, status: int) -> bool:
        """Let it pass."""
        del call, fault, status
        return True


NOBODY: Final[Onlooker] = _Nobody()
