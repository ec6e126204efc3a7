"""The risk level that the bank will decide on, and its source: the hierarchy, earlier decisions, or an assumption.

Pure. Promises: the most reliable source wins, and an assumption is reported as one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from finhub_onboard.finhub.documents import REQUIRED_DOCUMENTS
from finhub_onboard.model import Category, Customer, Journey, Phase, Risk


class Source(StrEnum):
    """Where a risk level comes from."""

    HIERARCHY = "hierarchy"
    LEDGER = "ledger"
    ASSUMED = "assumed"


ASSUMED = (Risk.LOW, Risk.MEDIUM)
"""An assumed level is one of these; HIGH would be parked for the power tenant."""


def level_of(journey: Journey) -> str:
    """The risk level that the bank decided on for a customer; empty if it has not decided, or not named one."""
    if journey.done < Phase.VERIFICATION.number:
        return ""
    if journey.risk in set(Risk):
        return journey.risk
    return next((level for level, kinds in REQUIRED_DOCUMENTS.items() if kinds == journey.required), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Risk levels by category, as a row may write it.

    ``tiers``: the level that the hierarchy names. ``seen``: how often the bank decided on each level.
    """

    tiers: Mapping[str, str]
    seen: Mapping[str, Counter[str]]

    def of(self, customer: Customer) -> tuple[Source, Sequence[str]]:
        """The source, and the possible levels of a new customer, the most likely first."""
        if tier := self.tiers.get(customer.category):
            return Source.HIERARCHY, (tier,)
        if seen := self.seen.get(customer.category):
            return Source.LEDGER, tuple(level for level, _ in seen.most_common())
        likeliest = customer.risk_level or Risk.LOW
        return Source.ASSUMED, tuple(dict.fromkeys((likeliest, *ASSUMED)))


def levels(categories: Iterable[Category] | None, runs: Iterable[Mapping[str, Mapping[str, int]]]) -> Levels:
    """Combine the hierarchy with what earlier runs counted: category -> level -> customers."""
    words = {word: each for each in categories or () for word in (each.key, each.id, each.name) if word}
    seen: dict[str, Counter[str]] = {}
    for decided in runs:
        for word, counts in decided.items():
            key = words[word].key if word in words else word
            seen.setdefault(key, Counter()).update(counts)
    by_word = {word: seen[each.key] for word, each in words.items() if each.key in seen}
    tiers = {word: each.risk for word, each in words.items() if each.risk in set(Risk)}
    return Levels(tiers=tiers, seen=seen | by_word)
