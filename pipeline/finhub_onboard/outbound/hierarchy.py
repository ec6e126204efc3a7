"""Phase 1: reads the tenant's categories, once per run (API.md, section 4, call 1)."""

from finhub_onboard.errors import RefusedError, StoppedEarlyError
from finhub_onboard.finhub.answers import read_categories
from finhub_onboard.finhub.calls import CallName, Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.model import Category
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.session import AdminSession

_RENEWALS = 2
"""API.md, section 7: one renewal, and one more after a pause, because there are no other calls to compare with."""
_AGAIN = "check the network and api.base_url; the same command goes on where it ended"


class Hierarchy:
    """Reads the hierarchy and counts its calls."""

    def __init__(self, client: Client, payloads: Payloads, session: AdminSession, gate: Gate) -> None:
        self._client = client
        self._payloads = payloads
        self._session = session
        self._gate = gate
        self.sent = 0
        self.retried = 0
        self.refused_for_rate = 0

    async def read(self, patience: Patience) -> tuple[Category, ...]:
        """The categories. Raises :class:`RefusedError` or :class:`StoppedEarlyError`."""
        reply, refused, attempt, renewals = Reply(), "", 0, 0
        while attempt < patience.max_attempts:
            attempt += 1
            token = await self._session.token(refused=refused)
            reply, content = await self._send(token, repeat=attempt > 1 or bool(refused))
            if reply.accepted:
                if categories := read_categories(content):
                    return categories
                reply = Reply(cause="the answer has no categories")
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
                words = f": {reply.message}" if reply.message else ""
                raise RefusedError(
                    f"the bank refuses this tenant its categories ({status}){words}",
                    hint="check api.tenant_id, the admin user's role and that categorization is enabled",
                )
            if attempt < patience.max_attempts:
                self._client.tell(f"no categories yet: {reply.cause or f'status {reply.status}'}; trying again")
            if attempt < patience.max_attempts and reply.hold_s is None:  # else the next permit waits anyway
                await self._gate.pause(patience.asked_s(attempt, reply.retry_after_s))
        raise StoppedEarlyError(
            f"the bank's categories cannot be read: {reply.cause or f'status {reply.status}'}", hint=_AGAIN
        )

    async def probe(self) -> Reply:
        """Probe the bank with a read."""
        reply, _ = await self._send(await self._session.token(), repeat=True)
        return reply

    async def _send(self, token: str, *, repeat: bool) -> tuple[Reply, bytes]:
        reply, content = await self._client.send(
            CallName.HIERARCHY, self._payloads.hierarchy(), token=token, urgent=True
        )
        self.sent += reply.sent
        self.retried += reply.sent and repeat
        self.refused_for_rate += reply.says == 429  # noqa: PLR2004
        return reply, content
