"""The kinds of moves that a journey can make next, and the settings that decide between them."""

from dataclasses import dataclass

from finhub_onboard.finhub.calls import Step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Repeat, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRules:
    """Settings that decide moves. ``webhooks``: deliveries can be searched.

    ``verification_by_admin``: the call that opens verifications takes no customer's token (``POST /verifications``).
    """

    until: Phase = Phase.ACTIVATION
    auto_levels: frozenset[str] = frozenset()
    evidence_required: bool = True
    verification_needs_document: bool = True
    verification_by_admin: bool = False
    webhooks: bool = False
    max_tries: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send ``step``; first wait out the ``poll``-th pause if it is a look at something that may lag."""

    step: Step
    poll: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """``phase`` and all before it are complete without a further call."""

    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """The step in doubt was carried out."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """The bank says that it has more, or less, than the ledger holds: go on from these. Nothing is sent."""

    journey: Journey
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """``done`` and all before it are complete, and ``step`` may have been carried out: the ledger does not know.

    ``repeat`` says what is left of its one repeat.
    """

    step: Step
    done: Phase
    repeat: Repeat = Repeat.SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The customer stops here for this run; ``OPEN`` with no code: as far as asked. ``fatal`` ends the run."""

    standing: Standing
    code: Code = Code.NONE
    phase: Phase = Phase.CATEGORIZATION
    field: str = ""
    fatal: bool = False


Move = Send | Advance | Resolve | Revise | Doubt | Rest
