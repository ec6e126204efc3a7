"""What SIGINT, SIGTERM and SIGHUP do to a command, stage by stage.

Where nothing was sent yet a signal ends the command at once. Where a run must end in good order the first signal is
kept until somebody takes it, and only a second one ends the command at once; a run that is under way says itself what
a signal does. A closed terminal (SIGHUP) is a request to stop like SIGTERM; a signal that was ignored when the
command began, as by ``nohup``, stays ignored. Knows no run and no loop.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from finhub_onboard.errors import ExitCode

_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}
React = Callable[[str, ExitCode], None]
"""What a signal does, given its name and the exit code that it asks for."""


class Signalled(KeyboardInterrupt):
    """A signal ends the command at once; nothing that handles errors holds it up."""

    def __init__(self, name: str, exit_code: ExitCode) -> None:
        super().__init__(name)
        self.name = name
        self.exit_code = exit_code


def _end(name: str, exit_code: ExitCode) -> None:
    raise Signalled(name, exit_code)


class Signals:
    """Listens while it is entered; outside of the main thread nobody can, and nothing happens."""

    def __init__(self) -> None:
        self._react: React = _end
        self._kept: tuple[str, ExitCode] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in _CODES:
                before = signal.getsignal(name)
                if before is not signal.SIG_IGN:
                    self._before[name] = before
                    signal.signal(name, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for name, before in self._before.items():
            signal.signal(name, before)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Let the first signal wait for whoever enters ``leading_to`` next; a second one ends the command."""
        with self._reacting(self._keep):
            yield

    @contextmanager
    def leading_to(self, react: React) -> Iterator[None]:
        """Let each signal, and the one that was kept, do this."""
        with self._reacting(react):
            kept, self._kept = self._kept, None
            if kept is not None:
                react(*kept)
            yield

    @contextmanager
    def _reacting(self, react: React) -> Iterator[None]:
        before, self._react = self._react, react
        try:
            yield
        finally:
            self._react = before

    def _keep(self, name: str, exit_code: ExitCode) -> None:
        if self._kept is not None:
            _end(name, exit_code)
        self._kept = name, exit_code

    def _came(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number)
        self._react(name.name, _CODES[name])
