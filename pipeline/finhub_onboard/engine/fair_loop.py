"""The event loop of a run: it serves few connections at a time, so that timers and signals never wait for all of them.

asyncio handles whatever is ready before it looks at its timers again. With some hundred answers at once that is a tenth
of a second, in which no permit is given and no heartbeat written. So the connections that are ready are served in
several turns of the loop. Knows no run.
"""

import asyncio
import selectors

_AT_ONCE = 8


class _Few(selectors.DefaultSelector):
    """Tells of a few of the files that are ready, and of the others when it is asked again."""

    def __init__(self) -> None:
        super().__init__()
        self._others: list[tuple[selectors.SelectorKey, int]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until something is ready."""
        ready = self._others or super().select(timeout)
        if len(ready) <= _AT_ONCE and not self._others:
            return ready
        few, self._others = ready[:_AT_ONCE], ready[_AT_ONCE:]
        # One that was closed or registered anew meanwhile is not what was found ready.
        registered = self.get_map()
        return [(key, events) for key, events in few if registered.get(key.fd) is key]


def make_loop() -> asyncio.AbstractEventLoop:
    """A new event loop, for ``asyncio.Runner``."""
    return asyncio.SelectorEventLoop(_Few())
