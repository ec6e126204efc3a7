"""The webhook subscription whose deliveries the job reads: whether the bank has it, and how one is made.

Only deliveries lead from an e-mail to the id of a customer whose registration is in doubt (API.md, section 9). A
subscription that does not exist must be known before that.
"""

from dataclasses import replace

from finhub_onboard.errors import OnboardError, RefusedError, StoppedEarlyError
from finhub_onboard.finhub.answers import read_subscription
from finhub_onboard.finhub.calls import CallName
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.outbound.admin_calls import AdminCalls


class Subscription:
    """The subscription of the settings, or a new one."""

    def __init__(self, calls: AdminCalls, payloads: Payloads) -> None:
        self._calls = calls
        self._payloads = payloads

    async def verify(self, patience: Patience) -> None:
        """Read its first page. Raises :class:`RefusedError` if the bank does not have it, or not for this tenant.

        Raises :class:`StoppedEarlyError` for every other answer, and for none: it says nothing about the subscription.
        """
        await self._calls.read(
            CallName.LIST_DELIVERIES,
            self._payloads.deliveries("0"),
            bool,
            patience,
            what="webhook deliveries",
            refuse=_unknown,
        )

    async def create(self, receiver: str, patience: Patience) -> str:
        """Subscribe the bank's own receiver at this address; return the id. It is asked once, for each makes one more.

        Raises :class:`RefusedError` or :class:`StoppedEarlyError`.
        """
        return await self._calls.read(
            CallName.CREATE_SUBSCRIPTION,
            self._payloads.new_subscription(receiver),
            read_subscription,
            replace(patience, max_attempts=1),
            what="new webhook subscription",
            refuse=_not_created,
        )


def _unknown(status: int, words: str) -> OnboardError:
    if status not in (403, 404):
        return StoppedEarlyError(f"the bank's webhook deliveries cannot be read ({status}){words}")
    return RefusedError(
        f"the bank does not show this tenant the webhook subscription of the settings ({status}){words}",
        hint="correct api.webhook_subscription_id, make one with `onboard check --create-subscription`, or remove the"
        " setting: then a person is asked about registrations in doubt",
    )


def _not_created(status: int, words: str) -> RefusedError:
    return RefusedError(
        f"the bank makes no webhook subscription with its own receiver ({status}){words}",
        hint="make one in the Admin Portal with a receiver of your own, and set api.webhook_subscription_id",
    )
