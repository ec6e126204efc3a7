"""Requests to stop a run from outside, in stages: by a signal handler, a supervisor, another thread.

Before a run has begun, a request abandons it at once. Where it must end in order, the first request is kept until it is
handled, and a second one abandons the run; a running run defines what a request does. Knows no signal and no event
loop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from finhub_onboard.errors import ExitCode

BACKGROUND = "run-background"
"""The name of the thread for blocking work; it only outlives a run that was abandoned."""
React = Callable[[str, ExitCode], None]
"""Handles a request, given its name (such as ``SIGTERM``) and the exit code that it asks for."""


class Interrupts:
    """Requests to stop one run; ``abandoned`` is the request that abandoned it."""

    def __init__(self) -> None:
        self.abandoned: tuple[str, ExitCode] | None = None
        self._react: React = self._abandon
        self._kept: tuple[str, ExitCode] | None = None
        self._abandoning: Callable[[], object] = lambda: None

    def request(self, name: str, exit_code: ExitCode) -> None:
        """Ask the run to stop. May be called from any thread and from a signal handler."""
        self._react(name, exit_code)

    @contextmanager
    def abandoning(self, abandon: Callable[[], object]) -> Iterator[None]:
        """Context manager: call ``abandon`` for a request that nobody handles, also for an earlier one."""
        self._abandoning = abandon
        if self.abandoned:
            abandon()
        try:
            yield
        finally:
            self._abandoning = lambda: None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Context manager: keep the first request for the next ``leading_to``; a second one abandons the run."""
        with self._reacting(self._keep):
            yield

    @contextmanager
    def leading_to(self, react: React) -> Iterator[None]:
        """Context manager: pass each request, and the kept one, to a function."""
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
            self._abandon(name, exit_code)
        self._kept = name, exit_code

    def _abandon(self, name: str, exit_code: ExitCode) -> None:
        self.abandoned = name, exit_code
        self._abandoning()
