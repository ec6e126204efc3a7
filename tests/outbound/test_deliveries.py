"""Pages of webhook deliveries: who on them can be ours, and who cannot."""

import json
from typing import Any

import pytest

from pipeline.calls import CallName, Facts, Reply
from pipeline.keys import IdKind
from pipeline.outbound.answers import read
from pipeline.outbound.whose import Whose
from tests.outbound.support import customer, example

CUSTOMER_ID = "3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102"
EMAIL = "ana.sample@example.com"
NINE = 1777885200.0  # 2026-05-04T09:00:00Z


def page(*entries: Any, **whose: Any) -> Reply:
    """Read a page of deliveries for the customer of the examples."""
    body = json.dumps({"success": True, "data": {"deliveries": list(entries)}}).encode()
    return read(CallName.LIST_DELIVERIES, 200, body, whose=Whose(**({"customer": customer()} | whose)))


def created(identifier: object, *, email: str = EMAIL, at: object = "2026-05-04T09:00:00Z") -> dict[str, Any]:
    """Make a delivery that tells of a new customer."""
    payload = {"type": "customer.created", "timestamp": at, "data": {"customerId": identifier, "email": email}}
    return {"deliveryId": f"d-{identifier}", "eventType": "customer.created", "payload": payload}


def test_a_customer_is_found_among_the_deliveries() -> None:
    """The documented delivery, in a page of others, gives the id; letter case of the e-mail does not matter."""
    documented = example("91-webhook-delivery.response.200.json")["data"]
    others = [created("c-2", email="other@example.com"), {"payload": None}, {}, "text"]
    assert page(*others, documented).facts == Facts(created=(CUSTOMER_ID,), page_mark="d-c-2")
    assert page(created("c-9", email="ANA.Sample@Example.com")).facts.created == ("c-9",)
    assert page(*others).facts == Facts(page_mark="d-c-2")


def test_all_who_can_be_ours_are_told_and_none_is_chosen() -> None:
    """Which of two ids is ours is not for one page to say."""
    found = page(created("c-9"), created(None), created("c-8"), created("c-9")).facts
    assert (found.created, found.customer_id) == (("c-9", "c-8"), "")


def test_an_id_that_is_anothers_or_personal_cannot_be_ours() -> None:
    """Somebody else with the same e-mail, and an id that may not be stored."""
    found = page(
        created("c-1"),
        created("ana.sample"),
        created("c-9"),
        is_anothers=lambda kind, said: (kind, said) == (IdKind.CUSTOMER, "c-1"),
    )
    assert found.facts.created == ("c-9",)


def test_the_email_of_the_doubt_counts() -> None:
    """The e-mail that was sent then is known by its mark only; the row's newer one is somebody else's."""
    found = page(
        created("c-1"), created("c-2", email="before@x.example"), is_email=lambda said: said == "before@x.example"
    )
    assert found.facts.created == ("c-2",)


@pytest.mark.parametrize(
    ("at", "since", "ours"),
    [
        ("2026-05-04T09:00:00Z", NINE, True),
        ("2026-05-04T09:00:00Z", NINE + 0.9, True),
        ("2026-05-04T09:00:00Z", NINE + 1, False),
        ("2026-05-04T08:59:59Z", NINE, False),
        ("2026-05-04T08:50:00Z", NINE, False),
        ("2026-05-04T09:00:00.250Z", NINE + 0.2509, True),
        ("2026-05-04T09:00:00.249Z", NINE + 0.25, False),
        ("2026-05-04T11:00:00+02:00", NINE, True),
        ("2026-05-04T10:59:59+02:00", NINE, False),
        ("2026-05-04T09:00:00.000000000Z", NINE + 0.5, True),
        ("2026-05-04T09:00:00", 0.0, False),
        ("soon", 0.0, False),
        ("", 0.0, False),
        (None, 0.0, False),
        (1777885500000, 0.0, False),
    ],
)
def test_only_who_was_created_after_the_doubt_can_be_ours(at: object, since: float, *, ours: bool) -> None:
    """Issue 9, 0.3: by the second or the millisecond, as it is written; what is no instant proves nothing."""
    assert page(created("c-9", at=at), since=since).facts.created == (("c-9",) if ours else ())


def test_an_activation_is_found_by_id_only() -> None:
    """``customer.activated`` counts for this customer's id and for no other."""
    event = {"eventType": "customer.activated", "payload": {"data": {"customerId": CUSTOMER_ID}}}
    assert page(event, customer_id=CUSTOMER_ID).facts.activated
    assert not page({**event, "payload": {"data": {"customerId": "c-2"}}}, customer_id=CUSTOMER_ID).facts.activated
    assert not page({**event, "eventType": "customer.updated"}, customer_id=CUSTOMER_ID).facts.activated
    assert not page(event).facts.activated
    assert not page({"eventType": "customer.activated", "payload": {}}).facts.activated


def test_a_page_is_known_by_its_first_delivery() -> None:
    """By whatever names it; a page of deliveries without any name is still not an empty one."""
    assert page().facts.page_mark == ""
    assert page({"deliveryId": "d-1", "eventId": "e-1"}, {"deliveryId": "d-2"}).facts.page_mark == "d-1"
    assert page({"eventId": "e-1"}).facts.page_mark == "e-1"
    assert page({"payload": {"id": "p-1"}}).facts.page_mark == "p-1"
    assert page({}).facts.page_mark


@pytest.mark.parametrize("data", [None, {}, {"deliveries": None}, {"deliveries": {}}, []])
def test_a_page_without_a_list_is_unreadable(data: object) -> None:
    """No list is not the same as an empty list: the search must not end there."""
    assert not read(CallName.LIST_DELIVERIES, 200, json.dumps({"code": 200, "data": data}).encode()).readable
    assert page().readable
