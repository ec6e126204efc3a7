"""Compares what the configuration states for categories with what the bank's hierarchy asks for."""

from collections.abc import Iterator, Sequence

from finhub_onboard.config.categories import column_of
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.finhub.parametrization import faults
from finhub_onboard.intake.checking.categories import words_of
from finhub_onboard.model import Category


def refuse_unfit(settings: Settings, categories: Sequence[Category]) -> None:
    """Raise :class:`ConfigurationError` for a category, key or value that the bank does not have, before any call."""
    for name, stated in settings.categories.items():
        where = f'categories."{name}".parametrization'
        category = _find(name, categories)
        if category is None:
            raise ConfigurationError(
                f"{where}: the bank has no such category", hint="`onboard check` lists what the tenant has"
            )
        keys = {key for feature in category.features for key in feature.keys}
        if unknown := sorted(stated.parametrization.keys() - keys):
            raise ConfigurationError(
                f"{where}.{unknown[0]}: no feature of this category has this key",
                hint=f"it has {', '.join(sorted(keys))}" if keys else "remove it: the category asks for nothing",
            )
        constants = {key: value for key, value in stated.parametrization.items() if not column_of(value)}
        wrong = [(key, want) for key, want in faults(category, constants) if key in constants]
        for key, want in wrong:
            raise ConfigurationError(f"{where}.{key}: the bank does not allow this value", hint=f"it must be {want}")


def needs(settings: Settings, category: Category) -> str:
    """What a row of the category must bring itself, for want of a value in the configuration; empty: nothing."""
    stated = [one.parametrization for name, one in settings.categories.items() if _find(name, [category])]
    given = {key for table in stated for key in table}
    return "; ".join(f"{key}: {want}" for key, want in faults(category, {}) if key not in given)


def _find(name: str, categories: Sequence[Category]) -> Category | None:
    return next(_matching(name.casefold(), categories), None)


def _matching(name: str, categories: Sequence[Category]) -> Iterator[Category]:
    return (one for one in categories if name in {word.casefold() for word in words_of(one)})
