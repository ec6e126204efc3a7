"""Phase 6: whom the job may approve, and what is looked at before and after."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, Step, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, JourneyRules, Resolve, Rest, Send
from finhub_onboard.journey.phases.p6_approval import judge_unprocessable
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Phase, Repeat, Standing
from tests.journey.moves import MANUAL, at, doubt, move, sent
from tests.journey.world import AUTO, World, a_customer
from tests.values import replace


@pytest.mark.parametrize(("row", "bank"), [("HIGH", ""), ("LOW", "HIGH"), ("", "HIGH"), ("HIGH", "LOW")])
def test_high_risk_is_parked_never_approved(row: str, bank: str) -> None:
    """High risk by the row or by the bank: missing papers do not stop it, approval is left to the power tenant."""
    customer = a_customer(risk_level=row)
    journey = at(Phase.DOCUMENTS, risk=bank, required=("PEP_DECLARATION",))
    assert move(journey, customer) == Advance(phase=Phase.DOCUMENTS)
    found = move(at(Phase.APPROVAL, risk=bank), customer)
    assert found == Rest(standing=Standing.PARKED, code=Code.HIGH_RISK, phase=Phase.APPROVAL)


@pytest.mark.parametrize(
    ("levels", "row", "bank", "approves"),
    [
        ({"LOW", "MEDIUM"}, "LOW", "", True),
        ({"LOW", "MEDIUM"}, "", "", True),
        ({"LOW", "MEDIUM"}, "", "MEDIUM", True),
        ({"LOW"}, "", "", False),
        ({"LOW"}, "MEDIUM", "", False),
        ({"LOW"}, "LOW", "", True),
        ({"LOW"}, "", "LOW", True),
        ({"LOW", "MEDIUM"}, "", "EXTREME", False),
        (set[str](), "LOW", "LOW", False),
    ],
)
def test_only_the_levels_of_the_settings_are_approved_by_the_job(
    levels: set[str],
    row: str,
    bank: str,
    approves: bool,  # noqa: FBT001
) -> None:
    """An unknown level is not LOW and one that nobody named is not approved; without auto everybody waits."""
    rules = JourneyRules(auto_levels=frozenset(levels))
    found = move(at(Phase.APPROVAL, risk=bank), a_customer(risk_level=row), rules=rules)
    if approves:
        assert sent(found) == step(CallName.APPROVE)
    else:
        assert found == Rest(standing=Standing.PARKED, code=Code.APPROVAL_NEEDED, phase=Phase.APPROVAL)


def test_a_manual_approval_parks_and_the_run_after_it_goes_on() -> None:
    """Parked without a call; parked again after one look; after a person's approval the next run finishes."""
    world = World(rules=MANUAL)
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "approval_needed")
    assert world.bank.requests["check"] == 0
    world.live()
    assert (world.journey.standing, world.bank.requests["check"]) == (Standing.PARKED, 1)
    [person] = world.bank.people.values()
    person.approved = True
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 0
    assert world.bank.requests["register"] == 1


def test_a_high_risk_customer_goes_on_after_the_power_tenant_approved() -> None:
    """HIGH is parked until the power tenant's approval shows in the check, then finishes."""
    world = World(a_customer(risk_level="HIGH"))
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "high_risk")
    [person] = world.bank.people.values()
    person.approved = True
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "high_risk")
    person.power_approved = True
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 0


def test_a_parked_customer_whom_the_bank_refused_is_declined() -> None:
    """A verification that a person refused in the portal ends the row."""
    world = World(rules=MANUAL)
    world.live()
    next(iter(world.bank.people.values())).refused = True
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.DECLINED, "verification_refused")


def test_an_approval_in_doubt_is_looked_at_before_it_is_repeated() -> None:
    """The check first and, because it may lag, twice; then one repeat; then a person, if the check says no."""
    lost = doubt(CallName.APPROVE)
    look = step(CallName.CHECK, phase=Phase.APPROVAL)
    no = Facts(verification_ok=False)
    assert sent(move(lost)) == look
    assert move(lost, visit=Visit(check=Facts(verification_ok=True), polls=1)) == Resolve(step=step(CallName.APPROVE))
    assert move(lost, visit=Visit(check=no, polls=1)) == Send(step=look, poll=1)
    assert sent(move(lost, visit=Visit(check=no, polls=2))) == step(CallName.APPROVE)
    twice = replace(lost, doubts=2, repeat=Repeat.SENT)
    found = move(twice, visit=Visit(check=no, polls=2))
    assert found == Rest(standing=Standing.PARKED, code=Code.APPROVAL_LOST, phase=Phase.APPROVAL)
    found = move(replace(lost, repeat=Repeat.REFUSED), visit=Visit(check=no, polls=2))
    assert found == Rest(standing=Standing.PARKED, code=Code.NOT_VERIFIED, phase=Phase.APPROVAL)
    found = move(twice, visit=Visit(check=Facts(consent_ok=False), polls=2))
    assert found == Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.APPROVAL)


@pytest.mark.parametrize(
    ("facts", "code", "rest"),
    [
        (Facts(verification_ok=False), "state_conflict", (Standing.PARKED, "state_conflict")),
        (Facts(verification_ok=False), "approval_not_final", (Standing.PARKED, "approval_not_final")),
        (Facts(verification_ok=False, high_risk=True), "role_refused", (Standing.PARKED, "high_risk")),
        (Facts(verification_ok=False, status="REJECTED"), "", (Standing.DECLINED, "verification_refused")),
        (Facts(verification_ok=True, power_approval_ok=False, high_risk=True), "", (Standing.PARKED, "high_risk")),
        (Facts(verification_ok=False), "role_refused", (Standing.OPEN, "role_refused")),
        (Facts(), "role_refused", (Standing.OPEN, "role_refused")),
    ],
)
def test_an_approval_that_was_refused_is_confirmed_by_the_check(
    facts: Facts, code: str, rest: tuple[Standing, str]
) -> None:
    """409, 403 and an approval that is not final: the check decides what becomes of the row."""
    role_refused = code == "role_refused"
    visit = Visit(check=facts, polls=2, role_refused=role_refused)
    found = move(doubt(CallName.APPROVE, code="" if role_refused else code), visit=visit)
    assert isinstance(found, Rest)
    assert (found.standing, found.code) == rest
    assert found.fatal == (code == "role_refused" and not facts.high_risk)


def test_an_approval_that_conflicts_is_confirmed_by_the_check() -> None:
    """A 409 on approve for somebody who is approved is done; a later run looks first and sends none."""
    for stopped in (True, False):
        world = World(rules=replace(AUTO, until=Phase.DOCUMENTS) if stopped else AUTO)
        if stopped:
            world.live()
            next(iter(world.bank.people.values())).approved = True
            world.rules = AUTO
        else:

            def approved_meanwhile(step: Step, occurrence: int, world: World = world) -> str:
                del occurrence
                if step.call.name is CallName.APPROVE:
                    next(iter(world.bank.people.values())).approved = True
                return ""

            world.plan = approved_meanwhile
        world.live()
        assert world.journey.standing is Standing.COMPLETE
        assert world.bank.carried_out["approve"] == 0
        assert world.bank.requests["approve"] == (0 if stopped else 1)


def test_documents_that_the_bank_misses_are_not_said_to_be_missing_in_the_row() -> None:
    """The row may have them: the bank may not have accepted what was uploaded."""
    found = judge_unprocessable(Reply(status=422, says=422, kind=Kind.MISSING_DOCUMENTS), 0)
    assert found is not None
    assert found.code == Code.DOCUMENT_MISSING
    assert "the row does not have" not in found.message
