"""``onboard ledger compact``: make the ledger's file as small as what it holds. Sends nothing and needs no secret."""

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.preconditions import open_ledger
from finhub_onboard.events import Handler

_HELD = "another program reads the ledger: it becomes as small as it can be at the end of the next run"


def compact(settings: Settings, emit: Handler) -> list[tuple[str, str]]:
    """Compact the ledger as the holder of its lease; return its sizes, as labels and facts."""
    with open_ledger(settings, create=False, emit=emit) as ledger, ledger.acquire_lease() as lease:
        sizes = lease.compact()
    told = [("ledger", ledger.name), ("before", _in_words(sizes.before)), ("after", _in_words(sizes.after))]
    return told if sizes.is_final else [*told, ("note", _HELD)]


def _in_words(size: int) -> str:
    return f"{size:,} bytes"
