"""The bank's categories as last read, sealed in the ledger, so that a plan needs no call.

A joiner of ledger and model. Promise: the categories that ``onboard check`` or a run read last are used.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

import msgspec

from finhub_onboard.errors import OnboardError
from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.ledger.sealed import seal
from finhub_onboard.model import B2B, Category, Feature

_NOTE = "hierarchy"
_FEATURES = "category_features"
"""A note of its own: earlier versions make a category of each entry of the other one, with all that it has."""


def remember(categories: Sequence[Category], ledger: Ledger) -> None:
    """Store the categories; a ledger that cannot be written is no error here."""
    with suppress(OnboardError):
        ledger.note(_NOTE, seal([stored(category) for category in categories], ledger.keys))
        features = {one.key: [asdict(feature) for feature in one.features] for one in categories if one.features}
        ledger.note(_FEATURES, seal(features, ledger.keys))


def stored(category: Category) -> dict[str, str]:
    """A category as earlier versions read it: without what its features ask for."""
    return {name: value for name, value in asdict(category).items() if name != "features"}


def changes(before: Sequence[Category], now: Sequence[Category]) -> str:
    """Say how the hierarchy differs from the one before; empty if it does not. Only keys are shown."""
    old, new = ({category.key: category for category in known} for known in (before, now))
    parts = {
        "new": [key for key in new if key not in old],
        "gone": [key for key in old if key not in new],
        "changed": [key for key in new if key in old and _differ(old[key], new[key])],
    }
    return "; ".join(f"{what}: {', '.join(sorted(keys))}" for what, keys in parts.items() if keys)


def _differ(before: Category, now: Category) -> bool:
    """A level that was not named before, or not kept by earlier versions, is no change."""
    level = now.risk if not before.risk or now.risk == B2B else before.risk
    return (before.id, before.name, level) != (now.id, now.name, now.risk)


def known_categories(ledger: Reader) -> tuple[Category, ...] | None:
    """The categories as last read; ``None`` if they were never read, or by versions up to 0.4.0 only.

    They have no features if versions up to 0.6.0 read them.
    """
    text = ledger.keys.unseal_text(ledger.noted(_NOTE) or "")
    if not text:
        return None
    features = _known_features(ledger)
    return tuple(Category(**each, features=features.get(each["key"], ())) for each in json.loads(text))


def _known_features(ledger: Reader) -> Mapping[str, tuple[Feature, ...]]:
    text = ledger.keys.unseal_text(ledger.noted(_FEATURES) or "")
    return msgspec.convert(json.loads(text), dict[str, tuple[Feature, ...]]) if text else {}
