"""The risk level that the bank will decide by, and how it is known: its hierarchy, what it decided before, or a guess.

Pure. Promises: a source that knows more goes before one that knows less, and a guess is called one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from finhub_onboard.finhub.documents import REQUIRED_DOCUMENTS
from finhub_onboard.model import Category, Customer, Journey, Phase, Risk


class Source(StrEnum):
    """How a level is known."""

    HIERARCHY = "hierarchy"
    LEDGER = "ledger"
    ASSUMED = "assumed"


ASSUMED = (Risk.LOW, Risk.MEDIUM)
"""Between these a guess lies; HIGH would park for the power tenant."""


def level_of(journey: Journey) -> str:
    """What the bank decided for a customer; empty: it has not, or has not said."""
    if journey.done < Phase.VERIFICATION.number:
        return ""
    if journey.risk in set(Risk):
        return journey.risk
    return next((level for level, kinds in REQUIRED_DOCUMENTS.items() if kinds == journey.required), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """``tiers``: category as a row may write it -> level by the hierarchy; ``seen``: -> levels that came out."""

    tiers: Mapping[str, str]
    seen: Mapping[str, Counter[str]]

    def of(self, customer: Customer) -> tuple[Source, Sequence[str]]:
        """The levels that are possible for a new customer, the likeliest first."""
        if tier := self.tiers.get(customer.category):
            return Source.HIERARCHY, (tier,)
        if seen := self.seen.get(customer.category):
            return Source.LEDGER, tuple(level for level, _ in seen.most_common())
        likeliest = customer.risk_level or Risk.LOW
        return Source.ASSUMED, tuple(dict.fromkeys((likeliest, *ASSUMED)))


def levels(categories: Iterable[Category] | None, runs: Iterable[Mapping[str, Any]]) -> Levels:
    """What is known: by the hierarchy, and by what ``levels`` of the facts of runs say of customers per category."""
    words = {word: each for each in categories or () for word in (each.key, each.id, each.name) if word}
    seen: dict[str, Counter[str]] = {}
    for facts in runs:
        for word, counts in (facts.get("levels") or {}).items():
            key = words[word].key if word in words else word
            seen.setdefault(key, Counter()).update(counts)
    by_word = {word: seen[each.key] for word, each in words.items() if each.key in seen}
    tiers = {word: each.risk for word, each in words.items() if each.risk in set(Risk)}
    return Levels(tiers=tiers, seen=seen | by_word)
