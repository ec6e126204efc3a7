"""Ids that only an operator gave: claims, until the bank accepts a call that uses them. Pure."""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import Step
from finhub_onboard.finhub.json_fields import identifier
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.phase_rules import PhaseRules
from finhub_onboard.journey.phase_table import BY_CALL, IN_ORDER
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Journey, Repeat, Standing

_DISPROVED_BY = frozenset({Code.NOT_FOUND, Code.LOGIN_REFUSED})
"""Refusals that disprove a claim: the id does not exist, or the customer's own password does not open it."""


def is_id(value: str) -> bool:
    """Whether the bank can have given it as an id."""
    return identifier(value) == value


def disproved_by(code: str, step: Step, journey: Journey) -> str:
    """The claimed id in the path of the step's request, if this refusal disproves it; else empty."""
    if code not in _DISPROVED_BY:
        return ""
    name = _path_id(step)
    return name if name in journey.claimed else ""


def prove(journey: Journey, step: Step) -> Journey:
    """The bank accepted a call with these ids: they are no longer claims."""
    if not journey.claimed:
        return journey
    # The user id came with the customer id and is useless without it.
    _, proved = _bringer(_path_id(step) or IdKind.CUSTOMER)
    return replace(journey, claimed=tuple(name for name in journey.claimed if name not in proved))


def reopen(journey: Journey, name: str) -> Journey:
    """The claim is wrong: put the step that it answered in doubt again."""
    place, _ = _bringer(name)
    lost = [each for rules in IN_ORDER[place:] for each in _brought_by(rules)]
    return replace(
        journey,
        standing=Standing.IN_DOUBT,
        done=place,
        step=str(IN_ORDER[place].call),
        doubts=1,
        repeat=Repeat.SENT,
        claimed=tuple(claim for claim in journey.claimed if claim not in lost),
        uploaded=(),
        **dict.fromkeys(lost, ""),
    )


def _path_id(step: Step) -> str:
    rules = BY_CALL.get(step.call.name)
    return IdKind.CUSTOMER if rules is None else rules.path_id or ""


def _bringer(name: str) -> tuple[int, tuple[str, ...]]:
    """The place of the phase that brings the id ``name``, and all ids that this phase brings."""
    places = enumerate(map(_brought_by, IN_ORDER))
    return next((place, brought) for place, brought in places if name in brought)


def _brought_by(rules: PhaseRules) -> tuple[str, ...]:
    return rules.question.brings if rules.question is not None else ()
