"""The reads of the contract: hierarchy, documents, consent records, webhook deliveries.

Promises to change nothing. Lists are paged from zero (``page``, ``size``; the contract documents no paging, the
organization page shows this form); deliveries come newest first, so that new ones cannot hide old ones from a reader
that pages forward.
"""

from bisect import bisect_right
from typing import Any, Final
from urllib.parse import parse_qs

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.records import CONSENT_NAMES, Answer, Call, Customer, Event
from finhub_onboard.sandbox.shapes import consent_id, document_class, instant

DEFAULT_SIZE: Final = 100
MAX_SIZE: Final = 1000


class Lookups:
    """The rules of reading."""

    __slots__ = ("_bank",)

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def hierarchy(self, call: Call) -> Answer:
        """Phase 1: the categories of the tenant."""
        if call.params["tenantId"] != demo.TENANT_ID:
            data = {"error": "Tenant access denied", "tenantId": call.params["tenantId"]}
            return self._bank.shapes.problem(403, "Tenant access denied or categorization not available", data)
        return self._bank.shapes.hierarchy(self._bank.categories)

    def documents(self, call: Call) -> Answer:
        """List the documents of a customer over all its verifications."""
        customer = self._bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        held = [
            {
                "documentId": document.id,
                "documentType": document_class(document.type),
                "fileName": document.file_name,
                "status": "REJECTED" if document.refused else "VERIFIED" if case.status == "APPROVED" else "UPLOADED",
                "uploadedAt": instant(document.at, digits="seconds"),
            }
            for case in customer.verifications
            for document in case.documents
        ]
        page, size = _paging(call.query)
        shown = held[page * size : (page + 1) * size]
        pagination = {"total": len(held), "page": page, "size": size}
        return Answer(200, {"success": True, "data": {"documents": shown, "pagination": pagination}})

    def consent(self, call: Call) -> Answer:
        """Show one consent record."""
        customer = self._bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        for path in CONSENT_NAMES:
            consent = customer.consents.get(path)
            if consent and call.params["consentId"] == consent_id(path, customer.id):
                return self._bank.shapes.consent_record(customer, path, consent)
        return self._bank.unknown("Consent")

    def deliveries(self, call: Call) -> Answer:
        """List the deliveries of the demo subscription, newest first."""
        if call.params["subscriptionId"] != demo.SUBSCRIPTION_ID:
            return self._bank.unknown("Subscription")
        page, size = _paging(call.query)
        listed_until = call.now - self._bank.scenario.deliveries.lag_s
        total = bisect_right(self._bank.deliveries, listed_until, key=lambda told: told[1].at)
        newest = max(total - page * size, 0)
        shown = self._bank.deliveries[max(newest - size, 0) : newest]
        pagination = {"total": total, "page": page, "size": size}
        listed = [_delivery(customer, event) for customer, event in reversed(shown)]
        return Answer(200, {"success": True, "data": {"deliveries": listed, "pagination": pagination}})

    def delivery(self, call: Call) -> Answer:
        """Show one delivery."""
        number = call.params["deliveryId"].removeprefix("del_")
        known = self._bank.deliveries
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:18]) <= len(known)):
            return self._bank.unknown("Delivery")
        return Answer(200, {"success": True, "data": _delivery(*known[int(number[:18]) - 1])})


def _paging(query: bytes) -> tuple[int, int]:
    """Read ``page`` and ``size``; what is no sensible number counts as absent."""
    if not query:
        return 0, DEFAULT_SIZE
    given = parse_qs(query.decode("latin-1"))
    return _number(given, "page", 0), max(1, min(_number(given, "size", DEFAULT_SIZE), MAX_SIZE))


def _number(given: dict[str, list[str]], name: str, default: int) -> int:
    text = given.get(name, [""])[0]
    return int(text[:9]) if text.isascii() and text.isdigit() else default


def _delivery(customer: Customer, event: Event) -> dict[str, Any]:
    event_id = f"evt_{event.first or event.seq}"
    data = {"customerId": customer.id, "email": customer.email}
    if event.verification_id:
        data["verificationId"] = event.verification_id
    attempt = {
        "attemptNumber": 1,
        "timestamp": instant(event.at + 1, digits="seconds"),
        "responseCode": 200,
        "success": True,
    }
    return {
        "deliveryId": f"del_{event.seq}",
        "subscriptionId": demo.SUBSCRIPTION_ID,
        "eventId": event_id,
        "eventType": event.type,
        "url": "https://hooks.example.com/finhub",
        "status": "DELIVERED",
        "payload": {
            "id": event_id,
            "type": event.type,
            "timestamp": instant(event.at, digits="seconds"),
            "data": data,
        },
        "responseCode": 200,
        "attempts": [attempt],
    }
