"""Which events are shown at intervals only: those that come often.

Knows no stream and no wording.
"""

from collections.abc import Callable

from finhub_onboard import events
from finhub_onboard.events import Event

OFTEN = (events.Progress, events.StageProgress, events.Slowed)


_SHORT_STAGE_S = 5.0


def is_fine(event: Event) -> bool:
    """Whether nobody wants to read of an event: a call that succeeded."""
    return isinstance(event, events.CallFinished) and not event.code


def is_short(event: Event) -> bool:
    """Whether a stage has only begun: many are over before a log would need a line."""
    return isinstance(event, events.StageProgress) and event.seconds < _SHORT_STAGE_S


class Seldom:
    """Lets an event of each kind and reason, or stage, through at most once per interval; the first one always."""

    def __init__(self, interval_s: float, clock: Callable[[], float]) -> None:
        self._interval_s, self._clock = interval_s, clock
        self._last: dict[tuple[type[Event], str], float] = {}

    def lets(self, event: Event) -> bool:
        """Whether to show an event now."""
        now = self._clock()
        kind = type(event), _which(event)
        if kind in self._last and now - self._last[kind] < self._interval_s:
            return False
        self._last[kind] = now
        return True


def _which(event: Event) -> str:
    match event:
        case events.Slowed():
            return event.reason
        case events.StageProgress():
            return event.stage
        case _:
            return ""
