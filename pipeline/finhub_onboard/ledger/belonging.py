"""The owner of a ledger: the tenant and seed that it was made for, and the keys derived from the seed.

Works on the entries that a ledger keeps about itself, in any database. Promises: a ledger never changes how its keys
are derived, or none of its customers would be recognised. Ledgers from version 0.5 on derive them from the stretched
seed, older ones from the seed itself. The entry to verify the seed is stretched in all of them, in older ones from
their next opening on. A refused seed changes nothing.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from finhub_onboard.config import seeds
from finhub_onboard.config.seeds import Rooted, Stretching
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import AnotherSeedError

CHECK = "seed_check"
"""The entry that verifies the seed."""
_TENANT = "tenant_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The keys by a ledger's entries and the seed; ``None`` without a seed.

    ``harder_check`` replaces the entry ``CHECK``; empty: it stays.
    """

    keys: Keys | None
    harder_check: str = ""


def entries_of_new(tenant_id: str, seed: str) -> dict[str, str]:
    """The entries of a new ledger about its owner; its name is random."""
    stretching = Stretching(salt=os.urandom(16), cost=seeds.COST)
    return {_TENANT: tenant_id, CHECK: stretching.check(seed), "ledger_id": os.urandom(8).hex()}


def recognise(entries: Mapping[str, str], name: str, *, tenant_id: str, seed: str) -> Opened:
    """The keys of the ledger called ``name`` with these entries; without a seed it is not verified.

    Raises :class:`ConfigurationError` if the ledger is another tenant's, :class:`AnotherSeedError`, and ``ValueError``
    for an invalid entry.
    """
    if "ledger_id" not in entries:
        raise ConfigurationError(
            f"ledger {name} does not say whose it is", hint="it is damaged; restore it from a backup"
        )
    if tenant_id and entries.get(_TENANT) != tenant_id:
        raise _another(name, "tenant", ConfigurationError)
    if not seed:
        return Opened(keys=None)
    check = entries.get(CHECK, "")
    stretching = Stretching.of(check)
    computed = stretching.check(seed) if stretching else seeds.quick_check(seed)
    if not hmac.compare_digest(computed.encode(), check.encode()):
        raise _another(name, "seed", AnotherSeedError)
    if stretching is None:
        harder = Stretching(salt=os.urandom(16), cost=seeds.COST, keys=Rooted.PLAIN)
        return Opened(keys=Keys(seed, tenant_id), harder_check=harder.check(seed))
    if stretching.keys is Rooted.PLAIN:
        return Opened(keys=Keys(seed, tenant_id))
    return Opened(keys=Keys(seed, tenant_id, root=stretching.root(seed)))


def _another(name: str, what: str, error: type[ConfigurationError]) -> ConfigurationError:
    return error(
        f"ledger {name} belongs to another {what}",
        hint=f"give the {what} it was made with, or name another file in ledger.url",
    )
