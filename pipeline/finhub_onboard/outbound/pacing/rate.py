"""How fast in view of what the bank refuses: a pure rule over times that are handed in.

A refusal cuts the rate to a tenth below the level that the bank just took, and remembers that level. The climb back
(TCP CUBIC's) is quick far below it, flat around it, and quick again beyond it: a bank whose limit is lower than
configured is tried again only now and then, and one that has recovered is not left waiting. The longer the bank makes
the run wait for each refusal, and the more often it was the same level, the rarer it is tried. Knows no call and no
clock.
"""

from collections import deque

_KEEP = 0.9  # a limit that is lower than configured is used up to here right after a refusal
_AT_LEAST = 0.5  # of the rate in force: one refusal tells little, several in a row go down quickly all the same
_CLIMB_S = 25.0  # from nothing to the configured rate
_LONGEST_CLIMB_S = 120.0
_SAME_LEVEL, _SLOWER = 0.15, 1.5  # a level that is met again is firm: the climb takes longer each time
_CALLS = 20.0  # that many are sent before the level is tried again, also where that takes long
_LEAST_PER_SECOND = 0.2
_STEP_S = 1.0
_LEVEL_S = 1.0  # the level is what was taken in so many seconds


class Rate:
    """The rate in force; ``asked`` is the configured one, calls per second, and the upper bound."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.now = asked
        self._level = asked
        self._climb_s = _CLIMB_S
        self._from = 0.0
        self._stepped_at = 0.0
        self._taken: deque[float] = deque()

    def taken(self, at: float) -> None:
        """Note that the bank took a call."""
        self._taken.append(at)
        self._forget(at)

    def cut(self, at: float, *, hold_s: float) -> None:
        """The bank refused calls at this rate and lets nothing pass for ``hold_s`` seconds."""
        self._forget(at)
        before = self._level
        self._level = min(self.now, max(float(len(self._taken)), self.now * _AT_LEAST))
        self.now = max(self._level * _KEEP, min(_LEAST_PER_SECOND, self.asked))
        firm = abs(self._level - before) <= _SAME_LEVEL * before
        climb_s = self._climb_s * _SLOWER if firm else _CLIMB_S
        self._climb_s = min(_LONGEST_CLIMB_S, max(climb_s, _CLIMB_S * hold_s, _CALLS / self.now / self._bend()))
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
        return float(((1 - _KEEP) * self._level / self.asked) ** (1 / 3))

    def _forget(self, at: float) -> None:
        while self._taken and self._taken[0] <= at - _LEVEL_S:
            self._taken.popleft()
