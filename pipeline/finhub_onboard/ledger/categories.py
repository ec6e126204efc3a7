"""The bank's categories as last read, sealed in the ledger, so that a plan needs no call.

A joiner of ledger and model. Promise: the categories that ``onboard check`` or a run read last are used.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from finhub_onboard.errors import OnboardError
from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.ledger.sealed import seal
from finhub_onboard.model import Category

_NOTE = "hierarchy"


def remember(categories: Sequence[Category], ledger: Ledger) -> None:
    """Store the categories; a ledger that cannot be written is no error here."""
    with suppress(OnboardError):
        ledger.note(_NOTE, seal([asdict(category) for category in categories], ledger.keys))


def known_categories(ledger: Reader) -> tuple[Category, ...] | None:
    """The categories as last read; ``None`` if they were never read, or by versions up to 0.4.0 only."""
    text = ledger.keys.unseal_text(ledger.noted(_NOTE) or "")
    return tuple(Category(**category) for category in json.loads(text)) if text else None
