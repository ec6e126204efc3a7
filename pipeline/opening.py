"""What a command opens before it works: the keys of its tenant, the ledger.

Promise: what is missing or cannot be used is one :class:`ConfigurationError` before anything is sent.
"""

import time
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.errors import ConfigurationError
from pipeline.events import Handler, Notice
from pipeline.keys import Keys
from pipeline.ledger.store import Ledger
from pipeline.outbound.tls import Trust, load_trust
from pipeline.projection import instant
from pipeline.settings import PREFIX, Settings

_BEHIND_S = 300.0
"""Clocks of machines that take turns differ by less."""


def keys_of(settings: Settings) -> Keys:
    """The keys of this tenant and seed. Raises :class:`ConfigurationError` that names what credentials are missing."""
    if missing := settings.credentials.missing():
        raise ConfigurationError(
            f"credentials are missing: {', '.join(missing)}",
            hint="set them in the environment, or each as …_FILE with the path of a secret file",
        )
    return Keys(settings.credentials.seed.get_secret_value(), settings.api.tenant_id)


def load_certificates(settings: Settings) -> Trust:
    """What the settings say of certificates. Raises :class:`ConfigurationError` if a file of them cannot be used."""
    return load_trust(settings.api)


def seed_keys(settings: Settings) -> Keys:
    """The keys for who does not call the bank: of the credentials only the seed is needed."""
    if not (seed := settings.credentials.seed.get_secret_value()):
        raise ConfigurationError(
            f"{PREFIX}CREDENTIALS__SEED is missing: the ledger's keys derive from it",
            hint="set it in the environment, or …_FILE with the path of a secret file",
        )
    return Keys(seed, settings.api.tenant_id)


def open_ledger(settings: Settings, keys: Keys, *, create: bool = True) -> Ledger:
    """The ledger of these settings. Raises :class:`ConfigurationError` if it cannot be used: nothing was sent yet."""
    return Ledger.open(settings.ledger.path, tenant_id=settings.api.tenant_id, seed_check=keys.check, create=create)


def look_into_ledger(settings: Settings, keys: Keys) -> AbstractContextManager[Ledger]:
    """The existing ledger of these settings for reading: nobody needs the right to write it."""
    return Ledger.open_to_look(settings.ledger.path, tenant_id=settings.api.tenant_id, seed_check=keys.check)


def say_if_new(ledger: Ledger, emit: Handler) -> None:
    """Say where the ledger is while no run has used it: a wrong path must not pass for a first run."""
    if not ledger.runs(acts=True):
        emit(Notice(message=f"the ledger {ledger.path} is new: nobody is in it yet{_elsewhere(ledger.path)}"))


def say_if_missing(settings: Settings, emit: Handler) -> bool:
    """Say where there is no ledger yet, for a command that makes none; whether it is so."""
    path = settings.ledger.path
    try:
        missing = not path.exists()
    except OSError as error:
        hint = "check ledger.url, that the folder exists and who may read it"
        raise ConfigurationError(f"cannot open the ledger {path}: {error.strerror}", hint=hint) from None
    if missing:
        emit(Notice(message=f"there is no ledger {path} yet: every customer counts as new{_elsewhere(path)}"))
    return missing


def say_if_clock_is_behind(ledger: Ledger, emit: Handler) -> None:
    """Say, before anything is judged by it, that this machine's clock is behind what the ledger has seen."""
    now = time.time()
    newest = max((max(run.started_at, run.heartbeat_at) for run in ledger.runs(acts=True)), default=now)
    if newest - now > _BEHIND_S:
        emit(
            Notice(
                message=f"this machine's clock says {instant(now)}, and the ledger was written at {instant(newest)},"
                f" {(newest - now) / 3600:,.1f} h later: set the clock, unless it was that one which was wrong; birth"
                " dates, consents, the deadline and who is whose in the deliveries are judged by it"
            )
        )


def _elsewhere(path: Path) -> str:
    """What to add if the current folder has a ledger of that name: there older versions looked for it."""
    here = Path.cwd() / path.name
    if not here.is_file() or (path.exists() and here.samefile(path)):
        return ""
    return f"; there is one at {here}: older versions looked there, now paths begin at the configuration's folder"
