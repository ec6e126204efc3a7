"""Refused log-ins, remembered in the ledger so that restarts of a job do not lock the admin user.

Five refused log-ins lock a user for 30 minutes (API.md, section 2), and an orchestrator that restarts a failing job
reaches that number quickly. A run therefore does not try credentials that the bank refused within that time, or
answered ``_UNCLEAR`` times with a success that says no. Other credentials are tried at once, and ``onboard check``
tries any on purpose. Only a keyed hash, the time and a count are kept; the embedded sandbox needs none of this.
"""

from contextlib import suppress
from datetime import UTC, datetime
from math import ceil
from typing import Protocol

import msgspec

from finhub_onboard.config.credentials import SENT_BY
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import OnboardError, RefusedError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Ledger, Reader

LOCKED_S = 30 * 60.0
_UNCLEAR = 3
_NOTE = "refused_login"


class _Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials that the bank refused last, and when (seconds since the epoch).

    ``unclear``: how often it answered with a success that says no; 0: it refused them explicitly.
    """

    mark: str
    at: float
    unclear: int = 0

    def holds(self, mark: str, now: float) -> bool:
        """Whether it is about these credentials and recent enough for the bank to count it."""
        return self.mark == mark and 0 <= now - self.at < LOCKED_S


class Session(Protocol):
    """What the bank said about the credentials."""

    @property
    def worked(self) -> bool:
        """A log-in was accepted."""

    @property
    def refused(self) -> bool:
        """A log-in was refused."""

    @property
    def unclear(self) -> int:
        """How often the last log-ins were answered with a success that says no."""


def may_log_in(settings: Settings, keys: Keys, ledger: Reader, *, now: float) -> None:
    """Raise :class:`RefusedError` if the bank refused these very credentials less than 30 minutes ago."""
    refused = _noted(ledger)
    if refused is None or not refused.holds(_mark(settings, keys), now) or 0 < refused.unclear < _UNCLEAR:
        return
    at = datetime.fromtimestamp(refused.at, UTC)
    minutes = ceil((LOCKED_S - (now - refused.at)) / 60)
    raise RefusedError(
        f"the bank refused these credentials at {at:%Y-%m-%d %H:%M:%S} UTC; they are not tried again so soon",
        hint="correct ONBOARD_CREDENTIALS__*: others are tried at once; `onboard check` tries the same ones on"
        f" purpose, and a run does again in {minutes} min; five refused log-ins lock the user for 30 minutes",
    )


def remember(session: Session, settings: Settings, keys: Keys, ledger: Ledger, *, now: float) -> None:
    """Store for later runs what the bank said about the credentials; an unwritable ledger is no error here."""
    if settings.embedded:
        return
    with suppress(OnboardError):
        before, mark = _noted(ledger), _mark(settings, keys)
        if session.refused or session.unclear:
            earlier = before.unclear if before and before.holds(mark, now) else 0
            unclear = 0 if session.refused else earlier + session.unclear
            ledger.note(_NOTE, msgspec.json.encode(_Refused(mark=mark, at=now, unclear=unclear)).decode())
        elif session.worked and before:
            ledger.note(_NOTE, "")


def _noted(ledger: Reader) -> _Refused | None:
    noted = ledger.noted(_NOTE)
    return msgspec.json.decode(noted, type=_Refused) if noted else None


def _mark(settings: Settings, keys: Keys) -> str:
    """The credentials together with whose they are: a user's refusals do not lock another one."""
    api = settings.api
    # What was refused at one address is another one's business; the admin session's is that of the ledger's bank.
    whose = (api.login, api.login_url, api.tenant_id) if api.login_has_own_url else (api.organization_id, api.user_id)
    return keys.login_hash(*whose, *map(settings.credentials.reveal, SENT_BY[api.login]))
