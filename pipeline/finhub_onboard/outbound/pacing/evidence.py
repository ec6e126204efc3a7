"""Whether refusals for rate show a limit: a pure rule over the answers, in the order in which they come.

A single refusal shows none: banks refuse calls at random, too, for an overloaded node or a deployment. A limit refuses
many calls in a row (a cluster), or a share of all. Then the rate is cut, and the answer to that is watched: at a limit
the refusals end. If they stay as frequent as before, they do not depend on the rate: the cut is taken back, and from
now on only more than that share shows a limit. At small rates there are few answers to judge by, and a cluster is
smaller. Knows no rate but what it is told, no wait and no clock.
"""

from collections import deque
from dataclasses import dataclass

_FEW, _CLUSTER = 20, 5  # so many of the last few answers refused are a cluster ...
_RATE_PER_REFUSAL = 5.0  # ... or fewer, if so few calls leave in a second that it would take long to see it
_LATEST, _WALL = 6, 4
_MANY, _SHARE = 200, 0.05  # more than this share of the last many answers
_CLUSTER_PER_SHARE, _SHARE_PER_SHARE = 60, 2  # how much more it takes where a share is refused anyway
_MOST_ANYWAY = 0.12
_ANYWAY_ANSWERS = 4000.0  # after about so many without refusals nothing is refused anyway any more
_SAME_WINDOW_S = 1.0  # what left so soon after a cut may meet the window of the bank that the cut was for
_LEAST_ANSWERS, _MOST_ANSWERS = 60, 400  # are needed to judge a cut
_CLEAR_REFUSALS, _LEAST_REFUSALS = 8, 5
_TRIAL_S = 4.0  # later the rate is back where it was
_MOST_SHARE = 0.2  # of calls that a bank refuses whatever the rate; more is a limit
_UNMOVED_SHARE = 0.4  # of the way from what a limit would refuse after a cut to what was refused before it


@dataclass(slots=True, kw_only=True)
class _Trial:
    """What follows a cut: ``share`` was refused before it, ``at_limit`` is what a limit would still refuse."""

    share: float
    at_limit: float
    ends_at: float = float("inf")
    answers: int = 0
    refused: int = 0

    @property
    def is_open(self) -> bool:
        """Whether these are too few answers to cut again, and not so many refusals that only a limit does it."""
        return self.answers < _FEW or (self.answers < _LEAST_ANSWERS and self.refused <= _MOST_SHARE * self.answers)

    def is_unmoved(self, left_at: float) -> bool | None:
        """Whether as much is refused as before, by answers to calls until ``left_at``; None: too early to tell."""
        if self.answers == 1:
            self.ends_at = left_at + _TRIAL_S
        enough = self.answers >= _LEAST_ANSWERS and self.refused >= _CLEAR_REFUSALS
        if not enough and self.answers < _MOST_ANSWERS and left_at < self.ends_at:
            return None
        if self.answers < _LEAST_ANSWERS:
            return False
        now = self.refused / self.answers
        clear = self.at_limit + _UNMOVED_SHARE * (self.share - self.at_limit)
        return self.refused >= _LEAST_REFUSALS and clear < now <= _MOST_SHARE


class Evidence:
    """One for the whole run; times are when a call left, in seconds."""

    def __init__(self) -> None:
        self._answers: deque[bool] = deque(maxlen=_MANY)
        self._refused = 0
        self._anyway = 0.0
        self._cut_at, self._takes_none = float("-inf"), False
        self._trial: _Trial | None = None

    def accepted(self, left_at: float) -> bool:
        """Note that the bank took a call; return whether the last cut is to be taken back."""
        self._takes_none = self._takes_none and left_at <= self._cut_at
        if not self._refused and not self._anyway and self._trial is None:  # most of the time
            self._answers.append(False)
            return False
        return self._note(left_at, refused=False)

    def refused(self, left_at: float) -> bool:
        """Note that the bank refused a call; return whether the last cut is to be taken back."""
        return self._note(left_at, refused=True)

    def is_of_cut(self, left_at: float) -> bool:
        """Whether a call that left then met what the last cut was for; so do all while the bank takes none."""
        return self._takes_none or left_at < self._cut_at + _SAME_WINDOW_S

    def shows_limit(self, rate: float) -> bool:
        """Whether the answers so far show a limit below the ``rate``."""
        small = 1 + int(rate / _RATE_PER_REFUSAL)
        if small < _CLUSTER:
            return sum(self._last(_FEW)) >= small
        if self._trial is not None and self._trial.is_open:
            return False
        cluster, share = _CLUSTER + int(_CLUSTER_PER_SHARE * self._anyway), _SHARE + _SHARE_PER_SHARE * self._anyway
        return sum(self._last(_FEW)) >= cluster or self._refused > share * _MANY

    @property
    def is_wall(self) -> bool:
        """Whether nearly all calls are refused now, and not only some among many."""
        return sum(self._last(_LATEST)) >= _WALL

    def _last(self, number: int) -> list[bool]:
        return list(self._answers)[-number:]

    def cut(self, at: float, *, factor: float) -> None:
        """The rate is cut to ``factor`` of what it was: watch what comes of it."""
        share = self._refused / max(1, len(self._answers))
        self._cut_at, self._takes_none = at, True
        self._trial = _Trial(share=share, at_limit=max(0.0, 1 - (1 - share) / factor))
        self._clear()

    def _note(self, left_at: float, *, refused: bool) -> bool:
        if self.is_of_cut(left_at):
            return False
        if len(self._answers) == _MANY:
            self._refused -= self._answers[0]
        self._answers.append(refused)
        self._refused += refused
        self._anyway = max(0.0, self._anyway + min(0.0, refused - self._anyway) / _ANYWAY_ANSWERS)
        return self._trial is not None and self._is_taken_back(self._trial, left_at, refused=refused)

    def _is_taken_back(self, trial: _Trial, left_at: float, *, refused: bool) -> bool:
        trial.answers += 1
        trial.refused += refused
        unmoved = trial.is_unmoved(left_at)
        if unmoved is None:
            return False
        self._trial = None
        if unmoved:
            self._anyway = min(_MOST_ANYWAY, max(self._anyway, trial.refused / trial.answers))
            self._clear()
        return unmoved

    def _clear(self) -> None:
        self._answers.clear()
        self._refused = 0
