"""Bounds the bytes of documents that are under way at once, because they are what a run's memory consists of.

Promise: first come, first served, so that a large document is not passed by for ever; one that is larger than the bound
goes alone. Knows sizes, no documents.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class DocumentBytes:
    """Up to ``most`` bytes at once; a caller holds a document's from reading it to the answer.

    ``largest``: the bytes that all calls together could hold; ``is_bound`` tells whether they are more than that.
    """

    def __init__(self, most: int, *, largest: int) -> None:
        self.is_bound = largest > most
        self._most = most
        self._held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Context manager: wait until a document of this size fits."""
        if self._waiting or not self._fits(size):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._held -= size  # its turn came together with the end
                self._admit()
                raise
        else:
            self._held += size
        try:
            yield
        finally:
            self._held -= size
            self._admit()

    def _fits(self, size: int) -> bool:
        return not self._held or self._held + size <= self._most

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():
                if not self._fits(size):
                    return
                self._held += size
                turn.set_result(None)
            self._waiting.popleft()
