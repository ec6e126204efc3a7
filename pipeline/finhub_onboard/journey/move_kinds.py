"""The kinds of moves that a journey can make, and the settings that decide between them."""

from dataclasses import dataclass

import msgspec

from finhub_onboard.finhub.calls import Step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Repeat, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRules:
    """The settings that decide moves.

    ``webhooks``: deliveries can be searched. ``verification_by_admin``: verifications are opened with ``POST
    /verifications``, which does not accept a customer's token.
    """

    until: Phase = Phase.ACTIVATION
    auto_levels: frozenset[str] = frozenset()
    evidence_required: bool = True
    verification_needs_document: bool = True
    verification_by_admin: bool = False
    webhooks: bool = False
    max_tries: int = 5


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """Send ``step``; a read that may lag behind waits for the ``poll``-th pause first."""

    step: Step
    poll: int = 0


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """``phase`` and all phases before it are complete without a further call."""

    phase: Phase


class Resolve(msgspec.Struct, frozen=True, kw_only=True):
    """The unresolved step turned out to be carried out."""

    step: Step


class Revise(msgspec.Struct, frozen=True, kw_only=True):
    """The bank has more, or less, than the ledger says: continue from this state. Nothing is sent."""

    journey: Journey
    visit: Visit


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Phases up to ``done`` are complete, and ``step`` may have been carried out without the ledger knowing.

    ``repeat`` is the state of its one repeat.
    """

    step: Step
    done: Phase
    repeat: Repeat = Repeat.SENT


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """The customer stops for this run; ``OPEN`` without a code: as far as asked. ``fatal`` ends the run.

    ``item`` is the document that is missing, by its name in the contract.
    """

    standing: Standing
    code: Code = Code.NONE
    phase: Phase = Phase.CATEGORIZATION
    field: str = ""
    item: str = ""
    fatal: bool = False


Move = Send | Advance | Resolve | Revise | Doubt | Rest
