"""SIGINT, SIGTERM and SIGHUP: by default they end a command at once; a run is asked to stop instead.

A closed terminal (SIGHUP) is a request to stop like SIGTERM; a signal that was ignored when the command began, as by
``nohup``, stays ignored.
"""

import gc
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from finhub_onboard.errors import ExitCode

if TYPE_CHECKING:
    from finhub_onboard.engine.interrupts import Interrupts

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}
T = TypeVar("T")


class Signalled(KeyboardInterrupt):
    """A signal ends the command at once; nothing that handles errors holds it up."""

    def __init__(self, name: str, exit_code: ExitCode) -> None:
        super().__init__(name)
        self.name = name
        self.exit_code = exit_code


def end_at_once(name: str, exit_code: ExitCode) -> None:
    """End the command: nothing was sent, or nobody waits for more."""
    raise Signalled(name, exit_code)


@contextmanager
def listening(react: Callable[[str, ExitCode], None] = end_at_once) -> Iterator[None]:
    """Call ``react`` for each signal that is not ignored; outside of the main thread a no-op."""
    replaced: dict[signal.Signals, Any] = {}

    def handle(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number)
        react(name.name, _CODES[name])

    if threading.current_thread() is threading.main_thread():
        for name in _CODES:
            before = signal.getsignal(name)
            if before is not signal.SIG_IGN:
                replaced[name] = before
                signal.signal(name, handle)
    try:
        yield
    finally:
        for name, before in replaced.items():
            signal.signal(name, before)


def run_listening(run: "Callable[[Interrupts], Coroutine[Any, Any, T]]") -> T:
    """Run in an event loop of its own, with signals as requests to stop. Raises :class:`Signalled` if abandoned."""
    import asyncio

    from finhub_onboard.engine.interrupts import Interrupts

    gc.freeze()  # what is imported stays: the collector need not look at it while the loop waits
    interrupts = Interrupts()
    with listening(interrupts.request):
        try:
            return asyncio.run(run(interrupts))
        except asyncio.CancelledError:
            if interrupts.abandoned is None:
                raise
            raise Signalled(*interrupts.abandoned) from None
