"""SIGINT, SIGTERM and SIGHUP: by default they end a command at once; a run is asked to stop instead.

A closed terminal (SIGHUP) is a request to stop like SIGTERM. While the terminal is there, or where there never was one,
somebody sent SIGHUP: as daemons do, a run reads its configuration again. A signal that was ignored when the command
began, as by ``nohup``, stays ignored.
"""

import gc
import os
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
def listening(
    react: Callable[[str, ExitCode], None] = end_at_once, *, reload: Callable[[], None] | None = None
) -> Iterator[None]:
    """Call ``react`` for each signal that is not ignored; outside of the main thread a no-op.

    ``reload``, if given, is called for a SIGHUP that is no sign of a closed terminal.
    """
    replaced: dict[signal.Signals, Any] = {}
    had_terminal = reload is not None and _has_terminal()

    def handle(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number)
        if reload is not None and name is signal.SIGHUP and not (had_terminal and not _has_terminal()):
            reload()
            return
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


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal that is not hung up."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def run_listening(
    run: "Callable[[Interrupts], Coroutine[Any, Any, T]]", *, reload: Callable[[], None] | None = None
) -> T:
    """Run in an event loop of its own, with signals as requests to stop. Raises :class:`Signalled` if abandoned.

    ``reload`` is called for a SIGHUP that asks to read the configuration again.
    """
    import asyncio

    from finhub_onboard.engine.fair_loop import make_loop
    from finhub_onboard.engine.interrupts import Interrupts

    gc.freeze()  # what is imported stays: the collector need not look at it while the loop waits
    interrupts = Interrupts()
    with listening(interrupts.request, reload=reload):
        try:
            with asyncio.Runner(loop_factory=make_loop) as runner:
                return runner.run(run(interrupts))
        except asyncio.CancelledError:
            if interrupts.abandoned is None:
                raise
            raise Signalled(*interrupts.abandoned) from None
