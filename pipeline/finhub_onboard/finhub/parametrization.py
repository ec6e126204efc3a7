"""The values that a category's features ask for at a registration (API.md, section 14). Pure.

Promise: what the bank would refuse for a missing key, or for a value that it does not allow, is known before any call.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from finhub_onboard.model import Category, Customer, Feature

PREFIX = "parametrization."
"""Members of a row's ``extra`` that begin so are keys of its category's features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the settings state for a category: values by key, and columns by key that have the values."""

    constants: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


Stated = Mapping[str, Parameters]
"""What the settings state for categories, by key, id or name in lower case."""


def values_of(customer: Customer, category: Category, stated: Stated) -> dict[str, Any]:
    """The values for a customer of the category, by key, if its features ask for any."""
    if not category.features:
        return {}
    found = (stated.get(word.casefold()) for word in (category.key, category.id, category.name))
    return _values(customer, next(filter(None, found), Parameters()))


def _values(customer: Customer, stated: Parameters) -> dict[str, Any]:
    """Constants, then columns, then what the partner's file states as such."""
    extra: dict[str, Any] = json.loads(customer.extra) if customer.extra else {}
    own = {name.removeprefix(PREFIX): value for name, value in extra.items() if name.startswith(PREFIX)}
    from_row = {key: getattr(customer, column) for key, column in stated.columns.items()}
    return {key: value for key, value in {**stated.constants, **from_row, **own}.items() if value != ""}


def lacking(customer: Customer, category: Category, stated: Stated) -> list[tuple[str, str]]:
    """The keys of the category's features that a customer has no value for, or one that is not allowed."""
    return list(faults(category, values_of(customer, category, stated))) if category.features else []


def faults(category: Category, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that are missing or not allowed, each with what the bank wants; never a value of the row."""
    for feature in category.features:
        allowed = dict(feature.allowed)
        for key in feature.keys:
            wanted = f"one of {', '.join(allowed[key])}" if key in allowed else "a value"
            is_missing = key not in values and key in feature.mandatory
            if is_missing or (key in values and key in allowed and values[key] not in allowed[key]):
                yield key, wanted


def relations(category: Category, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The features with their values, as a registration states them; features without any are left out."""
    found = ((feature, _own(feature, values)) for feature in category.features)
    return [
        {"featureId": feature.id, "featureCode": feature.code, "parametrization": own} for feature, own in found if own
    ]


def _own(feature: Feature, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in feature.keys if key in values}
