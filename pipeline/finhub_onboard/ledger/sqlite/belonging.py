"""Whose a ledger is: the tenant and the seed that it was made for, and the keys that this seed has in it.

Promises: a ledger keeps its way to derive keys for ever, or nobody in it would be known again. Ledgers from version 0.5
on derive them from the stretched seed, older ones from the seed itself; what tells the seed is stretched in all, in
older ones from their next opening on. A seed that is refused changes nothing.
"""

import hmac
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from finhub_onboard.config import seeds
from finhub_onboard.config.seeds import Rooted, Stretching
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import AnotherSeedError

_TENANT, _CHECK = "tenant_id", "seed_check"


def entries_of_new(tenant_id: str, seed: str) -> dict[str, str]:
    """What a new ledger keeps of whose it is; the name is random."""
    stretching = Stretching(salt=os.urandom(16), cost=seeds.COST)
    return {_TENANT: tenant_id, _CHECK: stretching.check(seed), "ledger_id": os.urandom(8).hex()}


def recognise(db: sqlite3.Connection, path: Path, *, tenant_id: str, seed: str) -> Keys | None:
    """The keys in this ledger; ``None`` if no seed is given, and then it is not asked for.

    Raises :class:`ConfigurationError` if the ledger is another tenant's, :class:`AnotherSeedError`, and ``ValueError``
    for an entry that no ledger has.
    """
    known = dict(db.execute("SELECT key, value FROM meta"))
    if "ledger_id" not in known:
        raise ConfigurationError(
            f"ledger {path} does not say whose it is", hint="it is damaged; restore it from a backup"
        )
    if tenant_id and known.get(_TENANT) != tenant_id:
        raise _another(path, "tenant", ConfigurationError)
    if not seed:
        return None
    check = known.get(_CHECK, "")
    stretching = Stretching.of(check)
    said = stretching.check(seed) if stretching else seeds.quick_check(seed)
    if not hmac.compare_digest(said.encode(), check.encode()):
        raise _another(path, "seed", AnotherSeedError)
    if stretching is None:
        _harden(db, check, seed)
    if stretching is None or stretching.keys is Rooted.PLAIN:
        return Keys(seed, tenant_id)
    return Keys(seed, tenant_id, root=stretching.root(seed))


def _another(path: Path, said: str, error: type[ConfigurationError]) -> ConfigurationError:
    return error(
        f"ledger {path} belongs to another {said}",
        hint=f"give the {said} it was made with, or name another file in ledger.url",
    )


def _harden(db: sqlite3.Connection, quick: str, seed: str) -> None:
    """Put a stretched check in the place of a quick one, and leave no trace of that one in the file."""
    check = Stretching(salt=os.urandom(16), cost=seeds.COST, keys=Rooted.PLAIN).check(seed)
    with suppress(sqlite3.OperationalError):  # what cannot be written now is at the next opening
        db.execute("PRAGMA secure_delete = ON")
        with db:
            db.execute("UPDATE meta SET value = ? WHERE key = ? AND value = ?", (check, _CHECK, quick))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
