"""What the rehearsal's bank takes over of the sample and of the user's settings: a bank that suits the book. Pure.

Promises that nothing of a scenario changes but what the user's own bank decides: categories, versions of consents in
force and the lowest age; and how long the bank's minute takes, so that limits and maintenance take seconds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from finhub_onboard.config.settings import Settings
from finhub_onboard.model import Customer, Risk
from finhub_onboard.sandbox.demo import CATEGORIES, DemoCategory
from finhub_onboard.sandbox.habits import Scenario

MINUTE_S = 2.0
"""How long a minute of the rehearsal's bank takes."""


def adapt(scenario: Scenario, customers: Sequence[Customer], settings: Settings) -> Scenario:
    """The scenario at a bank where the versions that the sample accepted are in force and its youngest are taken."""

    def versions(consent: str) -> tuple[str, ...]:
        return _versions(f"{consent}_version", customers, settings)

    min_age = min(scenario.rules.min_age, settings.intake.min_age)
    return replace(
        scenario,
        minute_s=MINUTE_S,
        rules=replace(scenario.rules, min_age=min_age),
        consents=replace(
            scenario.consents,
            terms=versions("terms"),
            privacy=versions("privacy"),
            data_processing=versions("data_processing"),
        ),
    )


def _versions(column: str, customers: Sequence[Customer], settings: Settings) -> tuple[str, ...]:
    """All versions of a consent that will be sent, the usual one first."""
    default: str = getattr(settings.consents, column)
    sent = Counter(getattr(customer, column) or default for customer in customers)
    return tuple(version for version, _ in sent.most_common()) or (default,)


def categories(customers: Sequence[Customer]) -> tuple[DemoCategory, ...]:
    """The bank's categories and those of the sample, each with the risk that most of its customers have."""
    known = {word.casefold() for category in CATEGORIES for word in (category.key, category.id, category.name)}
    levels: dict[str, Counter[str]] = {}
    spellings: dict[str, str] = {}
    for customer in customers:
        folded = customer.category.casefold()
        if folded not in known:
            spellings.setdefault(folded, customer.category)
            levels.setdefault(folded, Counter())[customer.risk_level or Risk.LOW] += 1
    added = (
        DemoCategory(
            key=spellings[folded],
            id=f"rehearsal-{number}",
            name=spellings[folded],
            risk=counts.most_common(1)[0][0],
            individual=True,
        )
        for number, (folded, counts) in enumerate(levels.items(), start=1)
    )
    return (*CATEGORIES, *added)
