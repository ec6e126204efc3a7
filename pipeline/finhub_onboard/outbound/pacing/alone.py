"""Which customer is refused for rate alone: again and again, while the bank accepts the calls of everybody else.

Such a refusal says nothing about the rate (API.md, section 8), so it holds nobody else. A first refusal, and one among
refusals of others, concerns everybody. Pure: knows no time and no rate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """How far the run was when a customer was refused last."""

    accepted: int
    first_refusals: int


class Alone:
    """Remembers those whose last call was refused."""

    def __init__(self) -> None:
        self._last: dict[str, _Refused] = {}
        self._alone: set[str] = set()
        self._accepted = 0
        self._first_refusals = 0

    def accepted(self, who: str) -> None:
        """The bank accepted a call of this customer; an empty ``who`` is nobody's."""
        self._accepted += 1
        if self._last:
            self._last.pop(who, None)
            self._alone.discard(who)

    def refused(self, who: str) -> bool:
        """Note a refusal; return whether it is this customer's alone."""
        if who in self._alone:
            return True
        last = self._last.get(who)
        if last is None:
            # Somebody else is refused, too: for all that is known now, it is the rate again.
            self._first_refusals += 1
            self._alone.clear()
        elif last.first_refusals == self._first_refusals and last.accepted < self._accepted:
            self._alone.add(who)
            return True
        if who:
            self._last[who] = _Refused(accepted=self._accepted, first_refusals=self._first_refusals)
        return False
