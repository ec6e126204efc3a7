"""Blocking work beside the loop: results, errors, context managers, and what a cancellation does to it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from finhub_onboard.engine import background as module
from finhub_onboard.engine.background import Background


def test_results_and_errors_come_back_and_the_loop_goes_on() -> None:
    """One thread does all the work, in order."""

    async def main() -> None:
        gate = threading.Event()
        async with Background() as background:
            waiting = asyncio.create_task(background.do(lambda: gate.wait(30)))
            await asyncio.sleep(0)
            gate.set()  # only a loop that goes on comes here
            assert await waiting
            threads = {await background.do(threading.get_ident) for _ in range(3)}
            assert len(threads) == 1
            assert threads != {threading.get_ident()}
            with pytest.raises(ZeroDivisionError):
                await background.do(lambda: 1 / 0)

    asyncio.run(main())


def test_a_context_is_entered_and_left_on_the_thread_with_its_exception() -> None:
    """As by a ``with`` there."""
    seen: list[object] = []

    @contextmanager
    def manager() -> Iterator[str]:
        seen.append(threading.get_ident())
        try:
            yield "value"
        except ValueError as error:
            seen.append(str(error))
            raise
        finally:
            seen.append(threading.get_ident())

    async def main() -> None:
        async with Background() as background:
            thread = await background.do(threading.get_ident)

            async def fails_inside() -> None:
                async with background.entered(manager()) as value:
                    raise ValueError(f"inside with a {value}")

            with pytest.raises(ValueError, match="inside"):
                await fails_inside()
            assert seen == [thread, "inside with a value", thread]

    asyncio.run(main())


def test_a_cancelled_run_ends_its_work_at_the_next_checkpoint() -> None:
    """The work cleans up before the cancellation goes on."""
    seen: list[str] = []
    begun = threading.Event()

    async def main() -> None:
        async with Background() as background:

            def work() -> None:
                try:
                    while True:
                        begun.set()
                        background.checkpoint()
                        threading.Event().wait(0.001)
                finally:
                    seen.append("cleaned up")

            task = asyncio.create_task(background.do(work))
            assert await asyncio.to_thread(begun.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert seen == ["cleaned up"]

    asyncio.run(main())


def test_work_that_reaches_no_checkpoint_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a read from a file system that is gone; what it opened at last is closed all the same."""
    monkeypatch.setattr(module, "_PATIENCE_S", 0.01)
    free, closed = threading.Event(), threading.Event()

    @contextmanager
    def opens_late() -> Iterator[None]:
        free.wait(60)
        try:
            yield
        finally:
            closed.set()

    async def main() -> None:
        async with Background() as background:

            async def enter() -> None:
                async with background.entered(opens_late()):
                    raise AssertionError("it was cancelled before")

            task = asyncio.create_task(enter())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not closed.is_set()
            free.set()
            assert await asyncio.to_thread(closed.wait, 30)

    asyncio.run(main())
