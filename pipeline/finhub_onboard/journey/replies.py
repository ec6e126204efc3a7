"""An answer of the bank that counts: what a phase gets to move a journey by."""

import msgspec

from finhub_onboard.finhub.calls import Facts, Step
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.model import Journey

Moved = tuple[Journey, Visit]
"""A journey and its visit once something has moved them."""


class Accepted(msgspec.Struct, frozen=True):
    """An answer to ``step`` that counts, and how the customer stood when it came."""

    journey: Journey
    visit: Visit
    step: Step
    facts: Facts
    now: float

    @property
    def fresh(self) -> Visit:
        """The visit with nothing read yet about what comes next."""
        return unread(self.visit)
