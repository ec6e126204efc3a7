"""Two answers that change places: each of two callers gets what was meant for the other.

Promises that nobody waits longer than asked: without a second call a caller gets its own answer. Does not know what
the answers say.
"""

import asyncio

from finhub_onboard.sandbox.records import Answer


class Exchange:
    """Holds at most one answer per operation until the next comes."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[str, tuple[Answer, asyncio.Future[Answer]]] = {}

    async def swap(self, operation_id: str, answer: Answer, wait_s: float) -> Answer:
        """Give the answer of the other call of this operation, or the caller's own after ``wait_s``."""
        if operation_id in self._held:
            held, waiting = self._held.pop(operation_id)
            waiting.set_result(answer)
            return held
        waiting = asyncio.get_running_loop().create_future()
        self._held[operation_id] = (answer, waiting)
        try:
            async with asyncio.timeout(wait_s):
                return await waiting
        except TimeoutError:
            return answer
        finally:
            if self._held.get(operation_id, (answer, None))[1] is waiting:
                del self._held[operation_id]
