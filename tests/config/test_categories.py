"""What the configuration may say of a category."""

import pickle

import pytest
from pydantic import ValidationError

from finhub_onboard.config.categories import CategorySettings, column_of


@pytest.mark.parametrize(
    ("value", "column"),
    [("{risk_level}", "risk_level"), ("LOW", ""), ("{a} {b}", ""), ("x{risk_level}", ""), ("{}", "")],
)
def test_a_column_stands_alone_in_braces(value: str, column: str) -> None:
    """Anything else is the value itself."""
    assert column_of(value) == column


@pytest.mark.parametrize("value", ["{risk}", "{_err_row}", " ", ""])
def test_an_unknown_column_and_an_empty_value_are_refused(value: str) -> None:
    """A slip is found before any bank is asked."""
    good = CategorySettings.model_validate({"parametrization": {"k": "{gender}"}})
    assert good.parametrization == {"k": "{gender}"}
    with pytest.raises(TypeError):
        good.parametrization["k"] = "x"
    assert hash(good) == hash(pickle.loads(pickle.dumps(good)))  # noqa: S301 - our own bytes
    with pytest.raises(ValidationError):
        CategorySettings.model_validate({"parametrization": {"k": value}})
