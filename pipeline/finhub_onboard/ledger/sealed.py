"""JSON that the ledger keeps sealed: what others wrote freely, readable with the seed only."""

import json
from typing import Any

from finhub_onboard.errors import LedgerError
from finhub_onboard.keys import Keys


def seal(value: Any, keys: Keys) -> str:
    """Seal a value of JSON; the same value is always sealed alike."""
    return keys.seal_text(json.dumps(value))


def unseal(sealed: str, keys: Keys, *, what: str) -> Any:
    """Read what ``seal`` made. Raises :class:`LedgerError` that says ``what`` is damaged."""
    text = keys.unseal_text(sealed)
    if not text:
        raise LedgerError(f"{what} is damaged", hint="restore a backup")
    return json.loads(text)
