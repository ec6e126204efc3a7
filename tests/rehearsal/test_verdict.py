"""The verdict: each way in which bank and results may differ is found, and named without a value of the row."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.model import Customer
from finhub_onboard.rehearsal.sample import Sample, SampleRow
from finhub_onboard.rehearsal.verdict import Findings, compare, given_up, unfinished
from finhub_onboard.rehearsal.witness import Witness
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.onlooker import Seen
from finhub_onboard.sandbox.records import Consent, Verification
from finhub_onboard.sandbox.records import Customer as AtBank
from tests.intake.helpers import a_row

EMAIL = "ana@example.com"
SAMPLE = Sample(
    files=(),
    reading=Reading(),
    profile=Path(),
    rows=(
        SampleRow(
            source="a.csv",
            row_number=1,
            origin="row 17",
            customer=Customer(source="a.csv", row_number=1, **a_row(email="Ana@example.com")),
        ),
        SampleRow(source="a.csv", row_number=2, origin="row 40", customer=None),
    ),
)
Line = dict[str, str]


def at_bank() -> AtBank:
    """A customer whose journey is complete."""
    case = Verification(id="v1", type="t", level="l", at=1.0, status="APPROVED", approvals=1)
    consents = {path: Consent(version="1.0", at=1.0) for path in ("terms", "privacy", "data-processing")}
    return AtBank(
        number=1,
        id="c1",
        user_id="u1",
        email=EMAIL,
        salt="",
        password="",
        category="",
        risk="LOW",
        at=1.0,
        status="ACTIVE",
        verifications=[case],
        consents=consents,
        activations=1,
    )


def lines(**changes: str) -> list[Line]:
    """Results of the two rows; the first with changes."""
    first = {"source": "a.csv", "row_number": "1", "disposition": "onboarded", "customer_id": "c1"}
    rejected = {"source": "a.csv", "row_number": "2", "disposition": "rejected", "customer_id": ""}
    return [{"phase": "", "code": "", **line} for line in (first | changes, rejected)]


def judged(results: list[Line], known: dict[str, AtBank]) -> Findings:
    """Compare, with a witness who saw nothing."""
    witness = Witness()
    witness.bank = Sandbox(Scenario()).bank
    return compare(SAMPLE, results, known, witness)


def test_agreement_finds_nothing() -> None:
    """A finished row that the bank has, and a rejected one that it has not."""
    assert judged(lines(), {EMAIL: at_bank()}) == Findings()


def test_customers_whom_the_bank_lost_prove_nothing() -> None:
    """After a data reset a finished row is not lost by the job; a row without a result still is."""
    witness = Witness()
    witness.bank = Sandbox(Scenario()).bank
    assert compare(SAMPLE, lines(), {}, witness).lost
    assert compare(SAMPLE, lines(), {}, witness, forgotten={EMAIL}) == Findings()
    assert compare(SAMPLE, (), {}, witness, forgotten={EMAIL}).lost


def test_what_a_person_must_look_at_may_be_active() -> None:
    """What the check answers for an active customer is not documented: such a row waits, and is not lost."""
    waits = lines(disposition="parked", phase="consents", code="activation_not_allowed")
    assert judged(waits, {EMAIL: at_bank()}) == Findings()
    assert judged(lines(disposition="parked", phase="consents", code="high_risk"), {EMAIL: at_bank()}).lost


def test_unfinished_rows_are_named_with_what_they_wait_for() -> None:
    """Accepted rows only, by their place in the input, with disposition and code."""
    assert unfinished(SAMPLE, lines()) == unfinished(SAMPLE, lines(disposition="unchanged")) == {}
    assert unfinished(SAMPLE, lines(disposition="parked", code="high_risk")) == {"row 17": "parked high_risk"}
    assert unfinished(SAMPLE, ()) == {"row 17": "no result"}


@pytest.mark.parametrize(
    ("disposition", "fault", "status", "lost"),
    [
        ("failed", "gateway_before", 0, True),
        ("declined", "gateway_after", 422, True),
        ("failed", "refuse", 0, False),
        ("failed", "", 400, False),
        ("in_doubt", "gateway_before", 0, False),
    ],
)
def test_a_row_that_failed_without_the_banks_refusal_is_lost(
    disposition: str,
    fault: str,
    status: int,
    lost: bool,  # noqa: FBT001
) -> None:
    """A gateway's page is no final word: whoever is given up for one is lost; the bank's own no is another matter."""
    witness = Witness()
    witness.bank = Sandbox(Scenario()).bank
    call = Seen(operation="registerIndividual", params={}, body=b'{"email": "ANA@example.com"}')
    witness.arrived(call)
    witness.settled(call, fault, status)
    found = given_up(SAMPLE, lines(disposition=disposition), witness)
    assert list(found.lost) == (["row 17"] if lost else [])
    assert given_up(SAMPLE, (), witness) == Findings()


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (lines(disposition="failed"), "failed, and active at the bank"),
        (lines(disposition="pending"), "pending, and active at the bank"),
        (lines(disposition="parked", customer_id="c9"), "parked under another customer id than the bank's"),
        (lines(disposition="failed", customer_id=""), "without a customer id"),
        (lines(disposition="rejected"), "rejected, and the bank has the customer"),
        (lines(customer_id="c9"), "under another customer id"),
        (lines(disposition="finished"), 'the disposition "finished"'),
        (lines()[1:], "stands in the results 0 times"),
        ([lines()[0], *lines()], "stands in the results 2 times"),
    ],
)
def test_results_that_do_not_tell_the_truth_are_losses(results: list[Line], said: str) -> None:
    """Whatever the results leave out or say otherwise than the bank is a lost row, named by its place."""
    found = judged(results, {EMAIL: at_bank()})
    assert list(found.lost) == ["row 17"]
    assert said in found.lost["row 17"]
    assert found.twice == {}
    assert "example.com" not in str(found)


def changed(change: Callable[[AtBank], object]) -> AtBank:
    """A complete customer with something else about it."""
    customer = at_bank()
    change(customer)
    return customer


@pytest.mark.parametrize(
    ("customer", "said"),
    [
        (changed(lambda c: setattr(c, "status", "CS_REGISTRATION_COMPLETED")), "not active"),
        (changed(lambda c: c.consents.pop("privacy")), "not all consents"),
        (changed(lambda c: c.verifications.clear()), "not approved"),
    ],
)
def test_what_the_bank_lacks_of_an_onboarded_row_is_a_loss(customer: AtBank, said: str) -> None:
    """Onboarded means active, verified and consented at the bank."""
    assert said in judged(lines(), {EMAIL: customer}).lost["row 17"]


def test_a_customer_that_the_bank_does_not_know_is_a_loss() -> None:
    """An onboarded row, or an id in a result, that the bank never gave."""
    assert "does not know" in judged(lines(), {}).lost["row 17"]
    assert "does not know" in judged(lines(disposition="failed"), {}).lost["row 17"]
    assert judged(lines(disposition="failed", customer_id=""), {}) == Findings()


def test_what_belongs_to_no_row_is_a_loss() -> None:
    """A stranger at the bank, and a line of the results that no row of the input has."""
    extra = lines()[1] | {"row_number": "3"}
    found = judged([*lines(), extra], {EMAIL: at_bank(), "eve@example.com": at_bank()})
    assert list(found.lost) == ["line 3 of a.csv", "customer c1"]


@pytest.mark.parametrize(
    ("disposition", "phase", "code"), [("in_doubt", "registration", ""), ("parked", "activation", "state_conflict")]
)
def test_what_is_said_to_be_unknown_is_no_loss(disposition: str, phase: str, code: str) -> None:
    """In doubt, and an activation that is probably done, are said to a person; the bank may have either."""
    assert judged(lines(disposition=disposition, phase=phase, code=code), {EMAIL: at_bank()}) == Findings()


@pytest.mark.parametrize(
    ("customer", "said"),
    [
        (changed(lambda c: setattr(c, "registrations", 2)), "registered 2 times"),
        (changed(lambda c: setattr(c, "activations", 2)), "activated 2 times"),
        (changed(lambda c: setattr(c.verifications[0], "approvals", 2)), "approved 2 times"),
        (changed(lambda c: c.verifications.extend(c.verifications * 2)), "verification opened 3 times"),
    ],
)
def test_what_the_bank_did_twice_is_found(customer: AtBank, said: str) -> None:
    """Whatever was carried out more often than the contract allows."""
    found = judged(lines(), {EMAIL: customer})
    assert said in found.twice["row 17"]
    assert found.lost == {}


def test_a_row_is_counted_once_however_often_it_is_looked_at() -> None:
    """Over several runs the first thing that was found of a row stays, and others are added."""
    found = Findings(lost={"row 1": "first"})
    found.add(Findings(lost={"row 1": "second", "row 2": "x"}, twice={"row 3": "y"}))
    assert found == Findings(lost={"row 1": "first", "row 2": "x"}, twice={"row 3": "y"})
    found.lost.clear()
    assert found.at("004-after") == Findings(twice={"row 3, killed at 004-after": "y"})
