"""Phase 4: a verification is opened with the document's number, repeated once, and no read of it exists."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Rest, Revise
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Standing
from tests.journey.moves import at, doubt, move, sent
from tests.journey.world import AUTO, World, a_customer, strike
from tests.values import replace


@pytest.mark.parametrize("column", ["document_type", "document_number"])
def test_a_verification_without_a_document_number_waits_for_a_person(column: str) -> None:
    """The customer's verification path needs both columns, the runner's path none."""
    customer = replace(a_customer(), **{column: ""})
    found = move(at(Phase.VERIFICATION), customer)
    assert found == Rest(
        standing=Standing.PARKED, code=Code.DOCUMENT_NUMBER_MISSING, phase=Phase.VERIFICATION, field=column
    )
    runner = replace(AUTO, verification_needs_document=False)
    assert sent(move(at(Phase.VERIFICATION), customer, rules=runner)) == step(CallName.OPEN_VERIFICATION)


@pytest.mark.parametrize(
    ("name", "item"), [(CallName.OPEN_VERIFICATION, ""), (CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")]
)
def test_verification_and_document_in_doubt_are_repeated_once(name: CallName, item: str) -> None:
    """One doubt: the repeat; a conflict: the check is asked, and only if it does not confirm: parked."""
    assert sent(move(doubt(name, item))) == step(name, item)
    conflict = doubt(name, item, code="state_conflict")
    assert sent(move(conflict)) == step(CallName.CHECK, phase=step(name).phase)
    approved = Visit(check=Facts(verification_ok=True))
    assert move(conflict, visit=approved) == Advance(phase=Phase.APPROVAL)
    refused = move(conflict, visit=Visit(check=Facts(status="REJECTED")))
    assert isinstance(refused, Rest)
    assert refused.standing is Standing.DECLINED
    assert move(conflict, visit=Visit(check=Facts(verification_ok=False))) == Rest(
        standing=Standing.PARKED, code=Code.STATE_CONFLICT, phase=step(name).phase
    )


def test_a_verification_in_doubt_twice_is_left_to_a_person() -> None:
    """No read of verifications exists."""
    found = move(doubt(CallName.OPEN_VERIFICATION, doubts=2))
    assert found == Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.VERIFICATION)


@pytest.mark.parametrize(
    ("name", "phase"), [(CallName.OPEN_VERIFICATION, Phase.VERIFICATION), (CallName.UPLOAD_DOCUMENT, Phase.DOCUMENTS)]
)
def test_a_conflict_parks_and_once_a_person_removed_it_the_next_run_finishes(name: CallName, phase: Phase) -> None:
    """A 409 parks the row; the next run asks the bank again instead of parking it for ever without a call."""
    world = World(plan=strike(name, "409"))
    world.live()
    journey = world.journey
    assert (journey.standing, journey.code, journey.phase) == (Standing.PARKED, "state_conflict", phase)
    world.live()
    assert world.journey.standing is Standing.COMPLETE


EXPIRED = Facts(status="EXPIRED", verification_ok=False)
BEGUN = frozenset({Phase.VERIFICATION})
CONSENTED = ("terms", "privacy", "data-processing")


@pytest.mark.parametrize(
    "journey",
    [
        doubt(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID"),
        at(Phase.APPROVAL, uploaded=("GOVERNMENT_ID",), required=("GOVERNMENT_ID",)),
        doubt(CallName.APPROVE, uploaded=("GOVERNMENT_ID",)),
        at(Phase.CONSENTS, consented=CONSENTED),
    ],
)
def test_another_verification_is_opened_once_for_one_that_has_expired(journey: Journey) -> None:
    """Documents and attempts of the old one are forgotten, consents are not; the second to expire is for a person."""
    found = move(journey, visit=Visit(check=EXPIRED, check_first=True))
    assert isinstance(found, Revise)
    assert found.journey == replace(at(Phase.VERIFICATION), verification_id="", consented=journey.consented)
    assert found.visit == Visit(begun_again=BEGUN)
    assert sent(move(found.journey, visit=found.visit)) == step(CallName.OPEN_VERIFICATION)
    assert move(journey, visit=Visit(check=EXPIRED, begun_again=BEGUN)) == Rest(
        standing=Standing.PARKED, code=Code.VERIFICATION_EXPIRED, phase=Phase.VERIFICATION
    )
