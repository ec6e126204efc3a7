"""Places for requests under way: how many there are adapts to how the bank bears them.

A bank that works on many calls at once answers as fast with all places in use as with few. One that does not lets them
queue: its latency grows with the number in flight and nothing is won. ``Knee`` finds the difference by trying: while
all places are in use and the rate is not reached, it gives out a quarter fewer or more for a while and compares the
latency of the same calls just before. Where latency follows the number, fewer are better; where it does not, more.
Latencies are compared by their logarithms, which a few very slow answers hardly move, and fewer places are kept only
where the difference is clear in view of how much latencies vary anyway.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import log, sqrt

_WINDOW_ANSWERS = 256  # are compared with those of the window before
_FULL_SHARE = 0.9  # of a window's answers came while all places were in use, else it says nothing
_COMMON_SHARE = 0.25  # of a window's answers are of calls that the other one has, too, else they cannot be compared
_STEP_DIVISOR = 4  # one place in so many is tried more or less
_FOLLOWS_SLOPE = 0.5  # latency follows the number in flight if its logarithm changes by more than half as much
_SLOWER_EXPONENT = 0.8  # throughput fell nearly in proportion (1: fully); what the run itself does takes its time, too
_CLEAR_ERRORS = 3.0  # standard errors: such a difference is no accident
_REST_WINDOWS, _MAX_REST_WINDOWS = 4, 32  # windows between two trials; the more often nothing came of it, the more


@dataclass(slots=True, kw_only=True)
class _Window:
    """Answers at one number of places; of each call how many, and the sums of its latencies' logarithms and squares."""

    skip: int
    began: float = 0.0
    seconds: float = 0.0
    answers: int = 0
    full: int = 0
    calls: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def add(self, call: str, seconds: float, *, full: bool, now: float) -> None:
        """Note an answer; the first ones left under another limit."""
        if self.skip > 0:
            self.skip -= 1
            self.began = now
            return
        count, logs, squares = self.calls.get(call, (0, 0.0, 0.0))
        latency = log(max(seconds, 1e-6))
        self.calls[call] = count + 1, logs + latency, squares + latency * latency
        self.answers += 1
        self.full += full
        self.seconds = now - self.began

    def change(self, earlier: "_Window") -> tuple[float, float] | None:
        """By how much the logarithm of latency changed over the calls that both have, and its error; None: too few."""
        weights = changes = errors = 0.0
        for call, now in self.calls.items():
            before = earlier.calls.get(call, (0, 0.0, 0.0))
            if weight := min(now[0], before[0]):
                (mean, error), (mean_before, error_before) = _mean(*now), _mean(*before)
                weights += weight
                changes += weight * (mean - mean_before)
                errors += weight * weight * (error + error_before)
        return (changes / weights, sqrt(errors) / weights) if weights >= _COMMON_SHARE * _WINDOW_ANSWERS else None


def _mean(count: int, total: float, squares: float) -> tuple[float, float]:
    """The mean, and the square of its error."""
    mean = total / count
    return mean, max(0.0, squares / count - mean * mean) / count


class Knee:
    """How many calls in flight the bank works on at once. Pure; ``limit`` is what is given out now."""

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._settled = most
        self._up = False
        self._rest = self._left = _REST_WINDOWS
        self._before: _Window | None = None
        self._window = _Window(skip=most)

    def feed(self, call: str, seconds: float, *, full: bool, rate: float, now: float) -> None:
        """Note the answer to ``call``: whether all places were in use, and the rate in force at ``now``."""
        window = self._window
        window.add(call, seconds, full=full, now=now)
        if window.answers < _WINDOW_ANSWERS:
            return
        self._window = _Window(skip=0, began=now)
        bound_by_rate = window.seconds > 0 and window.answers / window.seconds >= _FULL_SHARE * rate
        if window.full < _FULL_SHARE * window.answers or (bound_by_rate and not self._up):
            # Where the rate is reached, or nearly, fewer could only cost: the way leads up, if there is one.
            self._up = bound_by_rate and self._settled < self._most
            self._left = min(self._left, _REST_WINDOWS)
            self.interrupted()
        elif self._before is not None:
            self._judge(self._before, window)
        else:
            self._left -= 1
            if self._left <= 0:
                self._try(window)

    def interrupted(self) -> None:
        """Something else than the number in flight decides about latency now: what is under trial is void."""
        self._before = None
        self._give(self._settled)

    def _try(self, before: _Window) -> None:
        if self._settled in (1, self._most):
            self._up = self._settled == 1
        step = max(1, self._settled // _STEP_DIVISOR)
        self._before = before
        self._give(min(self._most, self._settled + step) if self._up else max(1, self._settled - step))

    def _judge(self, before: _Window, window: _Window) -> None:
        if (change := window.change(before)) and self.limit != self._settled:
            moved, error = change
            follows = moved / log(self.limit / self._settled) > _FOLLOWS_SLOPE
            slower = window.seconds > before.seconds * (self._settled / self.limit) ** _SLOWER_EXPONENT
            if not follows if self._up else follows and not slower and abs(moved) > _CLEAR_ERRORS * error:
                self._settled, self._rest = self.limit, _REST_WINDOWS
                self._try(window)
                return
        self._up = not self._up
        self._rest = min(_MAX_REST_WINDOWS, 2 * self._rest)
        self._left = self._rest
        self._before = None
        self._give(self._settled)

    def _give(self, limit: int) -> None:
        self._window = _Window(skip=max(limit, self.limit))
        self.limit = limit


class Places:
    """The places; a caller holds one from building a body to reading the answer. First come, first served.

    ``async with places.first`` goes before all who wait by ``async with places``.
    """

    def __init__(self, most: int) -> None:
        self._knee = Knee(most)
        self._given = self._free = most  # those given out, and those of them that nobody holds
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._waiting_first: deque[asyncio.Future[None]] = deque()
        self.first = _First(self._take, self._give_back, self._waiting_first)

    @property
    def limit(self) -> int:
        """How many are given out at most."""
        return self._knee.limit

    @property
    def in_use(self) -> int:
        """How many are held."""
        return self._given - self._free

    async def __aenter__(self) -> None:
        await self._take(self._waiting)

    async def __aexit__(self, *_: object) -> None:
        self._give_back()

    def answered(self, call: str, seconds: float, *, rate: float, now: float) -> None:
        """Note how long the bank took for ``call``; the number of places may change."""
        self._knee.feed(call, seconds, full=self.in_use >= self.limit, rate=rate, now=now)
        self._grow()

    def interrupted(self) -> None:
        """The run is held back: latencies of this time tell nothing."""
        self._knee.interrupted()
        self._grow()

    def _grow(self) -> None:
        while self._given < self.limit:
            self._given += 1
            self._pass_on()

    async def _take(self, waiting: "deque[asyncio.Future[None]]") -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back()  # its turn came together with the end
            raise

    def _give_back(self) -> None:
        if self._given > self.limit:
            self._given -= 1
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give a place to the next who waits, or keep it."""
        for waiting in (self._waiting_first, self._waiting):
            while waiting:
                turn = waiting.popleft()
                if not turn.done():  # else cancelled
                    turn.set_result(None)
                    return
        self._free += 1


class _First:
    """A place for those who go first."""

    def __init__(
        self,
        take: "Callable[[deque[asyncio.Future[None]]], Awaitable[None]]",
        give_back: Callable[[], None],
        waiting: "deque[asyncio.Future[None]]",
    ) -> None:
        self._take, self._give_back, self._waiting = take, give_back, waiting

    async def __aenter__(self) -> None:
        await self._take(self._waiting)

    async def __aexit__(self, *_: object) -> None:
        self._give_back()
