"""Webhook deliveries: which customers on a page can be ours, and whether ours was activated."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, Facts, Reply
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.keys import IdKind, Keys
from tests.outbound.support import customer, example

OURS_ID = "3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102"
EMAIL = "ana.sample@example.com"
SINCE = datetime(2026, 5, 4, 9, 0, 30, 500_000, tzinfo=UTC).timestamp()
LATER = "2026-05-04T09:01:00Z"


def page(*entries: Any, **whose: Any) -> Reply:
    """Read a page of deliveries for the customer of the examples."""
    body = {"success": True, "data": {"deliveries": list(entries)}}
    expected = Whose(customer=customer(), since=SINCE, **whose)
    return read(CallName.LIST_DELIVERIES, 200, json.dumps(body).encode(), whose=expected)


def created(email: object, identifier: object, timestamp: object = LATER) -> dict[str, Any]:
    """Make a delivery that tells of a new customer."""
    payload = {"type": "customer.created", "timestamp": timestamp, "data": {"customerId": identifier, "email": email}}
    return {"deliveryId": "d-1", "eventType": "customer.created", "payload": payload}


def test_a_customer_is_found_among_the_deliveries() -> None:
    """The documented delivery, in a page of others, gives the id; letter case of the e-mail does not matter."""
    documented = example("91-webhook-delivery.response.200.json")["data"]
    others = [created("other@example.com", "c-2"), {"payload": None}, {}, "nonsense"]
    assert page(*others, documented).facts.created == (OURS_ID,)
    assert page(created("ANA.Sample@Example.com", "c-9")).facts.created == ("c-9",)
    assert page(*others).facts == Facts(page_mark="d-1")


def test_all_that_can_be_ours_are_told_each_once() -> None:
    """Which of two is ours is for the journey to say once it has read all pages; a broken one hides none."""
    found = page(created(EMAIL, "c-9"), created(EMAIL, "c-8"), created(EMAIL, None), created(EMAIL, "c-9"))
    assert found.facts.created == ("c-9", "c-8")


@pytest.mark.parametrize(
    ("timestamp", "ours"),
    [
        ("2026-05-04T09:00:30.500Z", True),
        ("2026-05-04T09:00:30.501Z", True),
        ("2026-05-04T09:00:30.499Z", False),
        ("2026-05-04T09:00:30Z", True),  # cut to seconds: it may be .999
        ("2026-05-04T09:00:29Z", False),
        ("2026-05-04T11:00:31+02:00", True),
        ("2026-05-04T09:00:31+02:00", False),
        ("2026-05-04T09:00:31.123456789Z", True),
        ("2027-01-01T00:00:00Z", True),
        ("2026-05-03T23:59:59Z", False),
        ("2026-05-04T09:01:00", False),  # no zone
        ("yesterday", False),
        ("", False),
        (None, False),
        (1_777_885_500, False),
    ],
)
def test_only_a_customer_made_after_the_first_attempt_can_be_ours(timestamp: object, ours: bool) -> None:  # noqa: FBT001
    """Whoever was there before is somebody else with that e-mail; what is no instant proves nothing."""
    assert page(created(EMAIL, "c-9", timestamp)).facts.created == (("c-9",) if ours else ())


def test_the_email_that_was_sent_counts_and_not_that_of_the_row() -> None:
    """After a correction of the row, the new e-mail may be a stranger's."""
    keys = Keys("a seed for tests", "tenant")
    sent = keys.email_hash("old@example.com")
    found = page(
        created("OLD@example.com", "c-1"), created(EMAIL, "c-2"), is_email=lambda said: keys.email_hash(said) == sent
    )
    assert found.facts.created == ("c-1",)
    assert page(created("", "c-1"), created(None, "c-2")).facts.created == ()


def test_an_id_that_is_anothers_or_personal_is_none() -> None:
    """It is somebody else with the same e-mail, or an id that is not kept."""
    found = page(
        created(EMAIL, "c-1"),
        created(EMAIL, "c-9"),
        created(EMAIL, "ana-sample"),
        is_anothers=lambda kind, identifier: (kind, identifier) == (IdKind.CUSTOMER, "c-1"),
    )
    assert found.facts.created == ("c-9",)


def test_an_activation_is_found_by_id_only() -> None:
    """``customer.activated`` counts for this customer's id and for no other."""
    event: dict[str, Any] = {"eventType": "customer.activated", "payload": {"data": {"customerId": OURS_ID}}}
    assert page(event, customer_id=OURS_ID).facts.activated
    assert not page({**event, "payload": {"data": {"customerId": "c-2"}}}, customer_id=OURS_ID).facts.activated
    assert not page({**event, "eventType": "customer.updated"}, customer_id=OURS_ID).facts.activated
    assert not page(event).facts.activated
    assert not page({**event, "payload": {"data": {"customerId": ""}}}).facts.activated


def test_one_page_is_told_from_another() -> None:
    """A bank that gives the same page for every number is noticed, whatever names its entries."""
    assert page().facts.page_mark == ""
    assert page({"deliveryId": "d-1"}, {"deliveryId": "d-2"}).facts.page_mark == "d-1"
    assert page({"eventId": "e-1"}).facts.page_mark == "e-1"
    assert page({"payload": {"id": "e-2"}}).facts.page_mark == "e-2"
    assert page({}).facts.page_mark == "unnamed"


@pytest.mark.parametrize("data", [{}, {"deliveries": None}, {"deliveries": {}}, []])
def test_a_page_without_a_list_is_unreadable(data: object) -> None:
    """Control: no list is not the same as an empty list; the search must not end there."""
    body = json.dumps({"success": True, "data": data}).encode()
    assert not read(CallName.LIST_DELIVERIES, 200, body, whose=Whose(customer=customer())).readable
    assert page().readable
