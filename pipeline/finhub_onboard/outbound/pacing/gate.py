"""What holds calls back: a gate that is shut while the bank is down, a hold that it asked for, the end of the run.

Knows no rate.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Gate:
    """One for the whole run. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._opened = asyncio.Event()
        self._halted = asyncio.Event()
        self._held_until = 0.0
        self.is_open = True
        """Whether the gate is not shut."""
        self.is_halted = False
        """Whether the run stops."""

    @property
    def held_s(self) -> float:
        """For how long nothing may leave yet, as the bank asked."""
        left_s = self._held_until - self._clock()
        return left_s if left_s > 0 else 0.0  # each call asks: cheaper than max

    async def wait_open(self) -> None:
        """Wait until the gate is not shut, or the run is halted."""
        if not self.is_open:
            await self._opened.wait()

    def hold(self, seconds: float) -> None:
        """Let nothing leave for so long, or for longer if that was asked before."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def shut(self) -> None:
        """Let nothing leave until ``reopen``: the bank is down."""
        self.is_open = False
        self._opened.clear()

    def reopen(self) -> None:
        """Let requests leave again."""
        self.is_open = True
        self._opened.set()

    def halt(self) -> None:
        """Wake everybody who waits: the run stops."""
        self.is_halted = True
        self._halted.set()
        self._opened.set()

    async def pause(self, seconds: float) -> None:
        """Sleep, but not longer than the run goes on."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halted.wait(), max(0.0, seconds))
