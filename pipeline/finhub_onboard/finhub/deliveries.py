"""Parses a page of webhook deliveries: customers that may be ours, and whether ours was activated. Pure.

A customer may be ours if it was created after the first unresolved attempt, with the e-mail that was sent then, under
an id of nobody else. Promise: what cannot be parsed proves nothing. Does not decide which of several is ours.
"""

import math
from datetime import datetime
from typing import Any

from finhub_onboard.finhub import json_fields
from finhub_onboard.finhub.calls import Facts
from finhub_onboard.finhub.personal_ids import impersonal
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.keys import IdKind

_MOST = 100
"""The maximum number of candidates per page; two are ambiguous already."""


def read_page(data: dict[str, Any], whose: Whose) -> tuple[Facts, bool]:
    """The facts on the page, and whether it is a valid page."""
    listed = data.get("deliveries")
    created: list[str] = []
    activated = False
    for delivery in json_fields.records(listed):
        envelope = json_fields.record(delivery.get("payload"))
        payload = json_fields.record(envelope.get("data"))
        event = json_fields.text(delivery.get("eventType")) or json_fields.text(envelope.get("type"))
        identifier = json_fields.identifier(payload.get("customerId"))
        if event == "customer.created" and len(created) < _MOST and _can_be_ours(identifier, payload, envelope, whose):
            created.append(identifier)
        if event == "customer.activated" and identifier:
            activated = activated or identifier == whose.customer_id
    page_mark = next((_mark(delivery) for delivery in json_fields.records(listed)), "")
    facts = Facts(created=tuple(dict.fromkeys(created)), activated=activated, page_mark=page_mark)
    return facts, isinstance(listed, list)


def _can_be_ours(identifier: str, payload: dict[str, Any], envelope: dict[str, Any], whose: Whose) -> bool:
    return (
        bool(impersonal(identifier, whose.customer))
        and whose.has_email(json_fields.text(payload.get("email")))
        and _is_after(json_fields.text(envelope.get("timestamp")), whose.since)
        and not whose.is_anothers(IdKind.CUSTOMER, identifier)
    )


def _is_after(timestamp: str, since: float) -> bool:
    """Whether this is an instant from ``since`` on, allowing for truncation to seconds or milliseconds.

    Without a time zone it is none.
    """
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    if at.tzinfo is None:
        return False
    steps = 1000 if at.microsecond else 1
    # Rounded, because a float's milliseconds are not exact.
    return round(at.timestamp() * steps, 3) >= math.floor(round(since * steps, 3))


def _mark(delivery: dict[str, Any]) -> str:
    """The identity of a page: the id of its first delivery or event."""
    named = (delivery.get("deliveryId"), delivery.get("eventId"), json_fields.record(delivery.get("payload")).get("id"))
    return next((identifier for identifier in map(json_fields.identifier, named) if identifier), "unnamed")
