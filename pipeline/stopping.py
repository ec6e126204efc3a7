"""When a run stops early, and why: signals, stop rules, a deadline, a refusal that concerns the whole run.

Stopping is a value that everybody can ask for: nothing new leaves, what is under way finishes, and the same command
goes on later. Knows no customer and no call.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pipeline.errors import ExitCode, OnboardError
from pipeline.events import Handler, Stopping
from pipeline.journey.policy import Judgement
from pipeline.model import Journey, Standing
from pipeline.outbound.pacing import Pacer
from pipeline.settings import Settings, deadline_at

_SAME_CAUSE = 50
_AGAIN = "the same command goes on where it ended"


class Stopper:
    """Whether and why the run stops; the first reason counts. Fulfils ``pipeline.journey.traverse.Stop``."""

    def __init__(self, pacer: Pacer, emit: Handler) -> None:
        self._pacer = pacer
        self._emit = emit
        self.requested = False
        self.reason = ""
        self.hint = ""
        self.exit_code = ExitCode.OK
        self._stop_now: Callable[[], None] = lambda: None

    def request(self, reason: str, exit_code: ExitCode, *, hint: str = "") -> None:
        """Let nothing new leave; what is under way finishes."""
        if self.requested:
            return
        self.requested, self.reason, self.hint, self.exit_code = True, reason, hint, exit_code
        self._emit(Stopping(reason=reason))
        self._pacer.halt()

    def fatal(self, judgement: Judgement, message: str) -> None:
        """A reply concerns the whole run."""
        self.request(message, judgement.exit_code, hint=judgement.hint)

    def error(self, error: OnboardError) -> None:
        """Something stopped the run that is not a reply to a customer's call."""
        self.request(str(error), error.exit_code, hint=error.hint)

    def bank_is_down(self, reason: str) -> None:
        """The bank does not come back: leave what is not finished pending."""
        hint = "wait until the bank is back; the same command goes on where it ended"
        self.request(f"the bank is down: {reason}", ExitCode.STOPPED_EARLY, hint=hint)

    async def pause(self, seconds: float) -> None:
        """Sleep, but not longer than the run goes on."""
        if seconds > 0:
            await self._pacer.pause(seconds)

    async def at_deadline(self, deadline: str) -> None:
        """Stop when ``stop.deadline`` comes; returns at once if there is none."""
        at = deadline_at(deadline, datetime.now().astimezone())
        if at is not None:
            await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
            self.request(f"the deadline {deadline} has come", ExitCode.STOPPED_EARLY, hint=_AGAIN)

    def on_second_signal(self, stop_now: Callable[[], None]) -> None:
        """What a second signal does."""
        self._stop_now = stop_now

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to SIGINT and SIGTERM: the first drains, the second stops now."""
        loop = asyncio.get_running_loop()
        codes = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
        for name, code in codes.items():
            loop.add_signal_handler(name, self._signalled, name, code)
        try:
            yield
        finally:
            for name in codes:
                loop.remove_signal_handler(name)

    def _signalled(self, name: signal.Signals, code: ExitCode) -> None:
        if self.requested:
            self._stop_now()
            return
        self.request(f"{name.name} (a second one stops now)", code, hint=_AGAIN)


class StopRules:
    """When failures are too many (DESIGN 3.4, ``[stop]``), or all the same. Pure but for its counts."""

    def __init__(self, settings: Settings) -> None:
        self._stop = settings.stop
        self._last: tuple[str, str, str] | None = None
        self._same = 0
        self.finished = 0
        self.failed = 0

    def feed(self, journey: Journey) -> str:
        """Count one finished customer; the reason to stop, or nothing."""
        self.finished += 1
        if journey.standing not in (Standing.FAILED, Standing.IN_DOUBT):
            self._same, self._last = 0, None
            return ""
        self.failed += 1
        signature = (journey.phase, journey.code, journey.field)
        self._same = self._same + 1 if signature == self._last else 1
        self._last = signature
        if self._same >= _SAME_CAUSE:
            return f"{self._same} customers in a row ended with the same cause: {journey.phase}, {journey.code}"
        if self._stop.max_failed_rows and self.failed >= self._stop.max_failed_rows:
            return f"{self.failed} customers failed or are in doubt (stop.max_failed_rows)"
        percent = 100 * self.failed / self.finished
        if self.finished >= self._stop.min_rows and percent > self._stop.max_failed_percent:
            return f"{percent:.0f} % of {self.finished} customers failed or are in doubt (stop.max_failed_percent)"
        return ""
