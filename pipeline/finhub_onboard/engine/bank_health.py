"""Health check of the bank: if it only fails, or stops answering, nothing is sent until it answers again.

A joiner of the pacer and the events. No customer fails because the bank is down: nothing is sent while the gate is
shut, and a probe, a call that changes nothing, finds out whether the bank is back. Trouble with one customer is never
taken for an outage: any answer below 500 other than 429 shows that the bank is up.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from finhub_onboard.errors import OnboardError, StoppedEarlyError
from finhub_onboard.events import BankBack, BankDown, Handler
from finhub_onboard.finhub.calls import Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.outbound.pacing.counters import Counters
from finhub_onboard.outbound.pacing.gate import Gate

_FAILURES = 5  # consecutive failures, with no answer between
_LOOK_S = 0.5
_SILENCE_S = 5.0
_SILENCE_FACTOR = 2.0  # patience grows with the slowest recent answer
_SLOWEST_DECAY = 0.95
_LOOK_PROBE_S, _PROBE_S = 5.0, 10.0

Probe = Callable[[], Awaitable[Reply]]


class Health:
    """Observes every reply; ``watch`` runs beside the customers. ``clock`` gives monotonic seconds."""

    def __init__(
        self, gate: Gate, counters: Counters, emit: Handler, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gate = gate
        self._counters = counters
        self._emit = emit
        self._clock = clock
        self._failures = 0
        self._rounds = 0
        self._slowest_s = 0.0
        self._down = asyncio.Event()
        self.reason = ""

    def observe(self, reply: Reply) -> None:
        """Count consecutive failures; an answer to a call in flight ends an outage."""
        if reply.alone or reply.kind is Kind.STOPPED:
            return
        if is_answer(reply):
            self._failures = self._rounds = 0
            self._slowest_s = max(reply.seconds, _SLOWEST_DECAY * self._slowest_s)
            self._back()
        elif reply.says == _TOO_MANY:
            # The rate budget slows the calls; a bank that takes none any more, burst after burst, is as good as down.
            self._count(max(self._failures, self._counters.refusals), reply)
        else:
            self._count(self._failures + 1, reply)

    async def watch(
        self, probe: Probe, patience: Patience, give_up: Callable[[str], None], refused: Callable[[OnboardError], None]
    ) -> None:
        """Probe a bank that is down until it answers; call ``give_up`` with the reason when ``patience`` ends."""
        try:
            while await self._back_after_fall(probe, patience):
                pass
        except OnboardError as error:
            refused(error)
        else:
            give_up(self.reason)

    async def _back_after_fall(self, probe: Probe, patience: Patience) -> bool:
        await self._until_down(probe)
        self._emit(BankDown(reason=self.reason))
        since = self._clock()
        only_rate = False
        while self._down.is_set():
            # The outage continues if calls fail and only the probe is answered.
            waited = not only_rate or self._clock() - since >= patience.max_wait_s
            if self._rounds >= patience.max_attempts and waited:
                return False
            self._rounds += 1
            await self._gate.pause(max(patience.wait_s(self._rounds), self._gate.held_s))
            if self._down.is_set():
                reply = await _ask(probe, _PROBE_S)
                only_rate = reply.is_for_rate
                if is_answer(reply):
                    self._failures = 0
                    self._back()
                elif reply.status is None and reply.cause and reply.kind not in (Kind.SILENT, Kind.STOPPED):
                    self.reason = reply.cause  # a probe may diagnose the cause
        return True

    async def _until_down(self, probe: Probe) -> None:
        """Return when calls have failed, or when nothing is answered any more and neither is a probe."""
        while not self._down.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._down.wait(), _LOOK_S)
            silent_s = self._counters.silent_s
            longest_s = _SILENCE_S + _SILENCE_FACTOR * self._slowest_s
            if self._down.is_set() or silent_s < longest_s or self._gate.held_s:
                continue
            if not is_answer(await _ask(probe, _LOOK_PROBE_S)) and self._counters.silent_s > silent_s:
                self._fall(f"no answer for {self._counters.silent_s:.0f} s")

    def _count(self, failures: int, reply: Reply) -> None:
        self._failures = failures
        if failures >= _FAILURES and not self._down.is_set():
            self._fall(reply.cause or f"it answers {reply.status}")

    def _fall(self, reason: str) -> None:
        self.reason = reason
        self._gate.shut()
        self._down.set()

    def _back(self) -> None:
        if self._down.is_set():
            self._down.clear()
            self._gate.reopen()
            self._emit(BankBack())


_TOO_MANY = 429
_SILENT = Reply(cause="no answer in time", kind=Kind.SILENT)


def is_answer(reply: Reply) -> bool:
    """Whether the reply shows that the bank is up and accepts calls."""
    status = reply.says or reply.status
    return status is not None and status < 500 and status != _TOO_MANY  # noqa: PLR2004 - server errors


async def _ask(probe: Probe, seconds: float) -> Reply:
    """The probe's reply; a bank that takes longer for one than so many ``seconds`` is not there."""
    try:
        async with asyncio.timeout(seconds):
            return await probe()
    except (TimeoutError, StoppedEarlyError):  # not even a log-in is answered
        return _SILENT
