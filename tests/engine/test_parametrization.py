"""What the configuration states for categories fits the bank's hierarchy, or nothing is sent."""

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.parametrization import needs, refuse_unfit
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.model import Category
from tests.finhub.test_parametrization import CATEGORY

PLAIN = Category(key="PLAIN", id="p-1", name="Plain one")


def stating(name: str, **values: str) -> Settings:
    """Return settings with values for one category."""
    return Settings.model_validate({"api": {"base_url": "sandbox:"}, "categories": {name: {"parametrization": values}}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (stating("K"), ""),
        (stating("k-1", monitoring="DAILY", riskLevel="{risk_level}"), ""),
        (stating("plain ONE"), ""),
        (stating("Q", monitoring="DAILY"), "no such category"),
        (stating("K", monitorin="DAILY"), "monitorin: no feature"),
        (stating("PLAIN", monitoring="DAILY"), "no feature"),
        (stating("K", monitoring="HOURLY"), "does not allow"),
        (stating("K", monitoring="{gender}"), ""),
    ],
)
def test_a_category_a_key_or_a_value_that_the_bank_does_not_have_is_refused(settings: Settings, words: str) -> None:
    """Categories are named as in a row; what a column brings is seen with the row."""
    if not words:
        refuse_unfit(settings, [CATEGORY, PLAIN])
        return
    with pytest.raises(ConfigurationError, match=words):
        refuse_unfit(settings, [CATEGORY, PLAIN])


def test_what_rows_must_bring_themselves_is_told() -> None:
    """Less what the configuration states."""
    assert needs(stating("K"), CATEGORY) == "riskLevel: a value; monitoring: one of DAILY, WEEKLY"
    assert needs(stating("k", riskLevel="{risk_level}"), CATEGORY) == "monitoring: one of DAILY, WEEKLY"
    assert needs(stating("K"), PLAIN) == ""
