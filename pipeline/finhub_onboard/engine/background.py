"""Blocking work, such as reading inputs and writing reports, on a thread beside the event loop.

Promises: the loop keeps running; a cancelled run ends soon, whatever the thread is doing. Long work calls
``checkpoint`` regularly.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from finhub_onboard.engine.interrupts import BACKGROUND

T = TypeVar("T")
_PATIENCE_S = 2.0
"""How long a cancelled run waits for the thread to reach a checkpoint and clean up."""


class AbandonedError(Exception):
    """Ends the thread's work after the run was cancelled; it is never visible outside."""


class Background:
    """One thread for the blocking steps of a run, one after the other.

    A daemon: a step that never ends, such as a read from a dead file system, must not keep the process alive.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()

    async def __aenter__(self) -> Self:
        threading.Thread(target=self._serve, name=BACKGROUND, daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._jobs.put(None)

    def checkpoint(self) -> None:
        """Continue, unless the run was cancelled: then raise :class:`AbandonedError` in this thread."""
        if self._abandoned.is_set():
            raise AbandonedError

    async def do(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the thread. If cancelled, tell the thread and wait a little."""
        return await self._ended(self._submit(work))

    @asynccontextmanager
    async def entered(self, manager: AbstractContextManager[T]) -> AsyncIterator[T]:
        """Enter and leave a context manager on the thread."""

        def enter() -> T:
            value = manager.__enter__()
            try:
                self.checkpoint()
            except AbandonedError as error:
                manager.__exit__(type(error), error, error.__traceback__)
                raise
            return value

        entering = self._submit(enter)
        try:
            value = await self._ended(entering)
        except asyncio.CancelledError as error:
            if entering.done() and not entering.exception():  # finished just before the next checkpoint
                await self._leave(manager, type(error), error, error.__traceback__)
            raise
        try:
            yield value
        except BaseException as error:
            if not await self._leave(manager, type(error), error, error.__traceback__):
                raise
        else:
            await self._leave(manager, None, None, None)

    async def _ended(self, done: "asyncio.Future[T]") -> T:
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            self._abandoned.set()
            done.add_done_callback(
                lambda ended: ended.cancelled() or ended.exception()
            )  # nobody else retrieves the result
            await asyncio.wait((done,), timeout=_PATIENCE_S)
            raise

    async def _leave(
        self,
        manager: AbstractContextManager[Any],
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        # Leave the context manager even if the run is cancelled again meanwhile.
        return bool(await asyncio.shield(self._submit(partial(manager.__exit__, kind, error, traceback))))

    def _submit(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # without an error there is one

        def job() -> None:
            result, failed = None, None
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
                failed = error
            with suppress(RuntimeError):  # the loop is closed: nobody is waiting
                loop.call_soon_threadsafe(settle, result, failed)

        self._jobs.put(job)
        return done

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
