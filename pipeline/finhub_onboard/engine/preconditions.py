"""What a command needs before it works: credentials, and the ledger with the keys of its tenant.

Promise: what is missing or unusable is one :class:`ConfigurationError` before anything is sent.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from finhub_onboard.config import practice
from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.seeds import weakness
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler, Notice, ignore
from finhub_onboard.ledger import connect
from finhub_onboard.ledger.ports import AnotherSeedError, Ledger, Reader
from finhub_onboard.outbound.tls import Trust
from finhub_onboard.reports.projection import instant

_SEED = f"{PREFIX}CREDENTIALS__SEED"
_BEHIND_S = 300.0
"""Clocks of machines that share a ledger differ by less."""
_Opened = TypeVar("_Opened", bound=Reader)


def need_credentials(settings: Settings) -> None:
    """Raise :class:`ConfigurationError` that names what is missing to call the bank, or a seed that is too weak."""
    if missing := settings.missing_credentials():
        raise ConfigurationError(
            f"credentials are missing: {', '.join(missing)}",
            hint="set them in the environment, or each as …_FILE with the path of a secret file",
        )
    _refuse_weak(settings)


def _refuse_weak(settings: Settings) -> None:
    """Refuse a weak seed for a new ledger."""
    weak = weakness(_seed(settings))
    if weak and not connect.exists(settings.ledger.url):
        raise ConfigurationError(
            f"{_SEED} is too easy to guess for a new ledger: {weak}",
            hint="make one, for example with `openssl rand -hex 32`, and keep it with the ledger"
            + ("; to practise none is needed: unset it" if settings.embedded else ""),
        )


def need_seed(settings: Settings) -> None:
    """Raise :class:`ConfigurationError` if the seed is missing; for commands without calls."""
    if not _seed(settings):
        raise ConfigurationError(
            f"{_SEED} is missing: the ledger's keys derive from it",
            hint="set it in the environment, or …_FILE with the path of a secret file",
        )


def open_ledger(settings: Settings, *, create: bool = True, emit: Handler = ignore) -> Ledger:
    """The ledger of these settings. Raises :class:`ConfigurationError` if it cannot be used: nothing was sent yet."""
    if create:
        _refuse_weak(settings)

    def opened(seed: str) -> Ledger:
        tenant_id = settings.api.tenant_id
        return connect.open_ledger(
            settings.ledger.url,
            tenant_id=tenant_id,
            seed=seed,
            create=create,
            say=lambda message: emit(Notice(message=message)),
        )

    return _opened(settings, opened, emit)


@contextmanager
def look_into_ledger(settings: Settings, *, emit: Handler = ignore) -> Iterator[Reader]:
    """The existing ledger of these settings, read-only."""
    with ExitStack() as stack:

        def looked_into(seed: str) -> Reader:
            tenant_id = settings.api.tenant_id
            return stack.enter_context(
                connect.look_into(
                    settings.ledger.url,
                    tenant_id=tenant_id,
                    seed=seed,
                    say=lambda message: emit(Notice(message=message)),
                )
            )

        yield _opened(settings, looked_into, emit)


def _opened(settings: Settings, open_with: Callable[[str], _Opened], emit: Handler) -> _Opened:
    """A ledger opened with the seed of the settings, with a notice if the seed is weak.

    Practice with the sandbox continues in a ledger that was begun without a seed, even if there is one by now.
    """
    seed = _seed(settings)
    try:
        ledger = open_with(seed)
    except AnotherSeedError:
        if not settings.embedded or seed == practice.SEED:
            raise
        ledger = open_with(practice.SEED)
    if seed and (weak := weakness(seed)):
        emit(Notice(message=f"{_SEED} is easy to guess: {weak}; whoever gets the ledger {ledger.name} can try it out"))
    return ledger


def _seed(settings: Settings) -> str:
    return settings.credentials.seed.get_secret_value()


def say_if_certificate_ends(trust: Trust, emit: Handler) -> None:
    """Say in good time that our certificate must be renewed."""
    if trust.own and trust.own.ends_soon:
        emit(Notice(message=trust.own.told))


def say_if_new(ledger: Reader, settings: Settings, emit: Handler) -> None:
    """Emit the ledger's path while no run has used it: a wrong path must not look like a first run."""
    if not ledger.runs(acts=True):
        elsewhere = connect.elsewhere(settings.ledger.url)
        emit(Notice(message=f"the ledger {ledger.name} is new: nobody is in it yet{elsewhere}"))


def say_if_missing(settings: Settings, emit: Handler) -> bool:
    """Emit a notice if there is no ledger, for a command that creates none; return whether that is so."""
    url = settings.ledger.url
    missing = not connect.exists(url)
    if missing:
        message = f"there is no ledger {connect.name_of(url)} yet: every customer counts as new{connect.elsewhere(url)}"
        emit(Notice(message=message))
    return missing


def say_if_clock_is_behind(ledger: Reader, emit: Handler) -> None:
    """Emit a notice if this machine's clock is behind the ledger's latest time."""
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
