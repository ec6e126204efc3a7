"""``onboard ledger compact``: make the ledger's file as small as what it holds. Sends nothing and needs no secret."""

import json
from dataclasses import asdict, dataclass

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.preconditions import open_ledger
from finhub_onboard.events import Handler

_HELD = "another program reads the ledger: it becomes as small as it can be at the end of the next run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """The bytes that a ledger took before and takes after; ``is_final``: no other program kept it from all of that."""

    ledger: str
    before: int
    after: int
    is_final: bool

    def as_rows(self) -> list[tuple[str, str]]:
        """Return the sizes for people: labels and facts."""
        told = [("ledger", self.ledger), ("before", f"{self.before:,} bytes"), ("after", f"{self.after:,} bytes")]
        return told if self.is_final else [*told, ("note", _HELD)]

    def as_json(self) -> str:
        """Return the sizes for programs."""
        return json.dumps(asdict(self), indent=2)


def compact(settings: Settings, emit: Handler) -> Compacted:
    """Compact the ledger as the holder of its lease."""
    with open_ledger(settings, create=False, emit=emit) as ledger, ledger.acquire_lease() as lease:
        sizes = lease.compact()
    return Compacted(ledger=ledger.name, before=sizes.before, after=sizes.after, is_final=sizes.is_final)
