"""A ledger is about one bank: its statements about customers are true at one address only.

A joiner of settings and ledger. Promises: a run with another address than the ledger's is refused before anything is
sent, unless the user says that the bank moved; a ledger of an older version gets its bank from its next run. Whether
there is a bank at the address shows at the log-in.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from finhub_onboard.config.settings import SANDBOX_URL, Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger.ports import Reader

_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBank:
    """The address in the settings, and the one that the ledger had; empty: none."""

    address: str
    before: str

    @property
    def is_news(self) -> bool:
        """Whether the ledger's address must be updated."""
        return self.address != self.before

    @property
    def message(self) -> str:
        """The message for an update of the ledger."""
        if self.before:
            return f"the ledger's bank moved from {self.before} to {self.address}"
        return f"the ledger is from now on that of the bank at {self.address}"


def recognise(ledger: Reader, settings: Settings, *, moved: bool = False) -> KnownBank:
    """The bank of these settings. Raises :class:`ConfigurationError` if the ledger is about another one."""
    known = KnownBank(address=address_of(settings.api.base_url), before=ledger.bank)
    if known.before and known.is_news and not moved:
        raise ConfigurationError(
            f"the ledger {ledger.name} is that of the bank at {known.before}, and api.base_url leads to"
            f" {known.address}: who is finished there may be unknown here",
            hint="name another file in ledger.url for this bank; if the bank itself moved, run once with --same-bank",
        )
    return known


def address_of(base_url: str) -> str:
    """Host, port unless it is the default, and path: the canonical form of a bank's address."""
    if base_url == SANDBOX_URL:
        return base_url
    parts = urlsplit(base_url)
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{host}{port}{parts.path.rstrip('/')}"
