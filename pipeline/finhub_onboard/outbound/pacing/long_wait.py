"""Whether the bank asks to be left alone for long: for longer than a run waits, and again when it was waited for.

A wait beyond ``max_wait_s`` is cut to it, and then the bank is asked again. That once is enough: if the answer to a
call that left after this wait asks for as long, for another customer or for none, and nothing was accepted in between,
the run is to stop. So neither a lone answer, nor a lone customer, nor the calls that were under way together decide it,
and nothing does while anybody's calls pass. Waits of up to a minute are never long, however small ``max_wait_s`` is.
"""

import asyncio
from math import inf

_LONG_S = 60.0


class LongWait:
    """One for the whole run. Times are monotonic seconds."""

    def __init__(self, max_wait_s: float) -> None:
        self._wait_s = max_wait_s
        self._longest_s = max(max_wait_s, _LONG_S)
        self._who = ""
        self._again_at = inf
        self._asked_s = 0.0
        self._is_repeated = asyncio.Event()

    def accepted(self) -> None:
        """The bank did not refuse a call for its rate."""
        self._again_at = inf

    def refused(self, asked_s: float | None, *, left_at: float, now: float, who: str = "") -> None:
        """The bank refused a call that left then, of customer ``who``, and asked to wait so long if it named a time."""
        if asked_s is None:
            return
        if asked_s <= self._longest_s:
            self._again_at = inf
        elif self._again_at == inf:
            self._who, self._again_at = who, now + self._wait_s
        elif left_at >= self._again_at and (not who or who != self._who):
            self._asked_s = asked_s
            self._is_repeated.set()

    async def repeated(self) -> float:
        """Wait until the bank has asked a second time; for how many seconds it wants to be left alone."""
        await self._is_repeated.wait()
        return self._asked_s
