"""How a run is asked to stop from outside, stage by stage: by a signal handler, a supervisor, another thread.

Before a run has begun a request abandons it at once. Where it must end in good order the first request is kept until
somebody takes it, and only a second one abandons it; a run that is under way says itself what a request does. Knows no
signal and no loop.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from finhub_onboard.errors import ExitCode

BACKGROUND = "run-background"
"""The name of the thread that does what blocks; it is there after the end of a run only if that was abandoned."""
React = Callable[[str, ExitCode], None]
"""What a request does, given its name (such as ``SIGTERM``) and the exit code that it asks for."""


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
        """Call ``abandon`` for a request that nobody takes, and at once if there was one already."""
        self._abandoning = abandon
        if self.abandoned:
            abandon()
        try:
            yield
        finally:
            self._abandoning = lambda: None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the first request for whoever enters ``leading_to`` next; a second one abandons the run."""
        with self._reacting(self._keep):
            yield

    @contextmanager
    def leading_to(self, react: React) -> Iterator[None]:
        """Hand each request, and the one that was kept, to a function."""
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
