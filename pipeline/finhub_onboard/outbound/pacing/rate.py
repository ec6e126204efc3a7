"""The rate in view of what the bank refuses: a pure rule over times that are handed in.

A cut sets the rate to a tenth below the level that the bank just accepted, and remembers that level. The climb back
(as in TCP CUBIC) is fast far below it, flat around it, and fast again beyond it: a limit lower than configured is
probed only now and then, and one that was raised is soon used. The longer the bank holds the run for each refusal, and
the more often it was the same level, the rarer it is probed. Knows no call and no clock.
"""

from collections import deque

_CUT_FACTOR = 0.9  # of the bank's limit: what is used of it right after a refusal
_DEEP_CUT_FACTOR, _CUT_AT_MOST_FACTOR = 0.1, 0.7  # of the rate in force: what the level is at least
_CLIMB_S = 25.0  # from nothing to the configured rate
_MAX_CLIMB_S = 120.0
_SAME_LEVEL_SHARE, _CLIMB_GROWTH_FACTOR = 0.15, 1.5  # a level that is met again is firm: each climb takes longer
_CALLS_PER_CLIMB = 20.0  # are sent before the level is tried again, also where that takes long
_MIN_RATE = 0.2
_STEP_S = 1.0
_LEVEL_S = 1.0  # the level is what was accepted in so many seconds ...
_PEAK_S = 0.5  # ... at most, over so many seconds' worth of calls: whatever time all were held meanwhile


class Rate:
    """The rate in force; ``asked`` is the configured one, calls per second, and the upper bound."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.now = asked
        self._level = asked
        self._climb_s = _CLIMB_S
        self._from = 0.0
        self._stepped_at = 0.0
        self._before_cut = self.now, self._level, self._climb_s, self._from
        self._accepted: deque[float] = deque()
        self._number = 0
        self._peaks: deque[tuple[int, int]] = deque()  # falling: of which call on, how many in a second at most

    def accepted(self, at: float) -> None:
        """The bank accepted a call."""
        accepted, peaks = self._accepted, self._peaks
        accepted.append(at)
        while accepted[0] <= at - _LEVEL_S:
            accepted.popleft()
        self._number += 1
        count = len(accepted)
        while peaks and peaks[-1][1] <= count:
            peaks.pop()
        peaks.append((self._number, count))
        while peaks[0][0] <= self._number - self.now * _PEAK_S:
            peaks.popleft()

    def change(self, asked: float) -> None:
        """Another rate is configured. One that was cut stays so, and climbs to the new one."""
        is_cut = self.now < self.asked
        self.asked = asked
        self.now, self._level = (min(self.now, asked), min(self._level, asked)) if is_cut else (asked, asked)

    def cut(self, at: float, *, hold_s: float, deep: bool = True) -> None:
        """The bank refused calls at this rate and lets nothing pass for ``hold_s`` seconds.

        ``deep``: it refuses nearly all, so that what it took lately is all that it takes.
        """
        self._before_cut = self.now, self._level, self._climb_s, self._from
        before = self._level
        peak = float(self._peaks[0][1]) if self._peaks else 0.0
        self._level = min(self.now, max(peak, self.now * (_DEEP_CUT_FACTOR if deep else _CUT_AT_MOST_FACTOR)))
        self.now = max(self._level * _CUT_FACTOR, min(_MIN_RATE, self.asked))
        firm = abs(self._level - before) <= _SAME_LEVEL_SHARE * before
        climb_s = self._climb_s * _CLIMB_GROWTH_FACTOR if firm else _CLIMB_S
        self._climb_s = min(_MAX_CLIMB_S, max(climb_s, _CLIMB_S * hold_s, _CALLS_PER_CLIMB / self.now / self._bend()))
        self._from = self._stepped_at = at + hold_s

    def take_back(self) -> None:
        """The last cut changed nothing: be again as before it."""
        now, self._level, self._climb_s, self._from = self._before_cut
        self.now = min(self.asked, max(self.now, now))

    def climb(self, at: float) -> bool:
        """Go up as far as is due by now, once a second; whether the rate changed."""
        if self.now >= self.asked or at - self._stepped_at < _STEP_S:
            return False
        self._stepped_at = at
        due = self._level + self.asked * ((at - self._from) / self._climb_s - self._bend()) ** 3
        self.now = min(self.asked, max(self.now, due))
        return True

    def _bend(self) -> float:
        """The part of the climb after which it is at the level again."""
        return float(((1 - _CUT_FACTOR) * self._level / self.asked) ** (1 / 3))
