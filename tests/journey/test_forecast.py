"""What is foreseen is what a life of the job does against a bank without trouble."""

from collections import Counter
from typing import Any

import pytest

from finhub_onboard.journey.forecast import Forecaster
from finhub_onboard.journey.ports import Problem
from finhub_onboard.journey.situation import Expected
from finhub_onboard.journey.taking_up import begin_visit, enter
from finhub_onboard.model import Journey, Phase, Standing
from tests.journey.world import AUTO, KEYS, World, a_customer
from tests.values import replace

MANUAL = replace(AUTO, auto_levels=frozenset())


def foreseen(
    world: World, journey: Journey | None, rules: Any, expected: Expected | None = None
) -> tuple[Counter[Phase], Standing, str]:
    """Calls and resting place of the customer's next run."""
    fingerprint = KEYS.fingerprint(world.customer)
    entered = enter(journey, key=world.key, fingerprint=fingerprint, run=9, now=1.0)
    outlook = Forecaster(rules=rules).outlook(entered, world.customer, begin_visit(entered, row=fingerprint), expected)
    return outlook.calls, outlook.standing, outlook.code


def lived(world: World) -> tuple[Counter[Phase], Standing, str]:
    """Calls and resting place of a run."""
    world.live()
    calls = [call for call in world.ledger.calls.values() if call.run == world.run]
    return Counter(Phase(call.phase) for call in calls), world.journey.standing, world.journey.code


@pytest.mark.parametrize("risk", ["LOW", "MEDIUM", "HIGH"])
@pytest.mark.parametrize("rules", [AUTO, MANUAL])
@pytest.mark.parametrize(
    "row",
    [
        {},
        {"funds_document": ""},
        {"identity_document": "", "address_document": ""},
        {"document_number": ""},
        {"privacy_accepted_at": ""},
    ],
)
def test_a_new_customer_does_what_was_foreseen(risk: str, rules: Any, row: dict[str, str]) -> None:
    """Calls by phase, standing and code, whatever the row lacks."""
    world = World(a_customer(risk_level=risk, **row), rules=rules)
    assert foreseen(world, None, rules) == lived(world)


@pytest.mark.parametrize("until", list(Phase))
@pytest.mark.parametrize("risk", ["LOW", "MEDIUM"])
def test_a_customer_who_is_resumed_costs_only_what_is_left(until: Phase, risk: str) -> None:
    """After any phase; and as far as asked."""
    world = World(a_customer(risk_level=risk), rules=replace(AUTO, until=until))
    assert foreseen(world, None, world.rules) == lived(world)
    world.rules = AUTO
    if until is not Phase.ACTIVATION:
        assert foreseen(world, world.journey, AUTO) == lived(world)
    assert world.journey.standing is Standing.COMPLETE


@pytest.mark.parametrize("approved", [False, True])
def test_a_parked_customer_is_foreseen_as_people_left_it(approved: bool) -> None:  # noqa: FBT001 - pytest hands it in
    """Without their approval it parks again after one look."""
    world = World(rules=MANUAL)
    world.live()
    told = foreseen(world, world.journey, MANUAL, Expected(level="LOW", approved=approved))
    world.bank.people[world.customer.email].approved = approved
    assert told == lived(world)
    assert told[1] is (Standing.COMPLETE if approved else Standing.PARKED)


@pytest.mark.parametrize("row", ["LOW", "MEDIUM", ""])
@pytest.mark.parametrize("bank", ["LOW", "MEDIUM", "HIGH"])
def test_the_bank_decides_and_not_the_row(row: str, bank: str) -> None:
    """Documents, approval and parking as the bank's own level wants them, whatever the row says."""
    world = World(a_customer(risk_level=row), rules=AUTO)
    world.bank.people.clear()
    told = foreseen(world, None, AUTO, Expected(level=bank))
    world.customer = replace(world.customer, risk_level=bank)  # the bank in memory decides by the row
    documents = {"LOW": 1, "MEDIUM": 3, "HIGH": 3}[bank]
    assert told[0][Phase.DOCUMENTS] == documents
    assert told == lived(world)


def test_customers_who_are_alike_are_worked_out_once() -> None:
    """Names and numbers do not matter, only what decides a move."""
    forecaster = Forecaster(rules=AUTO)
    for row in ({}, {"first_name": "Jonas"}, {"document_number": "X99"}, {"document_number": ""}):
        customer = a_customer(**row)
        journey = enter(None, key=b"k", fingerprint=KEYS.fingerprint(customer), run=1, now=1.0)
        forecaster.outlook(journey, customer, begin_visit(journey, row=journey.fingerprint))
    assert len(forecaster.known) == 2


def test_a_risk_that_only_the_bank_knows_is_taken_as_low() -> None:
    """The row names no level, and the bank's own word may be none of ours."""
    world = World(a_customer(risk_level=""))
    assert foreseen(world, None, AUTO)[0][Phase.DOCUMENTS] == 1
    journey = Journey(key=world.key, fingerprint=KEYS.fingerprint(world.customer), done=3, risk="VERY_LOW")
    assert foreseen(world, journey, AUTO)[0][Phase.DOCUMENTS] == 1


@pytest.mark.parametrize("until", [Phase.CATEGORIZATION, Phase.ACTIVATION])
def test_a_registration_that_is_not_sent_costs_no_call(until: Phase) -> None:
    """A new customer fails there, if the run comes as far."""
    rules = replace(AUTO, until=until)
    world = World(a_customer(category="GONE"), rules=rules)
    problem = Problem(code="category_unknown", message="no such category", hint="correct it", field="category")
    told = foreseen(world, None, rules, Expected(level="LOW", unregistrable=problem))
    assert told[1:] == lived(world)[1:]
    assert (told[1] is Standing.FAILED, told[0].total()) == (until is Phase.ACTIVATION, 0)


def test_who_is_registered_is_foreseen_to_the_end() -> None:
    """What a registration lacks by now does not matter any more."""
    world = World(a_customer(), rules=replace(AUTO, until=Phase.REGISTRATION))
    world.live()
    problem = Problem(code="category_parameters", message="", hint="", field="category")
    told = foreseen(world, world.journey, AUTO, Expected(level="LOW", unregistrable=problem))
    assert told[1] is Standing.COMPLETE
