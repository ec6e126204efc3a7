"""What the configuration states for categories, and what rows bring, fits the bank's hierarchy, or nothing is sent."""

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.parametrization import foreseen, index_categories, needs, refuse_unfit
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.model import Category
from tests.finhub.test_parametrization import CATEGORY
from tests.outbound.support import customer

PLAIN = Category(key="PLAIN", id="p-1", name="Plain one")
STANDARD = Category(key="INDIVIDUAL_STANDARD", id="101", name="Individual Standard")
PLUS = Category(key="INDIVIDUAL_PLUS", id="102", name="Individual Plus")


@pytest.mark.parametrize("name", ["INDIVIDUAL_PLUS", "individual_plus", "102", "Individual Plus", "INDIVIDUAL PLUS"])
def test_a_category_is_found_by_key_id_or_name_in_any_case(name: str) -> None:
    """DESIGN 3.3: the hierarchy's key, id or name."""
    assert index_categories((STANDARD, PLUS))[name.casefold()] is PLUS


def test_keys_win_over_ids_and_ids_over_names() -> None:
    """A tenant may name one category like another's key."""
    confusing = Category(key="X", id="INDIVIDUAL_PLUS", name="101")
    index = index_categories((confusing, STANDARD, PLUS))
    assert index["individual_plus"] is PLUS
    assert index["101"] is STANDARD
    assert index["x"] is confusing


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


@pytest.mark.parametrize("word", ["K", "k-1", "k"])
def test_a_row_without_what_its_category_asks_for_is_foreseen(word: str) -> None:
    """By any of the category's words, with what is wanted and no value of the row."""
    row = customer(category=word, risk_level="LOW", extra='{"parametrization.monitoring":"HOURLY"}')
    problem = foreseen(stating("K", riskLevel="{risk_level}"), [CATEGORY, PLAIN])(row)
    assert problem is not None
    assert (problem.code, problem.field) == ("category_parameters", "category")
    assert problem.message.endswith(": monitoring: one of DAILY, WEEKLY")
    assert foreseen(stating("K", riskLevel="LOW", monitoring="DAILY"), [CATEGORY])(customer(category=word)) is None


@pytest.mark.parametrize("word", ["PLAIN", "NO_SUCH"])
def test_nothing_is_foreseen_where_nothing_is_known_to_be_asked_for(word: str) -> None:
    """A category without features, and one that the hierarchy does not have."""
    assert foreseen(stating("K"), [CATEGORY, PLAIN])(customer(category=word)) is None
