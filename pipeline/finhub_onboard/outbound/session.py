"""The admin session: opened once, renewed in time or after a refusal, by one caller for all.

Five refused log-ins lock the user for 30 minutes (API.md, section 2). So the bank's own 401 or 403 stops the run at
once. Credentials that worked in this run are tried again after every other answer, with a pause; answers that may be
refused log-ins (a 200 that says no) are tolerated only ``_UNCLEAR`` times in a row. The token is never stored.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from finhub_onboard.errors import ConfigurationError, OnboardError, RefusedError, StoppedEarlyError
from finhub_onboard.finhub.calls import Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.gate import Gate

_LIFE_S = 3600.0
_RENEW_AT = 0.8
_MARGIN_S = 60.0
_UNCLEAR = 3
_DEPLOY_S = 10.0
"""How long an address without API is tried: while a bank is deployed its gateway answers 404."""


class Login(Enum):
    """The result of a log-in."""

    OPENED = auto()
    REFUSED = auto()
    """The bank's own 401 or 403."""
    UNCLEAR = auto()
    """A 200 that says no: it may count as a refused log-in."""
    NOT_TAKEN = auto()
    """The bank rejects the form of the request."""
    NOT_FOUND = auto()
    PROXY = auto()
    """A proxy, not the bank, requires credentials of its own."""
    TROUBLE = auto()
    """A fault of the bank or the network, which says nothing about the credentials."""


def judge_login(reply: Reply) -> Login:
    """The result by the answer to a log-in; a gateway's answer says nothing about the credentials."""
    if reply.accepted:
        return Login.OPENED if reply.readable else Login.TROUBLE
    if reply.kind is Kind.PROXY:
        return Login.PROXY
    says = reply.says or reply.status
    match says:
        case None:
            return Login.TROUBLE
        case 401 | 403:
            return Login.REFUSED
        case _ if reply.status == 407:  # noqa: PLR2004 - no bank says that
            return Login.PROXY
        case _ if reply.status == 404:  # noqa: PLR2004 - the bank's own or a gateway's
            return Login.NOT_FOUND
        case 408 | 425 | 429:
            return Login.TROUBLE
    if reply.kind is Kind.LOCKED:
        return Login.REFUSED
    if 200 <= says < 300:  # noqa: PLR2004 - RFC 9110 success
        return Login.UNCLEAR
    return Login.NOT_TAKEN if 400 <= says < 500 else Login.TROUBLE  # noqa: PLR2004 - client errors


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """How messages name the settings on which a log-in depends: where it is, what is accepted, who must be known."""

    address: str
    accepted_by: str
    found_by: str


ADMIN_SESSION = LoginSettings(
    address="api.base_url",
    accepted_by="ONBOARD_CREDENTIALS__*, api.tenant_id, api.organization_id and api.user_id",
    found_by="api.organization_id or api.user_id",
)


class AdminSession:
    """Provides the admin token.

    ``patience`` limits the tries of a log-in. ``worked``, ``refused`` and ``unclear`` are what the bank said of the
    credentials; ``unclear`` counts successes that say no since they last worked.
    """

    def __init__(
        self,
        client: Client,
        payloads: Payloads,
        patience: Patience,
        gate: Gate,
        *,
        clock: Callable[[], float],
        named: LoginSettings = ADMIN_SESSION,
    ) -> None:
        self._client = client
        self._gate = gate
        self._payloads = payloads
        self._named = named
        self._hint = f"check {named.accepted_by}; five failed log-ins lock the user for 30 minutes"
        self._patience = patience
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._token = ""
        self._renew_after = 0.0
        self._failure: OnboardError | None = None
        self._rounds = 0
        self.logins = 0
        self.worked = False
        self.refused = False
        self.unclear = 0

    async def token(self, *, refused: str = "") -> str:
        """Return a valid token; ``refused`` is one that the bank has just refused.

        Raises :class:`RefusedError` if the bank refuses the log-in, :class:`ConfigurationError` if there is no bank at
        this address, :class:`StoppedEarlyError` if there is no token.
        """
        if self._token and self._token != refused and self._clock() < self._renew_after:
            return self._token
        rounds = self._rounds
        async with self._one_at_a_time:
            # Callers that waited for a failed log-in share its failure; after a refusal nobody tries again.
            used_up = self.refused or self.unclear >= (_UNCLEAR if self.worked else 1)
            if self._failure and (used_up or self._rounds != rounds):
                raise type(self._failure)(str(self._failure), hint=self._failure.hint)
            if not self._token or self._token == refused or self._clock() >= self._renew_after:
                try:
                    await self._log_in()
                except OnboardError as error:
                    self._failure = error
                    raise
                finally:
                    self._rounds += 1
                self._failure = None
            return self._token

    async def _log_in(self) -> None:
        started = self._clock()
        for attempt in range(1, 10**9):
            self.logins += 1
            reply, _ = await self._client.send(self._payloads.login_call, self._payloads.login(), urgent=True)
            outcome = judge_login(reply)
            if outcome is Login.OPENED:
                self._take(reply)
                return
            patient = outcome is Login.NOT_FOUND and not self.worked and self._clock() - started < _DEPLOY_S
            last = attempt >= self._patience.max_attempts and not patient
            self._end_if_final(outcome, reply, last=last)
            self._client.tell(f"no admin session yet: {_cause(reply)}; trying again")
            await self._pause(attempt, reply)

    def _take(self, reply: Reply) -> None:
        life = reply.facts.token_life_s or _LIFE_S
        self._token = reply.facts.token
        # At least a minute before it expires, unless its whole life is about as short.
        usable = min(life * _RENEW_AT, life - _MARGIN_S) if life > 2 * _MARGIN_S else life * _RENEW_AT
        self._renew_after = self._clock() + usable
        self.unclear = 0
        self.worked = True

    def _end_if_final(self, outcome: Login, reply: Reply, *, last: bool) -> None:
        """Raise the error that ends the run, if this answer is final; ``last``: there is no further try."""
        words = f" ({reply.status}){f': {reply.message}' if reply.message else ''}"
        self.refused = outcome is Login.REFUSED
        self.unclear += outcome is Login.UNCLEAR
        if self.refused or (self.unclear and not self.worked):
            raise RefusedError(f"the bank refused the admin log-in{words}", hint=self._hint)
        if self.unclear >= _UNCLEAR:
            raise StoppedEarlyError(
                f"the bank answered the admin log-in {self.unclear} times with a success that says no{words}",
                hint="not tried again, for it may count as a failed log-in, and five lock the user for 30 minutes;"
                " look whether the user can log in, then run the same command again",
            )
        if reply.kind is Kind.STOPPED:
            raise self._no_session("the run was stopped")
        if self.worked or reply.status is None:
            # Wrong credentials of a proxy are not tried again: the proxy may lock the user.
            if last or reply.kind is Kind.PROXY:
                raise self._no_session(_cause(reply))
        elif outcome is Login.PROXY:
            raise ConfigurationError(
                "a proxy on the way to the bank asks for credentials (407)",
                hint="check the user and the password of the proxy in HTTPS_PROXY, or add the bank to NO_PROXY",
            )
        elif outcome is Login.NOT_TAKEN:
            raise ConfigurationError(f"the bank does not take the admin log-in{words}", hint=self._hint)
        elif last and outcome is Login.NOT_FOUND:
            raise ConfigurationError(
                f"no FinHub API at this address: check {self._named.address}{words}",
                hint=f"if the address is right, the bank does not know {self._named.found_by}",
            )
        elif last:
            raise self._no_session(_cause(reply))

    def _no_session(self, cause: str) -> StoppedEarlyError:
        return StoppedEarlyError(
            f"no admin session could be opened at the bank: {cause}",
            hint=f"check the network and {self._named.address}; the same command goes on where it ended",
        )

    async def _pause(self, attempt: int, reply: Reply) -> None:
        """Wait before the next try; after a refusal for rate the pacer delays everybody already."""
        if reply.hold_s is not None:
            return
        if reply.retry_after_s:
            await self._gate.pause(min(reply.retry_after_s, self._patience.max_wait_s))
            return
        # At least half of the backoff: all tries must not fall into a short outage by chance.
        least_s = min(2.0**attempt / 4, self._patience.max_wait_s)
        await self._gate.pause(max(self._patience.wait_s(attempt), least_s))


def _cause(reply: Reply) -> str:
    return reply.cause or f"status {reply.status}"
