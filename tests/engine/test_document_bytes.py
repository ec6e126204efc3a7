import asyncio
import random

import pytest

from finhub_onboard.engine.document_bytes import DocumentBytes


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Holders:
    """Tasks that hold documents until they are let go."""

    def __init__(self, most: int) -> None:
        self.bytes = DocumentBytes(most, largest=10**9)
        self.holding: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def begin(self, name: str, size: int) -> None:
        """Start a task that wants a document of this size."""
        self._ends[name] = asyncio.Event()

        async def hold() -> None:
            async with self.bytes.hold(size):
                self.holding.append(name)
                await self._ends[name].wait()
            self.holding.remove(name)

        self.tasks[name] = asyncio.create_task(hold())
        await settle()

    async def end(self, name: str) -> None:
        """Let a document go."""
        self._ends[name].set()
        await settle()


def test_documents_go_together_up_to_the_bound_and_in_order() -> None:
    """A small one does not pass a large one that came before it, even if it would fit."""

    async def main() -> None:
        held = Holders(10)
        for name, size in (("a", 4), ("b", 6), ("large", 9), ("small", 1)):
            await held.begin(name, size)
        assert held.holding == ["a", "b"]
        await held.end("a")
        assert held.holding == ["b"]
        await held.end("b")
        assert held.holding == ["large", "small"]

    asyncio.run(main())


def test_a_document_above_the_bound_goes_alone() -> None:
    """It waits until nothing else is under way, and nothing else begins beside it."""

    async def main() -> None:
        held = Holders(10)
        for name, size in (("a", 1), ("huge", 50), ("b", 1)):
            await held.begin(name, size)
        assert held.holding == ["a"]
        await held.end("a")
        assert held.holding == ["huge"]
        await held.end("huge")
        assert held.holding == ["b"]

    asyncio.run(main())


@pytest.mark.parametrize("is_admitted", [False, True])
def test_one_who_is_cancelled_while_waiting_keeps_nobody_waiting(*, is_admitted: bool) -> None:
    """Also when its turn came in the same moment."""

    async def main() -> None:
        held = Holders(10)
        async with held.bytes.hold(10):
            await held.begin("gone", 10)
            if not is_admitted:
                held.tasks["gone"].cancel()
        held.tasks["gone"].cancel()
        await held.begin("next", 10)
        assert held.holding == ["next"]

    asyncio.run(main())


def test_the_bound_holds_whatever_comes_and_goes() -> None:
    """In any order of sizes, holds and cancellations everybody else is served, and nothing is left over."""

    async def main() -> None:
        chance, bound = random.Random(7), DocumentBytes(100, largest=10**9)
        held, served, most = [0], [0], [0]

        async def carry(size: int) -> None:
            async with bound.hold(size):
                held[0] += size
                most[0] = max(most[0], held[0])
                try:
                    await asyncio.sleep(chance.random() / 1000)
                finally:  # some are cancelled meanwhile
                    held[0] -= size
                served[0] += 1

        tasks = [asyncio.create_task(carry(chance.randrange(60))) for _ in range(300)]
        await asyncio.sleep(0.002)
        cancelled = sum(task.cancel() for task in tasks[::7])
        await asyncio.gather(*tasks, return_exceptions=True)
        assert served[0] == len(tasks) - cancelled
        assert most[0] <= 100
        async with asyncio.timeout(1), bound.hold(100):
            pass

    asyncio.run(main())


def test_it_is_known_when_the_bound_can_never_be_met() -> None:
    """Then nobody needs to look at the sizes of files."""
    assert not DocumentBytes(100, largest=100).is_bound
    assert DocumentBytes(100, largest=101).is_bound
