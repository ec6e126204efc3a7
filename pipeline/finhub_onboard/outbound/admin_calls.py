"""Calls of the run itself, with the admin token: they are tried again until the bank answers or refuses.

A call that belongs to a customer goes through the journey instead.
"""

from collections.abc import Callable
from typing import TypeVar

from finhub_onboard.errors import StoppedEarlyError
from finhub_onboard.finhub.calls import CallName, Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Outgoing
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.session import AdminSession

_RENEWALS = 2
"""API.md, section 7: one renewal, and one more after a pause, because there are no other calls to compare with."""
_AGAIN = "check the network and api.base_url; the same command goes on where it ended"
T = TypeVar("T")


class AdminCalls:
    """Makes calls of the run and counts them."""

    def __init__(self, client: Client, session: AdminSession, gate: Gate) -> None:
        self._client = client
        self._session = session
        self._gate = gate
        self.sent = 0
        self.retried = 0
        self.refused_for_rate = 0

    async def read(
        self,
        call: CallName,
        request: Outgoing,
        parse: Callable[[bytes], T | None],
        patience: Patience,
        *,
        what: str,
        refuse: Callable[[int, str], Exception],
    ) -> T:
        """Return what ``parse`` makes of the answer; None: the answer does not contain it, and is asked for again.

        ``what`` names it in messages. Raises what ``refuse`` makes of a refusal's status and words, and
        :class:`StoppedEarlyError` if there is no answer.
        """
        reply, refused, attempt, renewals = Reply(), "", 0, 0
        while attempt < patience.max_attempts:
            attempt += 1
            token = await self._session.token(refused=refused)
            reply, content = await self.send(call, request, token=token, repeat=attempt > 1 or bool(refused))
            if reply.accepted:
                if (found := parse(content)) is not None:
                    return found
                reply = Reply(cause=f"the answer has no {what}")
            status = reply.says or reply.status
            if status == 401 and renewals < _RENEWALS:  # noqa: PLR2004
                if renewals:  # another log-in of the same user may have ended this session
                    await self._gate.pause(patience.wait_s(renewals))
                refused = token
                renewals += 1
                attempt -= 1
                continue
            if reply.kind is Kind.STOPPED:
                break
            if status is not None and 400 <= status < 500 and status not in (408, 425, 429):  # noqa: PLR2004
                raise refuse(status, f": {reply.message}" if reply.message else "")
            if attempt < patience.max_attempts:
                self._client.tell(f"no {what} yet: {reply.cause or f'status {reply.status}'}; trying again")
            if attempt < patience.max_attempts and reply.hold_s is None:  # else the next permit waits anyway
                await self._gate.pause(patience.asked_s(attempt, reply.retry_after_s))
        raise StoppedEarlyError(
            f"the bank's {what} cannot be read: {reply.cause or f'status {reply.status}'}", hint=_AGAIN
        )

    async def send(self, call: CallName, request: Outgoing, *, token: str = "", repeat: bool) -> tuple[Reply, bytes]:
        """Send one call; without ``token`` the session's own. It passes a shut gate, as a probe must."""
        token = token or await self._session.token()
        reply, content = await self._client.send(call, request, token=token, urgent=True)
        self.sent += reply.sent
        self.retried += reply.sent and repeat
        self.refused_for_rate += reply.says == 429  # noqa: PLR2004
        return reply, content
