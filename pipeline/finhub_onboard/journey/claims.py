"""Ids that only an operator gave: claims until a call with them was accepted. Pure."""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Step
from finhub_onboard.journey.codes import Code
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Journey, Phase, Repeat, Standing

DISPROVED_BY = frozenset({Code.NOT_FOUND, Code.LOGIN_REFUSED})
"""Refusals that speak against a claim: nobody has the id, or the customer's own password does not open it."""
_BY_VERIFICATION = (CallName.UPLOAD_DOCUMENT, CallName.APPROVE)


def find_claim(step: Step, journey: Journey) -> str:
    """The id in the path of the step's request, if it is a claim; else nothing."""
    name = IdKind.VERIFICATION if step.call.name in _BY_VERIFICATION else IdKind.CUSTOMER
    return name if name in journey.claimed and step.call.name is not CallName.REGISTER else ""


def prove(journey: Journey, step: Step) -> Journey:
    """A call with these ids was accepted: they are the customer's, whoever gave them."""
    if not journey.claimed:
        return journey
    # The user's id came with the customer's and is of no use without it.
    names = {IdKind.VERIFICATION} if step.call.name in _BY_VERIFICATION else {IdKind.CUSTOMER, "user_id"}
    return replace(journey, claimed=tuple(name for name in journey.claimed if name not in names))


def reopen(journey: Journey, name: str) -> Journey:
    """The claim is not the customer's id: the step that it answered for is in doubt as before."""
    verification = name == IdKind.VERIFICATION
    phase = Phase.VERIFICATION if verification else Phase.REGISTRATION
    lost = ("verification_id",) if verification else ("customer_id", "user_id", "verification_id")
    return replace(
        journey,
        standing=Standing.IN_DOUBT,
        done=phase.number - 1,
        step=str(CallName.OPEN_VERIFICATION if verification else CallName.REGISTER),
        doubts=1,
        repeat=Repeat.SENT,
        claimed=tuple(claim for claim in journey.claimed if claim not in lost),
        uploaded=(),
        **dict.fromkeys(lost, ""),
    )
