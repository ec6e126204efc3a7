"""What a row lacks is what its journey would park for: the same gates, asked before the first call."""

import pytest

from finhub_onboard.journey.completeness import CODES, lacking
from finhub_onboard.journey.move_kinds import JourneyRules
from finhub_onboard.model import Customer, Journey, Phase, Standing
from tests.journey.world import AUTO, World, a_customer
from tests.values import replace

BARE = dict.fromkeys(("document_number", "identity_document", "address_document", "funds_document"), "")


def lacks(customer: Customer, rules: JourneyRules = AUTO, journey: Journey | None = None) -> list[tuple[str, str]]:
    """Code and field of all that is missing."""
    return [(rest.code, rest.field) for rest in lacking(customer, rules, journey)]


@pytest.mark.parametrize("risk", ["LOW", "MEDIUM", "HIGH"])
@pytest.mark.parametrize(
    "column",
    ["document_number", "document_type", "identity_document", "address_document", "terms_accepted_at", "email"],
)
def test_a_life_parks_for_what_was_missed_and_for_nothing_else(risk: str, column: str) -> None:
    """With each column empty in turn, the first lack is where a run rests; without a lack it rests for no such code."""
    world = World(a_customer(risk_level=risk, **{column: ""}), rules=AUTO)
    missed = lacks(world.customer)
    world.live()
    if risk == "HIGH" and column.startswith("terms"):
        assert (missed, world.journey.code) == ([("consent_evidence_missing", column)], "high_risk")
    elif missed:
        assert (world.journey.standing, world.journey.code, world.journey.field) == (Standing.PARKED, *missed[0])
    else:
        assert world.journey.code not in CODES


@pytest.mark.parametrize("until", list(Phase))
def test_only_phases_that_are_asked_for_miss_something(until: Phase) -> None:
    """What a phase behind the last one would need is not missed."""
    found = {code for code, _ in lacks(a_customer(**BARE, terms_accepted_at=""), replace(AUTO, until=until))}
    starts = {
        "document_number_missing": Phase.VERIFICATION,
        "document_missing": Phase.DOCUMENTS,
        "consent_evidence_missing": Phase.CONSENTS,
    }
    assert found == {code for code, phase in starts.items() if phase.number <= until.number}


def test_what_the_customer_has_behind_it_is_not_missed() -> None:
    """Phases done, documents that left, consents given; what the bank asked for counts more than the row's level."""
    bare = a_customer(**BARE, terms_accepted_at="")
    journey = Journey(key=b"k", fingerprint=b"", done=Phase.VERIFICATION.number, required=("GOVERNMENT_ID",))
    assert [code for code, _ in lacks(bare, journey=journey)] == ["document_missing", "consent_evidence_missing"]
    sent = replace(journey, uploaded=("GOVERNMENT_ID",), consented=("terms",))
    assert lacks(bare, journey=sent) == []
    asked = replace(sent, required=("GOVERNMENT_ID", "PROOF_OF_ADDRESS"))
    assert lacks(bare, journey=asked) == [("document_missing", "address_document")]
    assert lacks(bare, journey=replace(journey, done=Phase.ACTIVATION.number)) == []


def test_the_path_that_names_no_documents_misses_those_of_the_level() -> None:
    """What the contract asks for at the row's level, before and after the verification; a number is not sent."""
    rules = replace(AUTO, verification_by_admin=True, verification_needs_document=False)
    bare = a_customer(**BARE, risk_level="MEDIUM")
    columns = ("identity_document", "address_document", "funds_document")
    assert lacks(bare, rules) == [("document_missing", column) for column in columns]
    opened = Journey(key=b"k", fingerprint=b"", done=Phase.VERIFICATION.number, uploaded=("GOVERNMENT_ID",))
    assert lacks(bare, rules, opened) == [("document_missing", column) for column in columns[1:]]
