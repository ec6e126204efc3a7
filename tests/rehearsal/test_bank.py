"""The rehearsal's bank suits the book: its categories, its consents' versions, its youngest; and its clock is quick."""

from dataclasses import replace
from pathlib import Path

from finhub_onboard.config.loading import load
from finhub_onboard.model import Customer
from finhub_onboard.rehearsal.bank import MINUTE_S, adapt, categories
from finhub_onboard.sandbox.demo import CATEGORIES
from finhub_onboard.sandbox.habits import ConsentVersions, Maintenance, RuleSwitches, Scenario
from tests.acceptance.support import Desk
from tests.intake.helpers import a_row


def customer(**changes: str) -> Customer:
    """An accepted row."""
    return Customer(source="a.csv", row_number=1, **a_row(1, **changes))


def test_the_bank_gets_the_samples_categories_with_their_usual_risk() -> None:
    """A category that the bank has, in any spelling, stays its own; others have the risk of most of their rows."""
    rows = [
        customer(category="individual_plus", risk_level="HIGH"),
        customer(category="Gold", risk_level="MEDIUM"),
        customer(category="GOLD", risk_level="MEDIUM"),
        customer(category="Gold", risk_level="HIGH"),
        customer(category="Students"),
    ]
    added = categories(rows)[len(CATEGORIES) :]
    assert categories(rows)[: len(CATEGORIES)] == CATEGORIES
    assert [(category.key, category.name, category.risk) for category in added] == [
        ("Gold", "Gold", "MEDIUM"),
        ("Students", "Students", "LOW"),
    ]
    assert all(category.individual for category in added)
    assert len({category.id for category in added}) == 2


def test_the_versions_that_will_be_sent_are_in_force(tmp_path: Path) -> None:
    """Those of the rows, the usual one first, and the setting's where a row has none; the setting's without rows."""
    desk = Desk(folder=tmp_path).configure('[consents]\nterms_version = "3.0"\n')
    settings = load(desk.config, environ={})
    rows = [customer(terms_version=version) for version in ("1.0", "2.0", "2.0", "")]
    found = adapt(Scenario(consents=ConsentVersions(changes_to="9")), rows, settings).consents
    assert (found.terms, found.changes_to) == (("2.0", "1.0", "3.0"), "9")
    assert adapt(Scenario(), [], settings).consents.terms == ("3.0",)


def test_the_lowest_age_is_the_users_and_the_clock_is_quick(tmp_path: Path) -> None:
    """A scenario's higher age gives way to ``intake.min_age``; windows in minutes take parts of a second."""
    desk = Desk(folder=tmp_path).configure("[intake]\nmin_age = 12\n")
    settings = load(desk.config, environ={})
    strict = Scenario(rules=RuleSwitches(min_age=18), maintenance=Maintenance(minutes=3.0))
    found = adapt(strict, [], settings)
    assert found.rules == replace(strict.rules, min_age=12)
    assert [fault.for_s for fault in found.faults()] == [3 * MINUTE_S]
