"""How late this process wakes: what the machine does to it, it may do to the way to the bank.

A beat measures it while calls leave, and stops by itself. Knows no call and no rate.
"""

import asyncio
from collections.abc import Callable

_BEAT_S = 0.01
_FADES_FACTOR = 0.5  # a second: for how long a late wake-up is held against the machine


class Lateness:
    """Measures within the running loop. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._beats = self._is_used = False
        self._due = self._woke_at = clock()
        self.seconds = 0.0
        """How much later than it was due the latest wake-up came, or a worse one not long ago."""

    def watch(self) -> None:
        """A call leaves: go on measuring for a beat."""
        self._is_used = True
        if not self._beats:
            self._beats = True
            self._plan()

    def _plan(self) -> None:
        self._is_used = False
        self._due = self._clock() + _BEAT_S
        asyncio.get_running_loop().call_later(_BEAT_S, self._beat)

    def _beat(self) -> None:
        now = self._clock()
        faded_s = self.seconds * _FADES_FACTOR ** (now - self._woke_at)
        self.seconds, self._woke_at = max(now - self._due, faded_s), now
        if self._is_used:
            self._plan()
        else:
            self._beats = False
