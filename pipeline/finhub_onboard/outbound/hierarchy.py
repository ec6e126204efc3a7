"""Phase 1: reads the tenant's categories, once per run (API.md, section 4, call 1)."""

from finhub_onboard.errors import RefusedError
from finhub_onboard.finhub.answers import read_categories
from finhub_onboard.finhub.calls import CallName, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.model import Category
from finhub_onboard.outbound.admin_calls import AdminCalls


class Hierarchy:
    """Reads the hierarchy."""

    def __init__(self, calls: AdminCalls, payloads: Payloads) -> None:
        self._calls = calls
        self._request = payloads.hierarchy()

    async def read(self, patience: Patience) -> tuple[Category, ...]:
        """The categories. Raises :class:`RefusedError` or :class:`StoppedEarlyError`."""
        return await self._calls.read(
            CallName.HIERARCHY,
            self._request,
            lambda content: read_categories(content) or None,
            patience,
            what="categories",
            refuse=_refused,
        )

    async def probe(self) -> Reply:
        """Probe the bank with a read."""
        reply, _ = await self._calls.send(CallName.HIERARCHY, self._request, repeat=True)
        return reply


def _refused(status: int, words: str) -> RefusedError:
    return RefusedError(
        f"the bank refuses this tenant its categories ({status}){words}",
        hint="check api.tenant_id, the admin user's role and that categorization is enabled",
    )
