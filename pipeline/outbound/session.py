"""The admin session: opened once, renewed in time or after a refusal, by one caller for all.

A refused log-in stops the run at once: five failures lock the user (API.md, section 2). The token is never stored.
"""

import asyncio
from collections.abc import Callable

from pipeline.calls import CallName
from pipeline.errors import RefusedError, StoppedEarlyError
from pipeline.outbound.client import Client
from pipeline.outbound.payloads import Payloads

_LIFE_S = 3600.0
_RENEW_AT = 0.8
_MARGIN_S = 60.0


class AdminSession:
    """Hands out the admin token. ``wait_s`` tells how long to wait after a failed try, by its number from 1.

    ``max_wait_s`` caps what the bank asks to wait.
    """

    def __init__(
        self,
        client: Client,
        payloads: Payloads,
        *,
        max_attempts: int,
        wait_s: Callable[[int], float],
        clock: Callable[[], float],
        max_wait_s: float = 60.0,
    ) -> None:
        self._client = client
        self._payloads = payloads
        self._max_attempts = max_attempts
        self._wait_s = wait_s
        self._clock = clock
        self._max_wait_s = max_wait_s
        self._one_at_a_time = asyncio.Lock()
        self._token = ""
        self._renew_after = 0.0
        self._failure: RefusedError | StoppedEarlyError | None = None
        self._rounds = 0
        self.logins = 0

    async def token(self, *, refused: str = "") -> str:
        """A token that is good now; ``refused`` is one that the bank just turned down.

        Raises :class:`RefusedError` if the bank refuses the log-in, :class:`StoppedEarlyError` if it cannot be had.
        """
        if self._token and self._token != refused and self._clock() < self._renew_after:
            return self._token
        rounds = self._rounds
        async with self._one_at_a_time:
            # Those who waited for a log-in that failed share its failure; after a refusal nobody tries again.
            if self._failure and (isinstance(self._failure, RefusedError) or self._rounds != rounds):
                raise type(self._failure)(str(self._failure), hint=self._failure.hint)
            if not self._token or self._token == refused or self._clock() >= self._renew_after:
                try:
                    await self._log_in()
                except (RefusedError, StoppedEarlyError) as error:
                    self._failure = error
                    raise
                finally:
                    self._rounds += 1
                self._failure = None
            return self._token

    async def _log_in(self) -> None:
        cause = ""
        for attempt in range(1, self._max_attempts + 1):
            self.logins += 1
            reply, _ = await self._client.send(CallName.LOGIN, self._payloads.login(), urgent=True)
            if reply.accepted and reply.readable:
                life = reply.facts.token_life_s or _LIFE_S
                self._token = reply.facts.token
                # Never with less than a minute left, unless the whole life is about as short.
                usable = min(life * _RENEW_AT, life - _MARGIN_S) if life > 2 * _MARGIN_S else life * _RENEW_AT
                self._renew_after = self._clock() + usable
                return
            status = reply.says or reply.status
            refused = status is not None and 400 <= status < 500 and status not in (408, 425, 429)  # noqa: PLR2004
            # A 200 that says no without a reason counts as a failed log-in too: trying again would lock the user.
            if refused or (not reply.accepted and status is not None and status < 300):  # noqa: PLR2004
                said = f": {reply.message}" if reply.message else ""
                raise RefusedError(
                    f"the bank refused the admin log-in ({status}){said}",
                    hint="check ONBOARD_CREDENTIALS__*, api.tenant_id, api.organization_id and api.user_id;"
                    " five failed log-ins lock the user for 30 minutes",
                )
            if reply.cause == "stopped":
                break
            cause = reply.cause or f"status {reply.status}"
            if attempt < self._max_attempts:
                self._client.tell(f"no admin session yet: {cause}; trying again")
            if attempt < self._max_attempts and reply.hold_s is None:  # else the next turn waits anyway
                asked = reply.retry_after_s
                pause = self._wait_s(attempt) if asked is None else min(asked, self._max_wait_s)
                await self._client.pacer.pause(pause)
        raise StoppedEarlyError(
            f"no admin session could be opened at the bank: {cause or 'the run was stopped'}",
            hint="check the network and api.base_url; the same command goes on where it ended",
        )
