"""The rate budget of one process: never above the rate in any second, and the rate is used while there is work.

Promise 4: in no one-second window do more than ``calls_per_second`` requests leave, over all workers. Two rules keep
it: aiolimiter spaces the calls, so that a request that is a little late at the bank meets few others, and a sliding
window over the calls of the last second (``window``) makes the bound exact. It is slightly longer than a second,
because the delay between here and the bank varies.

What counts is when a call reaches the bank. That is after it was written, which is when the window begins for it: a
loaded process may be stopped between the permit and the write, and the intent is written between them. Permits are
given as much earlier as that usually takes (``wait_due``), or a part of each second would be lost. When a call arrives
is not observed, but the first answer to a call that left no earlier bounds it, and hardly depends on how long the bank
works on a single call. If answers are later than usual, assume queued requests: keep those calls in the window longer
by the delay. On a busy machine usual answers are late ones, too; how late this process itself wakes (``lateness``)
tells so.

Refusals for rate that show a limit (``evidence``) hold all calls for as long as the bank asks and lower the rate at
once (``rate``); otherwise only the refused call waits, and so does a customer who is refused alone (``alone``). How
many are under way together adapts to how the bank bears them (``places``).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

from aiolimiter import AsyncLimiter

from finhub_onboard.outbound.pacing.alone import Alone
from finhub_onboard.outbound.pacing.counters import Counters
from finhub_onboard.outbound.pacing.evidence import Evidence
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.pacing.kinds import Kinds
from finhub_onboard.outbound.pacing.lateness import Lateness
from finhub_onboard.outbound.pacing.long_wait import LongWait
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.ports import Hold, Permit
from finhub_onboard.outbound.pacing.rate import Rate
from finhub_onboard.outbound.pacing.window import POLL_S, Window

_MAX_LATE_S = 1.0  # a call that nothing was heard of for longer hangs at the bank, or is lost
_LATENCY_SAMPLES = 64
_USUAL_QUANTILE = (
    0.1  # of the samples: what an answer usually takes; where the bank often stands still, few are on time
)
_ANSWERS_PER_QUANTILE = 8  # it is worked out anew after so many
_MIN_SAMPLES = 32  # of fewer all may have been late
_MAX_LEAD_S = 0.02  # before it may be written a call gets its permit at most so early
_LEAD_SAMPLES = 64  # the time between the two is averaged over so many
_BURST_S = 0.02
_CATCH_UP_FACTOR = 1.1  # spacing alone would never win back what a loop that woke late missed; the window bounds it


class Pacer:
    """Fulfils ``ports.RateBudget``; one for the whole run. ``clock`` gives monotonic seconds.

    ``wait_s`` tells how long to hold all calls when the bank refused for rate and named no time, by how often it did
    so in a row; ``max_wait_s`` caps what it names; ``by_kind`` limits calls of some kinds further (``kinds``). The
    gate, the counters, the places and the rule of long waits are made here.
    """

    def __init__(
        self,
        *,
        calls_per_second: float,
        max_in_flight: int,
        by_kind: Mapping[str, float] = MappingProxyType({}),
        wait_s: Callable[[int], float] = lambda _: 1.0,
        max_wait_s: float = 60.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._rate = Rate(calls_per_second)
        self._wait_s = wait_s
        self.max_wait_s = max_wait_s
        self._clock = clock or asyncio.get_running_loop().time
        self.gate = Gate(self._clock)
        self.counters = Counters(self._clock)
        self.places = Places(max_in_flight)
        self.long_wait = LongWait(max_wait_s)
        self._queue = asyncio.Lock()
        self._limiter = self._make_limiter()
        self._rate_is_new = False
        self._window = Window(calls_per_second, self._late_s)
        self._lead_s = 0.0
        self._kinds = Kinds(by_kind, self.gate, late_s=self._late_s, clock=self._clock)
        self.is_limited, self.reserve = self._kinds.is_limited, self._kinds.reserve
        self._unanswered: deque[Permit] = deque()
        self._latencies: deque[float] = deque(maxlen=_LATENCY_SAMPLES)
        self._answers = 0
        self._usual_s = 0.0
        self._lateness = Lateness(self._clock)
        self._last_granted_at = float("-inf")
        self._refused_at = float("-inf")
        self._alone = Alone()
        self._evidence = Evidence()

    @property
    def asked(self) -> float:
        """The configured rate, calls per second."""
        return self._rate.asked

    @property
    def rate(self) -> float:
        """The rate in force, calls per second."""
        return self._rate.now

    def change(self, calls_per_second: float, by_kind: Mapping[str, float]) -> None:
        """Set other limits, for all calls and for those of some kinds; calls that left before count for them, too."""
        if calls_per_second != self.asked:
            self._rate.change(calls_per_second)
            self._window.change(calls_per_second, self._clock())
            self._rate_is_new = True
            self.places.interrupted()
        self._kinds.change(by_kind, self._window)

    @property
    def is_settled(self) -> bool:
        """Whether no second of the bank holds more than the limits by now, whatever was granted before a change."""
        return self._window.fits(self._clock(), early=True) and self._kinds.fit()

    async def acquire(self, reserved: Permit | None = None, *, kind: str = "", urgent: bool = False) -> Permit | None:
        """Wait until one more request may leave, first come, first served; the caller then sends soon.

        Between this and ``sent`` lies the write of the intent: whoever waits here has none that a crash could leave in
        doubt. None: the run was halted and nothing may leave. ``urgent`` passes a shut gate.
        """
        permit = reserved
        while not self.gate.is_halted and (permit := permit or await self.reserve(kind)):
            if not (urgent or self.gate.is_open):
                await self.gate.wait_open()
            async with self._queue:
                if await self._may_leave(urgent=urgent):
                    if self.is_limited(kind) and not permit.is_counted:  # by now it must be
                        permit = None
                        continue
                    permit.is_granted = True
                    self._last_granted_at = permit.at = self._clock()
                    permit.number = self._window.add(permit)
                    return permit
        return None

    async def wait_due(self, permit: Permit) -> None:
        """Wait until the request may be written: a permit is given early by what lies between, such as its intent."""
        now = self._clock()
        self._lead_s += (min(now - permit.at, _MAX_LEAD_S) - self._lead_s) / _LEAD_SAMPLES
        early_s = self._window.due_s(permit, now)
        try:
            while early_s > 0:
                await asyncio.sleep(min(early_s, POLL_S))
                early_s = self._window.due_s(permit, self._clock())
        except asyncio.CancelledError:
            permit.release()  # a probe is given up after a while; what is never written would stay in the window
            raise

    def sent(self, permit: Permit) -> None:
        """The request of ``permit`` is handed to the transport, which may have to connect first."""
        permit.at = self._clock()
        self.counters.began(permit.at)
        self._lateness.watch()

    def written(self, permit: Permit) -> None:
        """The request of ``permit`` left, just now at the latest; later ones keep their distance from this moment."""
        permit.at = self._clock()
        permit.is_written = True
        self._unanswered.append(permit)
        self.counters.sent(permit.at)

    def answered(self, permit: Permit) -> None:
        """The request of ``permit`` was answered, or given up: all that left before it have reached the bank."""
        if not permit.is_written:  # never connected, or by a transport that does not tell
            self.written(permit)
        now = self._clock()
        self.counters.ended()
        unanswered = self._unanswered
        if not unanswered or unanswered[0].at > permit.at:
            return  # a later call was answered first
        # One sample for an answer, however many calls it stands for: what stood still once is not usual.
        self._latencies.append(now - unanswered[0].at)
        self._answers += 1
        if self._answers % _ANSWERS_PER_QUANTILE == 0 and len(self._latencies) >= _MIN_SAMPLES:
            self._usual_s = sorted(self._latencies)[int(len(self._latencies) * _USUAL_QUANTILE)]
        while unanswered and unanswered[0].at <= permit.at:
            earlier = unanswered.popleft()
            earlier.late_s = self._late_s(now - earlier.at)

    async def _may_leave(self, *, urgent: bool) -> bool:
        """Wait for the hold, the spacing and the window. False: the run was halted or the gate shut meanwhile."""
        gate = self.gate
        spaced = False
        while (urgent or gate.is_open) and not gate.is_halted:
            if held_s := gate.held_s:
                await gate.pause(held_s)
            elif not spaced:
                await self._follow_rate()
                spaced = await self._take_turn()
            elif (full_s := self._window.full_s(self._clock(), self._lead_s)) > 0:
                await asyncio.sleep(min(full_s, POLL_S))
            else:
                return True
        return False

    async def _take_turn(self) -> bool:
        """Wait for the spacing, but not for long; return whether this call may be the next."""
        if self._limiter.has_capacity():  # then nobody waits
            await self._limiter.acquire()
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._limiter.acquire()
                return True
        return False

    def _late_s(self, took_s: float) -> float:
        """By how much later than usual a call of ``took_s`` may have arrived."""
        usual_s = max(0.0, self._usual_s - self._lateness.seconds)
        return min(_MAX_LATE_S, max(0.0, took_s - usual_s))

    def accepted(self, call: str, seconds: float, *, who: str = "") -> None:
        """The bank did not refuse ``call`` of customer ``who`` for its rate, and took ``seconds`` for it."""
        now = self._clock()
        self.counters.accepted(now)
        self.long_wait.accepted()
        self._alone.accepted(who)
        self._rate.accepted(now)
        if self._evidence.accepted(now - seconds):
            self._take_back()
        self.places.answered(call, seconds, rate=self.rate, now=now)

    def refused(self, permit: Permit, asked_s: float | None, *, who: str = "") -> Hold:
        """Note a refusal for rate; if it shows a limit, hold all calls as long as the bank ``asked``, and cut the rate.

        Refusals of calls that were under way together, or that left into the same second at the bank, cut it once.
        If customer ``who`` is refused again while others pass, nobody is held.
        """
        now = self._clock()
        self.long_wait.refused(asked_s, left_at=permit.at, now=now, who=who)
        is_alone = self._alone.refused(who)
        cut = is_of_cut = False
        if not is_alone:
            is_of_cut = self._evidence.is_of_cut(permit.at)
            if self._evidence.refused(permit.at):
                self._take_back()
            cut = not is_of_cut and self._evidence.shows_limit(self.rate)
        is_new_burst = (cut or is_of_cut) and permit.at > self._refused_at
        self.counters.refused(now, is_new_burst=is_new_burst)
        if not (cut or is_of_cut):
            return Hold(seconds=0.0, cut=False, alone=is_alone)
        own_s = 0.0
        if is_new_burst:
            self._refused_at = now
            own_s = self._wait_s(self.counters.refusals)
        self.gate.hold(min(asked_s, self.max_wait_s) if asked_s else own_s)
        if cut:
            before = self.rate
            self._rate.cut(now, hold_s=self.gate.held_s, deep=self._evidence.is_wall)
            self._evidence.cut(now, factor=self.rate / before)
            self._rate_is_new = True
        self.places.interrupted()
        return Hold(seconds=self.gate.held_s, cut=cut)

    def _take_back(self) -> None:
        self._rate.take_back()
        self._rate_is_new = True

    async def _follow_rate(self) -> None:
        now = self._clock()
        if self._rate.climb(now) or self._rate_is_new:
            self._rate_is_new = False
            self._limiter = self._make_limiter()
            # A new limiter is an empty one: without this each step of the climb would let a burst through.
            idle_s = now - self._last_granted_at
            await self._limiter.acquire(max(0.0, self._limiter.max_rate - idle_s * self.rate))

    def _make_limiter(self) -> AsyncLimiter:
        """Evenly spaced calls; a loop that wakes late may catch up ``_BURST_S`` worth of them at once."""
        rate = self.rate if self.rate < self.asked else self.rate * _CATCH_UP_FACTOR
        burst = 1.0 + rate * _BURST_S
        return AsyncLimiter(burst, burst / rate)
