"""How fast the bank is called: the rate, the number in flight, and holding back when the bank says so.

Promise 4: in no one-second window do more than ``calls_per_second`` requests leave, over all workers, and the rate is
used while there is work. Two rules together keep it: aiolimiter spaces the calls, so that a request that is a little
late at the bank meets few others, and a window over the calls of the last second makes the bound exact.
A window is taken as slightly longer than a second (``_GUARD_S``), because between here and the bank calls shift
against each other. What counts is when a call reaches the bank. Nothing tells it, but the first answer to a call that
left no earlier bounds it, and hardly depends on how long the bank works on a single call. When that comes later than
usual, something stood still, and the calls of that time stay in the window as much longer.

A refusal for rate holds all calls for as long as the bank asks and slows everybody at once (``rate``), unless one
customer is refused alone (``alone``); how many are under way together adapts to how the bank bears them (``places``).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from math import floor

from aiolimiter import AsyncLimiter

from finhub_onboard.outbound.pacing.alone import Alone
from finhub_onboard.outbound.pacing.count import Count
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.rate import Rate

_GUARD_S = 0.005
_LATEST_S = 1.0  # a call that nothing was heard of for longer hangs at the bank, or is lost
_ARRIVALS = 64  # what is usual is seen from so many
_USUAL = 0.25  # this share of the answers came sooner
_LOOK_AGAIN = 8
_BURST_S = 0.02
_CATCH_UP = 1.1  # spacing alone would never win back what a loop that woke late has missed; the window bounds it
_SAME_WINDOW_S = 1.0  # what left so soon after a cut may meet the window of the bank that the cut was for
_LOOK_S = 0.1  # how soon a wait notices that the run was halted, the gate shut or the calls held


@dataclass(slots=True, kw_only=True)
class Turn:
    """The right to send one request: when it was given or, once it has ``left``, used. Seconds, monotonic.

    ``late_s`` is by how much later than usual it may have reached the bank; None while that is not known.
    """

    at: float
    left: bool = False
    late_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a refusal for rate led to: all calls are held for ``seconds``; ``cut``: the rate is lower from now on.

    ``alone``: neither, because one customer is refused again and again while others pass.
    """

    seconds: float
    cut: bool
    alone: bool = False


class Pacer:
    """Admits requests; one for the whole run. ``clock`` gives monotonic seconds.

    ``wait_s`` tells how long to hold all calls when the bank refused for rate and named no time, by how often it did
    so in a row; ``max_wait_s`` caps what it names.
    """

    def __init__(
        self,
        *,
        calls_per_second: float,
        max_in_flight: int,
        wait_s: Callable[[int], float] = lambda _: 1.0,
        max_wait_s: float = 60.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._rate = Rate(calls_per_second)
        self._wait_s = wait_s
        self.max_wait_s = max_wait_s
        self._clock = clock or asyncio.get_running_loop().time
        self._turn = asyncio.Lock()
        self._gate = asyncio.Event()
        self._gate.set()
        self._halted = asyncio.Event()
        self._limiter = self._make_limiter()
        self._rate_is_new = False
        # Below one call a second the window holds one call and grows instead.
        self._window_calls = max(1, floor(calls_per_second))
        self._window_s = max(1.0, self._window_calls / calls_per_second) + _GUARD_S
        self._on_the_way: deque[Turn] = deque()
        self._arrivals: deque[float] = deque(maxlen=_ARRIVALS)
        self._answered = 0
        self._usual_s = 0.0
        self._window: list[tuple[float, int, Turn]] = []  # a heap: when each call leaves the window
        self._given = 0
        self._last_given = float("-inf")
        self._held_until = 0.0
        self._under_way = 0
        self._heard_at = 0.0
        self._refused_at = self._cut_at = float("-inf")
        self._alone = Alone()
        self.refusals = 0
        """Refusals for rate since the bank last took a call; those of one burst count once."""
        self.in_flight = Places(max_in_flight)
        """Places for requests under way."""
        self.count = Count(self._clock)

    @property
    def asked(self) -> float:
        """The configured rate, calls per second."""
        return self._rate.asked

    @property
    def rate(self) -> float:
        """The rate in force, calls per second."""
        return self._rate.now

    @property
    def held_s(self) -> float:
        """For how long nothing may leave yet, as the bank asked."""
        return max(0.0, self._held_until - self._clock())

    @property
    def silent_s(self) -> float:
        """For how long the bank has answered nothing, while calls are under way."""
        return self._clock() - self._heard_at if self._under_way else 0.0

    async def turn(self, *, urgent: bool = False) -> "Turn | None":
        """Wait until one more request may leave, first come, first served; the caller then sends soon.

        Between this and ``depart`` lies the write of the intent: whoever waits here has none that a crash could leave
        in doubt. None: the run was halted and nothing may leave. ``urgent`` passes the gate that ``shut`` closed.
        """
        while not self._halted.is_set():
            if not urgent:
                await self._gate.wait()
            async with self._turn:
                if await self._may_leave(urgent=urgent):
                    turn = Turn(at=self._clock())
                    self._given += 1
                    self._last_given = turn.at
                    heappush(self._window, (turn.at + self._window_s, self._given, turn))
                    return turn
        return None

    def depart(self, turn: "Turn") -> None:
        """The request of ``turn`` leaves now; it is this moment that later ones keep their distance from."""
        turn.at = self._clock()
        turn.left = True
        if not self._under_way:
            self._heard_at = turn.at
        self._under_way += 1
        self._on_the_way.append(turn)
        self.count.add(turn.at)

    def arrived(self, turn: "Turn") -> None:
        """The request of ``turn`` was answered, or given up: all that left before it have reached the bank."""
        now = self._clock()
        self._under_way -= 1
        on_the_way = self._on_the_way
        if not on_the_way or on_the_way[0].at > turn.at:
            return  # a later call was answered first
        # One sample for an answer, however many calls it stands for: what stood still once is not usual.
        self._arrivals.append(now - on_the_way[0].at)
        if self._answered % _LOOK_AGAIN == 0:
            self._usual_s = sorted(self._arrivals)[int(len(self._arrivals) * _USUAL)]
        self._answered += 1
        while on_the_way and on_the_way[0].at <= turn.at:
            earlier = on_the_way.popleft()
            earlier.late_s = self._late_s(now - earlier.at)

    async def _may_leave(self, *, urgent: bool) -> bool:
        """Wait for the hold, the spacing and the window. False: the run was halted or the gate shut meanwhile."""
        spaced = False
        while not self._halted.is_set() and (urgent or self._gate.is_set()):
            now = self._clock()
            if self._held_until > now:
                await self.pause(self._held_until - now)
            elif not spaced:
                await self._follow_rate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._limiter.acquire()
                        spaced = True
            elif (due := self._window_opens_at()) > now:
                await asyncio.sleep(min(due - now, _LOOK_S))
            else:
                return True
        return False

    def _window_opens_at(self) -> float:
        """When one more call fits. A call stays in the window from when it left until a second after it arrived."""
        now = self._clock()
        window = self._window
        while window and window[0][0] <= now:
            _, number, turn = window[0]
            if (until := self._in_window_until(turn, now)) > now:
                heapreplace(window, (until, number, turn))
            else:
                heappop(window)
        return window[0][0] if len(window) >= self._window_calls else float("-inf")

    def _in_window_until(self, turn: "Turn", now: float) -> float:
        if not turn.left:
            return now + _LOOK_S
        late_s = self._late_s(now - turn.at) if turn.late_s is None else turn.late_s
        return turn.at + self._window_s + late_s

    def _late_s(self, took_s: float) -> float:
        return min(_LATEST_S, max(0.0, took_s - self._usual_s))

    async def pause(self, seconds: float) -> None:
        """Sleep, but not longer than the run goes on."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halted.wait(), max(0.0, seconds))

    def shut(self) -> None:
        """Let nothing leave until ``reopen``: the bank is down."""
        self._gate.clear()

    def reopen(self) -> None:
        """Let requests leave again."""
        self._gate.set()

    def halt(self) -> None:
        """Wake everybody who waits: the run stops."""
        self._halted.set()
        self._gate.set()

    def taken(self, call: str, seconds: float, *, who: str = "") -> None:
        """Note that the bank did not refuse ``call`` of customer ``who`` for its rate, and how long it took for it."""
        now = self._heard_at = self._clock()
        self.refusals = 0
        self._alone.taken(who)
        self._rate.taken(now)
        self.in_flight.answered(call, seconds, rate=self.rate, now=now)

    def refused(self, turn: Turn, asked_s: float | None, *, who: str = "") -> Hold:
        """Note a refusal for rate: hold all calls, ``asked_s`` seconds if the bank named a time, and cut the rate.

        Refusals of calls that were under way together, or that left into the same second at the bank, cut it once.
        If customer ``who`` is refused again while others pass, nobody is held.
        """
        now = self._heard_at = self._clock()
        if self._alone.refused(who):
            return Hold(seconds=0.0, cut=False, alone=True)
        again = turn.at > self._refused_at  # not of the burst that was refused last
        if again:
            self._refused_at = now
            self.refusals += 1
        own = self._wait_s(self.refusals) if again else 0.0
        self._held_until = max(self._held_until, now + (own if asked_s is None else min(asked_s, self.max_wait_s)))
        cut = turn.at >= self._cut_at + _SAME_WINDOW_S
        if cut:
            self._cut_at = now
            self._rate.cut(now, hold_s=self.held_s)
            self._rate_is_new = True
        self.in_flight.interrupted()
        return Hold(seconds=self.held_s, cut=cut)

    async def _follow_rate(self) -> None:
        now = self._clock()
        if self._rate.climb(now) or self._rate_is_new:
            self._rate_is_new = False
            self._limiter = self._make_limiter()
            # A new limiter is an empty one: without this each step of the climb would let a burst through.
            idle_s = now - self._last_given
            await self._limiter.acquire(max(0.0, self._limiter.max_rate - idle_s * self.rate))

    def _make_limiter(self) -> AsyncLimiter:
        """Evenly spaced calls; a loop that wakes late may catch up ``_BURST_S`` worth of them at once."""
        rate = self.rate if self.rate < self.asked else self.rate * _CATCH_UP
        burst = 1.0 + rate * _BURST_S
        return AsyncLimiter(burst, burst / rate)
