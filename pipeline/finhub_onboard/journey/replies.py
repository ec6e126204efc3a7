"""An accepted answer of the bank, as a phase gets it to move a journey."""

import msgspec

from finhub_onboard.finhub.calls import Facts, Step
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.model import Journey

Moved = tuple[Journey, Visit]
"""A journey and its visit after a change."""


class Accepted(msgspec.Struct, frozen=True):
    """An accepted answer to ``step``, with the customer's state before it."""

    journey: Journey
    visit: Visit
    step: Step
    facts: Facts
    now: float

    @property
    def fresh(self) -> Visit:
        """The visit with all reads cleared, for the next step."""
        return unread(self.visit)
