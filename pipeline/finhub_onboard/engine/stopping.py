"""Early stops of a run: by a signal, a stop rule, a deadline, or a refusal that concerns the whole run.

Anybody can request a stop: nothing new is sent, calls in flight finish, and the same command continues later. Knows no
customer and no call.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from finhub_onboard.engine.refusal_scope import Suspicion
from finhub_onboard.engine.restored import FLAG, Signs
from finhub_onboard.engine.tasks import beside
from finhub_onboard.errors import ExitCode, OnboardError
from finhub_onboard.events import Handler, Notice, Stopping
from finhub_onboard.finhub.calls import Facts, Step
from finhub_onboard.journey.verdicts import Judgement
from finhub_onboard.model import Journey
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.pacing.long_wait import LongWait

_CLOCK_S = 1.0
_GOES_ON = "goes on where it ended"
_AGAIN = f"the same command {_GOES_ON}"


class Stopper:
    """Whether and why the run stops; the first reason counts. Implements ``journey.ports.Stop``.

    ``signs``, if given, detects a bank that is further than the ledger. ``grace_s`` is how long calls in flight are
    waited for.
    """

    def __init__(self, gate: Gate, emit: Handler, signs: Signs | None = None, *, grace_s: float = 10.0) -> None:
        self._gate = gate
        self._grace_s = grace_s
        self._signs = signs
        self._emit = emit
        self.requested = False
        self.reason = ""
        self.hint = ""
        self.exit_code = ExitCode.OK
        self.suspicion = Suspicion()
        self.weigh, self.take_up = self.suspicion.weigh, self.suspicion.take_up
        self._loop = asyncio.get_running_loop()
        self._signals = 0
        self._is_cut = False
        self._cut: Callable[[], object] = lambda: None
        self._grace: asyncio.TimerHandle | None = None

    def request(self, reason: str, exit_code: ExitCode, *, hint: str = "") -> None:
        """Stop sending; calls in flight finish, or are in doubt after the grace period."""
        if self.requested:
            return
        self.requested, self.reason, self.hint, self.exit_code = True, reason, hint, exit_code
        self._emit(Stopping(reason=reason))
        self._gate.halt()
        self._grace = self._loop.call_later(
            self._grace_s, self._cut_off, f"{self._grace_s:g} s are over (stop.grace_s)"
        )

    def compare(self, step: Step, judgement: Judgement, facts: Facts, journey: Journey) -> None:
        """Stop if the answers show that the bank is further than the ledger."""
        if self._signs is not None and (reason := self._signs.observe(step, judgement, facts, journey)):
            hint = f"put the newer ledger back if there is one, else run the whole book with {FLAG}"
            self.request(reason, ExitCode.STOPPED_EARLY, hint=hint)

    def fatal(self, judgement: Judgement, message: str) -> None:
        """A reply concerns the whole run."""
        self.request(message, judgement.exit_code, hint=judgement.hint)

    def error(self, error: OnboardError) -> None:
        """Stop for an error that is not a reply to a customer's call."""
        self.request(str(error), error.exit_code, hint=error.hint)

    def bank_is_down(self, reason: str) -> None:
        """The bank does not come back: unfinished customers stay pending."""
        hint = "wait until the bank is back; the same command goes on where it ended"
        self.request(f"the bank is down: {reason}", ExitCode.STOPPED_EARLY, hint=hint)

    async def heed(self, long_wait: LongWait) -> None:
        """Stop when the bank asks to be left alone for longer than a run waits."""
        seconds = await long_wait.repeated()
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).astimezone().isoformat(timespec="seconds")
        reason = f"the bank asks to be left alone until {until}, longer than retry.max_wait_s allows to wait"
        self.request(reason, ExitCode.STOPPED_EARLY, hint=f"run the same command again then: it {_GOES_ON}")

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than the run lasts."""
        if seconds > 0:
            await self._gate.pause(seconds)

    async def carry_out(self, work: Coroutine[Any, Any, None], *, deadline: datetime | None) -> None:
        """Run ``work`` to its end; cancel it after the grace period of a stop, or at a second signal.

        ``deadline`` is an instant. One that has passed requests the stop before ``work`` begins.
        """
        if _left_s(deadline) <= 0:
            self._be_late(deadline)
        task = asyncio.create_task(work)
        self._cut = task.cancel
        try:
            async with beside(self._at_deadline(deadline)):
                await task
        except asyncio.CancelledError:
            if not self._is_cut:
                raise
        finally:
            if self._grace is not None:
                self._grace.cancel()

    async def _at_deadline(self, deadline: datetime | None) -> None:
        # In steps by the wall clock, so that sleep of the machine and a set clock do not matter.
        while (left_s := _left_s(deadline)) > 0:  # noqa: ASYNC110 - time is no event
            await asyncio.sleep(min(left_s, _CLOCK_S))
        self._be_late(deadline)

    def _be_late(self, deadline: datetime | None) -> None:
        assert deadline is not None
        reason = f"the deadline {deadline.isoformat(timespec='seconds')} has come (stop.deadline)"
        self.request(reason, ExitCode.STOPPED_EARLY, hint=_AGAIN)

    def signalled(self, name: str, exit_code: ExitCode) -> None:
        """The first signal drains, the second one stops at once."""
        self._loop.call_soon_threadsafe(self._on_signal, name, exit_code)

    def _on_signal(self, name: str, exit_code: ExitCode) -> None:
        if self._signals:
            self._cut_off("a second signal")
        self._signals += 1
        self.request(f"{name} (a second one stops now)", exit_code, hint=_AGAIN)

    def _cut_off(self, why: str) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._emit(Notice(message=f"calls that are still under way are not waited for: {why}"))
            self._cut()


def _left_s(deadline: datetime | None) -> float:
    """Seconds until an instant by the wall clock, which is what an instant means; without one, for ever."""
    return inf if deadline is None else (deadline - datetime.now(UTC)).total_seconds()
