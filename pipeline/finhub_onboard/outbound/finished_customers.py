"""Whether the bank still has customers whose journeys are complete: a sandbox's data are reset now and then."""

from finhub_onboard.errors import RefusedError
from finhub_onboard.finhub.calls import CallName
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.outbound.admin_calls import AdminCalls

_UNKNOWN, _DENIED = frozenset({404, 410}), frozenset({401, 403})


class FinishedCustomers:
    """Looks for them by the activation check, the only read that begins with a customer's id."""

    def __init__(self, calls: AdminCalls, payloads: Payloads) -> None:
        self._calls = calls
        self._payloads = payloads

    async def is_known(self, customer_id: str, patience: Patience) -> bool:
        """Whether the bank knows the id; the check of an active customer may be refused, which shows it, too.

        Raises :class:`RefusedError` if this user may not look, :class:`StoppedEarlyError` if there is no answer.
        """
        try:
            return await self._calls.read(
                CallName.CHECK,
                self._payloads.activation_check(customer_id),
                bool,
                patience,
                what="activation check of a finished customer",
                refuse=_RefusedError,
            )
        except _RefusedError as refused:
            if refused.status in _DENIED:
                raise RefusedError(
                    f"the bank does not let this user look at finished customers ({refused.status})",
                    hint="check api.tenant_id and the admin user's role, or run without --verify",
                ) from None
            return refused.status not in _UNKNOWN


class _RefusedError(Exception):
    def __init__(self, status: int, _: str) -> None:
        super().__init__(status)
        self.status = status
