"""A customer at the moment of a decision: high risk, and what is left to do about a step in doubt."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Move, Rest, Send
from finhub_onboard.journey.situation import Situation, Unresolved
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Repeat, Standing
from tests.journey.world import AUTO, a_customer

AT = step(CallName.OPEN_VERIFICATION)
HELD = Rest(standing=Standing.OPEN)
CHANGED = Rest(standing=Standing.IN_DOUBT, code=Code.ROW_CHANGED_IN_DOUBT, phase=Phase.VERIFICATION)


def unresolved(
    *, code: str = "", repeat: Repeat = Repeat.UNUSED, check: Facts | None = None, held: Rest | None = None,
    changed: Rest | None = None,
) -> Unresolved:  # fmt: skip
    """A verification in doubt."""
    journey = Journey(key=b"k", fingerprint=b"", done=3, step=AT.label, doubts=1, code=code, repeat=repeat)
    visit = Visit(check=check, polls=2)
    return Unresolved(journey, a_customer(), visit, AUTO, at=AT, changed=changed, unsafe=None, held=held)


@pytest.mark.parametrize(
    ("row", "bank", "high"), [("HIGH", "", True), ("LOW", "HIGH", True), ("", "MEDIUM", False), ("", "", False)]
)
def test_the_row_or_the_bank_may_call_a_risk_high(row: str, bank: str, *, high: bool) -> None:
    """Either is enough."""
    journey = Journey(key=b"k", fingerprint=b"", risk=bank)
    assert Situation(journey, a_customer(risk_level=row), Visit(), AUTO).is_high_risk is high


@pytest.mark.parametrize("repeat", Repeat)
def test_the_one_repeat_is_left_until_it_was_sent_or_refused(repeat: Repeat) -> None:
    """An operator may give it back."""
    assert unresolved(repeat=repeat).may_repeat is (repeat in (Repeat.UNUSED, Repeat.GRANTED))


def test_a_repeat_passes_its_gate() -> None:
    """What holds the step back goes before it."""
    assert unresolved().repeat() == Send(step=AT)
    assert unresolved(held=HELD).repeat() == HELD


@pytest.mark.parametrize(
    ("code", "changed", "found"),
    [
        ("", None, Code.OUTCOME_UNKNOWN),
        (Code.NO_ANSWER, None, Code.OUTCOME_UNKNOWN),
        (Code.CLAIM_UNKNOWN, None, Code.CLAIM_UNKNOWN),
        (Code.CLAIM_UNKNOWN, CHANGED, Code.ROW_CHANGED_IN_DOUBT),
    ],
)
def test_a_person_is_told_first_what_the_row_or_an_earlier_answer_did(
    code: str, changed: Rest | None, found: Code
) -> None:
    """Else that nobody knows."""
    asked = unresolved(code=code, changed=changed).ask_person()
    assert (asked.standing, asked.code, asked.phase) == (Standing.IN_DOUBT, found, Phase.VERIFICATION)


@pytest.mark.parametrize(
    ("check", "move"),
    [
        (None, Send(step=step(CallName.CHECK, phase=Phase.VERIFICATION), poll=2)),
        (Facts(verification_ok=True), Advance(phase=Phase.APPROVAL)),
        (
            Facts(status="REJECTED"),
            Rest(standing=Standing.DECLINED, code=Code.VERIFICATION_REFUSED, phase=Phase.VERIFICATION),
        ),
        (Facts(), None),
    ],
)
def test_a_conflict_is_confirmed_by_the_check_alone(check: Facts | None, move: Move | None) -> None:
    """What it does not say is for a person."""
    doubt = unresolved(code=Code.STATE_CONFLICT, check=check)
    assert doubt.is_conflict
    assert doubt.confirm_conflict() == move
