"""Categories: their levels, who may not be onboarded, and the values that their features ask for."""

from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from tests.sandbox.support import Desk, Reply, registration

PATH = "/customer/individual/registration"
HIERARCHY = f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}"
PLACE = {category.key: place for place, category in enumerate(demo.CATEGORIES)}
GOOD = {"riskLevel": "LOW", "monitoring": "DAILY"}


def monitored(*relations: Any, shapes: str = "runner") -> Reply:
    """Register a customer in the category that asks for values."""
    body = registration("a@example.com", PLACE["INDIVIDUAL_MONITORED"])
    owner = body["individualCustomer"] | {"categorization": {"categoryFeatureRelations": list(relations)}}
    return Desk(shapes).log_in().post(PATH, {**body, "individualCustomer": owner})


def test_the_hierarchy_tells_levels_and_what_features_ask_for() -> None:
    """A category is PROHIBITED, each has a verification level; keys and values of features are told in both forms."""
    told = Desk().log_in().get(HIERARCHY).data
    assert told["categories"]["INDIVIDUAL_PROHIBITED"]["riskLevel"] == "PROHIBITED"
    assert told["categories"]["INDIVIDUAL_STANDARD"]["verificationLevel"] == "BASIC"
    assert told["categories"]["INDIVIDUAL_PLUS"]["verificationLevel"] == "ENHANCED"
    older = Desk("older").log_in().get(HIERARCHY).body
    for form in (told, older):
        (code,) = form["categories"]["INDIVIDUAL_MONITORED"]["availableFeatures"]
        assert form["features"][code]["mandatoryKeys"] == ["riskLevel", "monitoring"]
        assert form["features"][code]["allowedValues"]["monitoring"] == ["WEEKLY", "DAILY", "REAL_TIME"]


def test_nobody_is_registered_in_a_prohibited_category() -> None:
    """It cannot be onboarded: 400 about the categorization."""
    desk = Desk().log_in()
    reply = desk.post(PATH, registration("a@example.com", PLACE["INDIVIDUAL_PROHIBITED"]))
    assert (reply.status, reply.data["error"]) == (400, "Invalid categorization")
    assert "prohibited" in reply.data["details"]
    assert not desk.sandbox.bank.customers


@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_missing_and_invalid_values_are_named(shapes: str) -> None:
    """The documented form: details, ``missingKeys`` and ``invalidValues``."""
    reply = monitored({"parametrization": {"monitoring": "HOURLY"}}, shapes=shapes)
    assert (reply.status, reply.body["message"]) == (400, "Categorization validation failed")
    assert reply.data["missingKeys"] == ["riskLevel"]
    why = "HOURLY is not in allowed values: [WEEKLY, DAILY, REAL_TIME]"
    assert reply.data["invalidValues"] == {"monitoring": why}
    assert reply.data["details"].startswith("Feature 'TRANSACTION_MONITORING' requires mandatory key 'riskLevel'")


@pytest.mark.parametrize(
    ("relations", "status"),
    [
        ((), 400),
        (({"parametrization": GOOD},), 200),
        (({"parametrization": {"riskLevel": "LOW"}}, {"parametrization": {"monitoring": "WEEKLY"}}), 200),
        (({"parametrization": {**GOOD, "riskLevel": ["LOW"]}},), 400),
        (({"parametrization": []},), 400),
        (("MONITORING",), 400),
    ],
)
def test_all_values_must_be_there_and_allowed(relations: Any, status: int) -> None:
    """Over all relations of the body; what is no relation is refused by name."""
    assert monitored(*relations).status == status


def test_without_categorization_every_key_is_missing() -> None:
    """A body of the runner's form brings no values."""
    reply = Desk().log_in().post(PATH, registration("a@example.com", PLACE["INDIVIDUAL_MONITORED"]))
    assert (reply.status, reply.data["missingKeys"]) == (400, ["riskLevel", "monitoring"])
