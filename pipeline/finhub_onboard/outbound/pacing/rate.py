"""The rate in view of what the bank refuses: a pure rule over times that are handed in.

A refusal cuts the rate to a tenth below the level that the bank just accepted, and remembers that level. The climb back
(as in TCP CUBIC) is fast far below it, flat around it, and fast again beyond it: a limit lower than configured is
probed only now and then, and one that was raised is soon used. The longer the bank holds the run for each refusal, and
the more often it was the same level, the rarer it is probed. Knows no call and no clock.
"""

from collections import deque

_CUT_FACTOR = 0.9  # of the bank's limit: what is used of it right after a refusal
_MIN_CUT_FACTOR = 0.5  # of the rate in force: one refusal tells little, several in a row go down quickly all the same
_CLIMB_S = 25.0  # from nothing to the configured rate
_MAX_CLIMB_S = 120.0
_SAME_LEVEL_SHARE, _CLIMB_GROWTH_FACTOR = 0.15, 1.5  # a level that is met again is firm: each climb takes longer
_CALLS_PER_CLIMB = 20.0  # are sent before the level is tried again, also where that takes long
_MIN_RATE = 0.2
_STEP_S = 1.0
_LEVEL_S = 1.0  # the level is what was accepted in so many seconds


class Rate:
    """The rate in force; ``asked`` is the configured one, calls per second, and the upper bound."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.now = asked
        self._level = asked
        self._climb_s = _CLIMB_S
        self._from = 0.0
        self._stepped_at = 0.0
        self._accepted: deque[float] = deque()

    def accepted(self, at: float) -> None:
        """The bank accepted a call."""
        self._accepted.append(at)
        self._forget(at)

    def cut(self, at: float, *, hold_s: float) -> None:
        """The bank refused calls at this rate and lets nothing pass for ``hold_s`` seconds."""
        self._forget(at)
        before = self._level
        self._level = min(self.now, max(float(len(self._accepted)), self.now * _MIN_CUT_FACTOR))
        self.now = max(self._level * _CUT_FACTOR, min(_MIN_RATE, self.asked))
        firm = abs(self._level - before) <= _SAME_LEVEL_SHARE * before
        climb_s = self._climb_s * _CLIMB_GROWTH_FACTOR if firm else _CLIMB_S
        self._climb_s = min(_MAX_CLIMB_S, max(climb_s, _CLIMB_S * hold_s, _CALLS_PER_CLIMB / self.now / self._bend()))
        self._from = self._stepped_at = at + hold_s

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

    def _forget(self, at: float) -> None:
        while self._accepted and self._accepted[0] <= at - _LEVEL_S:
            self._accepted.popleft()
