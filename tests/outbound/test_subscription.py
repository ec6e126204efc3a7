"""The webhook subscription: known before it is needed, and made once."""

import asyncio
import json
from typing import Any

import pytest

from finhub_onboard.errors import OnboardError, RefusedError, StoppedEarlyError
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.outbound.admin_calls import AdminCalls
from finhub_onboard.outbound.session import AdminSession
from finhub_onboard.outbound.subscription import Subscription
from tests.outbound.support import Scripted, ScriptedTransport, client, payloads, quick_pacer, run_virtually

TOKEN: Scripted = (200, {"data": {"token": "a"}})
NO_SUCH: dict[str, Any] = {"code": 404, "message": "Subscription not found", "data": None}
RECEIVER = "https://bank.example.com/api/v2.1/test/webhook-receiver"


def outcome(answers: list[Scripted], *, create: bool = False) -> tuple[str | OnboardError, ScriptedTransport]:
    """Verify the subscription of the settings, or create one, given the bank's answers after the log-in."""
    transport = ScriptedTransport([TOKEN, *answers])

    async def main() -> str | OnboardError:
        pacer, made = quick_pacer(), payloads(api={"webhook_subscription_id": "sub-1"})
        one, patience = client(transport, pacer), Patience(max_attempts=3, wait_s=float)
        session = AdminSession(one, made, patience, pacer.gate, clock=asyncio.get_running_loop().time)
        subscription = Subscription(AdminCalls(one, session, pacer.gate), made)
        try:
            if create:
                return await subscription.create(RECEIVER, patience)
            await subscription.verify(patience)
        except OnboardError as error:
            return error
        return ""

    return run_virtually(main()), transport


def test_a_subscription_that_exists_is_found_by_one_read() -> None:
    """Its first page, whatever stands on it."""
    found, transport = outcome([(200, {"success": True, "data": {"deliveries": []}})])
    assert found == ""
    assert transport.sent[-1].url.path.endswith("/webhooks/subscriptions/sub-1/deliveries")


@pytest.mark.parametrize("status", [403, 404])
def test_one_that_does_not_exist_is_a_refusal(status: int) -> None:
    """Not silence: registrations in doubt would be looked for in vain. Asked once."""
    found, transport = outcome([(status, NO_SUCH | {"code": status})])
    assert isinstance(found, RefusedError)
    assert "webhook subscription" in str(found)
    assert "--create-subscription" in found.hint
    assert len(transport.sent) == 2


def test_a_bank_that_gives_no_answer_has_not_refused() -> None:
    """A server error is tried again, and says nothing about the subscription."""
    found, transport = outcome([(503, {})] * 3)
    assert isinstance(found, StoppedEarlyError)
    assert len(transport.sent) == 4


@pytest.mark.parametrize("status", [400, 409, 422])
def test_another_refusal_says_nothing_about_the_subscription(status: int) -> None:
    """It ends no run: the read may succeed when it is needed."""
    found, _ = outcome([(status, NO_SUCH | {"code": status})])
    assert isinstance(found, StoppedEarlyError)


def test_a_new_one_names_its_events_and_the_banks_receiver() -> None:
    """What the journey looks up is subscribed, and the id comes back."""
    found, transport = outcome([(200, {"success": True, "data": {"subscriptionId": "sub-9"}})], create=True)
    assert found == "sub-9"
    sent = transport.sent[-1]
    assert (sent.method, sent.url.path.endswith("/webhooks/subscriptions")) == ("POST", True)
    body = json.loads(sent.content)
    assert body["url"] == RECEIVER
    assert set(body["subscribedEvents"]) == {"customer.created", "customer.activated", "verification.approved"}


@pytest.mark.parametrize("answer", [(503, {}), (200, {"success": True, "data": {}})])
def test_it_is_asked_for_once(answer: Scripted) -> None:
    """Each time might make one more."""
    found, transport = outcome([answer] * 3, create=True)
    assert isinstance(found, StoppedEarlyError)
    assert len(transport.sent) == 2


def test_a_bank_without_receiver_is_named() -> None:
    """The refusal says what to do instead."""
    found, _ = outcome([(404, NO_SUCH)], create=True)
    assert isinstance(found, RefusedError)
    assert "Admin Portal" in found.hint
