"""Customers whose journeys are complete are looked for by id."""

import asyncio
import re

import pytest

from finhub_onboard.errors import RefusedError, StoppedEarlyError
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.outbound.admin_calls import AdminCalls
from finhub_onboard.outbound.finished_customers import FinishedCustomers
from finhub_onboard.outbound.session import AdminSession
from tests.outbound.support import Scripted, ScriptedTransport, client, payloads, quick_pacer, run_virtually

TOKEN: Scripted = (200, {"data": {"token": "a"}})


def is_known(*answers: Scripted) -> bool | None:
    """Look for one customer, given the bank's answers after the log-in; None: there is no answer."""
    transport = ScriptedTransport([TOKEN, *answers])

    async def main() -> bool | None:
        pacer, made = quick_pacer(), payloads()
        one, patience = client(transport, pacer), Patience(max_attempts=2, wait_s=float)
        session = AdminSession(one, made, patience, pacer.gate, clock=asyncio.get_running_loop().time)
        try:
            return await FinishedCustomers(AdminCalls(one, session, pacer.gate), made).is_known("cust-1", patience)
        except StoppedEarlyError:
            return None

    found = run_virtually(main())
    assert re.search("/customer/individual/cust-1/owner/[^/]+/activation/check$", transport.sent[-1].url.path)
    return found


@pytest.mark.parametrize(("status", "known"), [(404, False), (410, False), (409, True), (422, True), (400, True)])
def test_only_a_customer_who_is_not_found_is_gone(status: int, known: bool) -> None:  # noqa: FBT001
    """The check of an active customer is not documented: any other answer of the bank shows that it knows it."""
    assert is_known((status, {"code": status, "message": "no", "data": {"error": "no"}})) is known
    assert is_known((200, {"code": 200, "data": {"activationAllowed": False, "consentOk": True}})) is True


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_who_may_not_look_knows_nothing(status: int) -> None:
    """That is no sign that the customers are there."""
    answer: Scripted = (status, {"code": status, "message": "no", "data": {"error": "no"}})
    with pytest.raises(RefusedError, match=str(status)):
        is_known(*[answer, TOKEN] * 4)


def test_a_gateway_or_a_bank_without_an_answer_says_nothing_about_a_customer() -> None:
    """A 404 page is a gateway's."""
    assert is_known((404, "<html>not found</html>"), (503, "")) is None
