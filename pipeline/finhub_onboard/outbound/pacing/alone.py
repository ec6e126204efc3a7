"""Who is refused for rate alone: again and again, while the bank takes the calls of everybody else.

Such a refusal says nothing about the rate (API.md, section 8), so it holds nobody else. A first refusal, and one with
refusals of others around it, is everybody's. Pure: knows no time and no rate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """How far the run was when a customer was refused last."""

    taken: int
    first_refusals: int


class Alone:
    """Remembers those whose last call was refused."""

    def __init__(self) -> None:
        self._last: dict[str, _Refused] = {}
        self._alone: set[str] = set()
        self._taken = 0
        self._first_refusals = 0

    def taken(self, who: str) -> None:
        """Note that the bank took a call of this customer; an empty ``who`` is nobody's."""
        self._taken += 1
        if self._last:
            self._last.pop(who, None)
            self._alone.discard(who)

    def refused(self, who: str) -> bool:
        """Note a refusal; whether it is this customer's alone."""
        if who in self._alone:
            return True
        last = self._last.get(who)
        if last is None:
            # Somebody else is refused, too: for all that is known now, it is the rate again.
            self._first_refusals += 1
            self._alone.clear()
        elif last.first_refusals == self._first_refusals and last.taken < self._taken:
            self._alone.add(who)
            return True
        if who:
            self._last[who] = _Refused(taken=self._taken, first_refusals=self._first_refusals)
        return False
