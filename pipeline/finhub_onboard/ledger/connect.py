"""Opening a ledger by its URL: the one place that chooses the adapter.

A new database is a new folder beside this module and one line of ``_ADAPTERS``. Promise: an address that no adapter
knows is a :class:`ConfigurationError` that names those that are known.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.ledger.sqlite import adapter as sqlite


class Adapter(Protocol):
    """What the ``adapter`` module of each database provides."""

    def open_ledger(self, url: str, *, tenant_id: str, seed: str, create: bool, say: Callable[[str], None]) -> Ledger:
        """Open or create the ledger."""

    def look_into(
        self, url: str, *, tenant_id: str, seed: str, say: Callable[[str], None]
    ) -> AbstractContextManager[Reader]:
        """Open an existing ledger for reading."""

    def name_of(self, url: str) -> str:
        """The name of the ledger at this address in messages."""

    def exists(self, url: str) -> bool:
        """Whether there is a ledger at this address."""

    def elsewhere(self, url: str) -> str:
        """A hint to add to "there is no ledger": another place where one is."""


_ADAPTERS: dict[str, Adapter] = {"sqlite:///": sqlite}
"""URL prefix -> adapter."""


def open_ledger(
    url: str, *, tenant_id: str, seed: str, create: bool = True, say: Callable[[str], None] = lambda _: None
) -> Ledger:
    """Open or create the ledger at ``url`` for one tenant and seed; ``say`` is told what takes long.

    Raises :class:`ConfigurationError` if it cannot be used, and :class:`AnotherSeedError`: nothing was sent yet.
    """
    return _adapter(url).open_ledger(url, tenant_id=tenant_id, seed=seed, create=create, say=say)


def look_into(
    url: str, *, tenant_id: str, seed: str, say: Callable[[str], None] = lambda _: None
) -> AbstractContextManager[Reader]:
    """Open an existing ledger for reading, also where it may not be written; without a seed it has no keys.

    ``say`` is told what takes long: a ledger of an older version that may be written is converted.

    Raises :class:`ConfigurationError` if there is none or it belongs to others.
    """
    return _adapter(url).look_into(url, tenant_id=tenant_id, seed=seed, say=say)


def name_of(url: str) -> str:
    """The name of the ledger at ``url`` in messages; without secrets."""
    return _adapter(url).name_of(url)


def exists(url: str) -> bool:
    """Whether there is a ledger at ``url``. Raises :class:`ConfigurationError` where that cannot be found out."""
    return _adapter(url).exists(url)


def elsewhere(url: str) -> str:
    """A hint to add to "there is no ledger at ``url``": another place where one is."""
    return _adapter(url).elsewhere(url)


def _adapter(url: str) -> Adapter:
    for beginning, adapter in _ADAPTERS.items():
        if url.startswith(beginning):
            return adapter
    scheme = url.partition(":")[0]
    raise ConfigurationError(
        f"no adapter keeps a ledger in {scheme}: ledger.url may begin with {', '.join(_ADAPTERS)}",
        hint='write for example ledger.url = "sqlite:///onboard-ledger.db"',
    )
