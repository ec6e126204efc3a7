"""How often a call is tried, and the pauses between tries (API.md, section 8; setting ``[retry]``)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """At most ``max_attempts`` tries; ``wait_s`` returns the pause after the failed try of this number, from 1.

    ``max_wait_s`` caps each pause, also one that the bank asks for.
    """

    max_attempts: int = 5
    max_wait_s: float = 60.0
    wait_s: Callable[[int], float]

    def asked_s(self, attempt: int, asked: float | None) -> float:
        """The pause after try ``attempt``, given what the bank ``asked`` for: 0 or a past date is nothing."""
        return min(asked, self.max_wait_s) if asked else self.wait_s(attempt)

    def steady_s(self, attempt: int) -> float:
        """The pause after try ``attempt`` without jitter, for polling."""
        return backoff_s(attempt, max_wait_s=self.max_wait_s, random=lambda: 1.0)


def jittered(*, max_attempts: int, max_wait_s: float, random: Callable[[], float]) -> Patience:
    """Patience with full jitter: customers who failed together must not retry together."""
    wait_s = partial(backoff_s, max_wait_s=max_wait_s, random=random)
    return Patience(max_attempts=max_attempts, max_wait_s=max_wait_s, wait_s=wait_s)


def backoff_s(attempt: int, *, max_wait_s: float, random: Callable[[], float]) -> float:
    """Seconds before try ``attempt + 1``: exponential from 1 s with full jitter, at most ``max_wait_s``."""
    return min(max_wait_s, 2.0 ** min(attempt - 1, 30)) * random()
