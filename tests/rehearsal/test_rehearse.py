"""The rehearsal as a whole: what there is to rehearse, what its bank knows, whose journey is killed."""

from pathlib import Path

import pytest

from finhub_onboard.model import Customer
from finhub_onboard.rehearsal.rehearse import _longest, names
from finhub_onboard.rehearsal.sample import SampleRow
from finhub_onboard.rehearsal.trial import _injected
from finhub_onboard.rehearsal.witness import Witness
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.scenario import load, shipped
from tests.acceptance.support import ROOT
from tests.intake.helpers import a_row
from tests.sandbox.support import Desk


def customer(**changes: str) -> Customer:
    """An accepted row."""
    return Customer(source="a.csv", row_number=1, **a_row(1, **changes))


def test_every_shipped_scenario_is_rehearsed_and_then_the_kills() -> None:
    """The calm one first, the others by name; nothing of configs/scenarios is left out."""
    files = {path.stem for path in (ROOT / "configs" / "scenarios").glob("*.toml")}
    assert set(names()) == files | {"kill_one", "kill_all"}
    assert len(names()) == len(set(names()))
    assert (names()[0], names()[-2:]) == ("calm", ("kill_one", "kill_all"))


def test_the_killed_journey_is_the_one_with_most_calls() -> None:
    """Most documents, and none that parks for its risk; without a customer there is none."""
    full = {"document_number": "X", "identity_document": "a.pdf", "funds_document": "b.pdf"}
    rows = [
        SampleRow(source="a.csv", row_number=1, origin="row 1", customer=None),
        SampleRow(source="a.csv", row_number=2, origin="row 2", customer=customer()),
        SampleRow(source="a.csv", row_number=3, origin="row 3", customer=customer(**full)),
        SampleRow(source="a.csv", row_number=4, origin="row 4", customer=customer(**full, risk_level="HIGH")),
    ]
    found = _longest(rows)
    assert found is not None
    assert found.origin == "row 3"
    assert _longest(rows[:1]) is None


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [("latency", "delayed"), ("older_shapes", "older_shape"), ("lagging_check", "lagging_check"), ("calm", "")],
)
def test_habits_of_a_scenario_count_as_what_went_wrong(scenario: str, kind: str) -> None:
    """What concerns every call counts per call; a calm bank injects nothing."""
    desk = Desk()
    witness = Witness()
    desk.sandbox = Sandbox(load(shipped()[scenario]), onlooker=witness)
    desk.log_in()
    person = desk.register("a@example.com")
    person.check()
    witness.requests = 3
    found = _injected(desk.sandbox, witness)
    assert found == ({kind: 1 if kind == "lagging_check" else 3} if kind else {})
    assert Path(shipped()[scenario]).is_file()


@pytest.mark.parametrize(
    ("risk", "refused", "expected"),
    [(1.0, 0.0, {"high_risk": 1}), (0.0, 1.0, {"refused": 1}), (0.0, 0.0, {})],
)
def test_refused_and_risky_customers_count(risk: float, refused: float, expected: dict[str, int]) -> None:
    """Each customer whom the scenario refuses or makes high risk."""
    desk = Desk(risk={"high_share": risk}, verification={"refused_share": refused})
    desk.log_in()
    person = desk.register("a@example.com")
    person.verify()
    person.prove()
    person.approve()
    assert _injected(desk.sandbox, Witness()) == expected


def test_what_others_did_counts() -> None:
    """Each act of others, each consent refused for its version, and a data reset."""
    act = {"does": "approve", "after": ["registerIndividual"], "share": 1.0}
    desk = Desk(meanwhile=[act], consents={"terms": ["2.0"]}).log_in()
    desk.register("a@example.com").consent("terms")
    desk.sandbox.bank.lose_data()
    assert _injected(desk.sandbox, Witness()) == {"approve": 1, "refuse_version": 1, "reset": 1}


def test_verifications_approved_at_once_count() -> None:
    """Each verification that the bank approved by itself."""
    desk = Desk(verification={"auto_approved_share": 1.0}).log_in()
    desk.register("a@example.com").verify()
    assert _injected(desk.sandbox, Witness()) == {"approved_at_once": 1}
