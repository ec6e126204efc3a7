"""Compares what the configuration states for categories, and what rows bring, with what the hierarchy asks for.

Promise: what a run refuses for it is what a plan and a validation foresee.
"""

from collections.abc import Callable, Iterator, Sequence

from finhub_onboard.config.categories import CategorySettings, column_of
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.finhub.parametrization import Parameters, Stated, faults, lacking
from finhub_onboard.intake.checking.categories import words_of
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.ports import Problem
from finhub_onboard.model import Category, Customer


def stated_in(settings: Settings) -> Stated:
    """What the configuration states for categories."""
    return {name.casefold(): _parameters(one) for name, one in settings.categories.items()}


def _parameters(category: CategorySettings) -> Parameters:
    columns = {key: column for key, value in category.parametrization.items() if (column := column_of(value))}
    constants = {key: value for key, value in category.parametrization.items() if key not in columns}
    return Parameters(constants=constants, columns=columns)


def problem_of(wanted: Sequence[tuple[str, str]]) -> Problem | None:
    """Why a registration that lacks these keys is not sent; None if it lacks none."""
    if not wanted:
        return None
    code = Code.CATEGORY_PARAMETERS
    told = "; ".join(f"{key}: {want}" for key, want in wanted)
    return Problem(code=code, message=f"{code.message}: {told}", hint=code.hint, field="category")


def foreseen(settings: Settings, categories: Sequence[Category]) -> Callable[[Customer], Problem | None]:
    """Return what tells why a run will not send a customer's registration, by what these categories ask for."""
    stated, known = stated_in(settings), index_categories(categories)

    def find(customer: Customer) -> Problem | None:
        category = known.get(customer.category.casefold())
        return problem_of(lacking(customer, category, stated)) if category else None

    return find


def index_categories(categories: Sequence[Category]) -> dict[str, Category]:
    """Categories by every word that a row may use; keys take precedence over ids, ids over names."""
    by_name = {category.name.casefold(): category for category in categories}
    by_id = {category.id.casefold(): category for category in categories}
    return by_name | by_id | {category.key.casefold(): category for category in categories}


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
