"""What the configuration says about single categories of the bank."""

import re
from typing import Annotated

from pydantic import AfterValidator, field_validator

from finhub_onboard.config.section import Section, Table
from finhub_onboard.model.columns import CANONICAL_COLUMNS

_COLUMN = re.compile(r"\{([^{}]*)\}")


def column_of(value: str) -> str:
    """The column that a value such as ``{risk_level}`` names; empty: it is the value itself."""
    found = _COLUMN.fullmatch(value)
    return found[1] if found else ""


class CategorySettings(Section):
    """One category. ``parametrization``: key of a feature -> a value, or a canonical column in braces."""

    parametrization: Annotated[dict[str, str], AfterValidator(Table)] = Table()

    @field_validator("parametrization")
    @classmethod
    def _columns(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            if (column := column_of(text)) and column not in CANONICAL_COLUMNS:
                raise ValueError(f"{key}: {column!r} is no canonical column")
            if not text.strip():
                raise ValueError(f"{key}: is empty; remove it, or give it a value")
        return value
