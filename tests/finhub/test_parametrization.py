"""What a category's features ask for at a registration."""

from typing import Any

import pytest

from finhub_onboard.finhub.parametrization import Parameters, faults, lacking, relations, values_of
from finhub_onboard.model import Category, Feature
from tests.outbound.support import customer

MONITORING = Feature(
    code="MONITORING",
    id="f-1",
    mandatory=("riskLevel", "monitoring"),
    allowed=(("monitoring", ("DAILY", "WEEKLY")), ("limit", ("1", "2"))),
)
CATEGORY = Category(key="K", id="k-1", name="K", features=(MONITORING, Feature(code="OTHER", id="f-2")))


def test_values_come_from_constants_then_columns_then_the_partners_own() -> None:
    """Whatever is nearest to the row wins; an empty cell takes a value away, so that nothing false is sent."""
    row = customer(risk_level="HIGH", gender="", extra='{"parametrization.monitoring":"DAILY","other":"x"}')
    constants = {"riskLevel": "LOW", "monitoring": "WEEKLY", "limit": "1", "pep": "NO"}
    columns = {"riskLevel": "risk_level", "pep": "gender"}
    found = values_of(row, CATEGORY, {"k-1": Parameters(constants=constants, columns=columns)})
    assert found == {"riskLevel": "HIGH", "monitoring": "DAILY", "limit": "1"}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"riskLevel": "LOW", "monitoring": "DAILY"}, []),
        ({"riskLevel": "LOW", "monitoring": "DAILY", "limit": "3"}, [("limit", "one of 1, 2")]),
        ({"monitoring": "HOURLY"}, [("riskLevel", "a value"), ("monitoring", "one of DAILY, WEEKLY")]),
        ({}, [("riskLevel", "a value"), ("monitoring", "one of DAILY, WEEKLY")]),
    ],
)
def test_what_is_missing_or_not_allowed_is_named_with_what_is_wanted(
    values: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    """Only mandatory keys must be there."""
    assert list(faults(CATEGORY, values)) == wrong
    assert list(faults(Category(key="P", id="p", name="P"), values)) == []


def test_values_are_sent_with_the_feature_that_asks_for_them() -> None:
    """Others are not, and a feature without any is left out."""
    assert relations(CATEGORY, {"monitoring": "DAILY", "stranger": "x"}) == [
        {"featureId": "f-1", "featureCode": "MONITORING", "parametrization": {"monitoring": "DAILY"}}
    ]
    assert relations(CATEGORY, {}) == []


def test_what_is_stated_for_another_category_is_not_used() -> None:
    """And a category that asks for nothing takes nothing."""
    stated = {"other": Parameters(constants={"riskLevel": "LOW", "monitoring": "DAILY"})}
    assert [key for key, _ in lacking(customer(), CATEGORY, stated)] == ["riskLevel", "monitoring"]
    assert values_of(customer(), Category(key="OTHER", id="o", name="O"), stated) == {}
