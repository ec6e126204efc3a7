"""Whether an answer is about another customer: its e-mails and ids are compared with the request.

Promise: another customer's e-mail or id is noticed wherever the contract repeats one. Display names, masked values,
letter case, spellings of a domain and the job's own user prove nothing. Pure.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

from finhub_onboard.finhub import json_fields
from finhub_onboard.finhub.calls import OF_THE_RUN, CallName
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.keys import IdKind

_EMAIL_MEMBERS = frozenset({"email", "emailAddress", "username", "userName", "userId"})
"""``userId`` is the e-mail in some calls (API.md, section 10 no. 6)."""
_WHOSE_ID = {"userId": "user", "customerId": "customer", "verificationId": "verification"}
"""Whose id a member is; in an object of one of these names it may be called ``id``."""
_TELLING = frozenset({*_EMAIL_MEMBERS, *_WHOSE_ID, "id"})
_PEOPLE = frozenset(
    {"customer", "individualCustomer", "person", "user", "verification", "document", "consent", "session"}
)
_LOOKED_AT = _TELLING | _PEOPLE | {"documents"}
_MASKS = ("*", "…", "•", "...")
_ABOUT_ONE_VERIFICATION = frozenset({CallName.UPLOAD_DOCUMENT, CallName.APPROVE})
_ABOUT_MANY = OF_THE_RUN | {CallName.LIST_DELIVERIES}

Place = tuple[str, dict[str, Any]]


def names_another(call: CallName, body: dict[str, Any], data: dict[str, Any], whose: Whose) -> bool:
    """Whether the answer contains an e-mail or id of another customer."""
    if _LOOKED_AT.isdisjoint(body) and _LOOKED_AT.isdisjoint(data):  # most answers repeat nothing
        return False
    if whose.customer is None or call in _ABOUT_MANY:
        return False
    return any(_is_another(call, name, place, whose) for name, place in _places(body, data))


def _places(body: dict[str, Any], data: dict[str, Any]) -> Iterator[Place]:
    """The objects that contain e-mails or ids, each with its name."""
    for top in (body,) if data is body else (body, data):
        if not _TELLING.isdisjoint(top):
            yield "", top
        for name in () if _PEOPLE.isdisjoint(top) else _PEOPLE.intersection(top):
            inner = json_fields.record(top[name])
            yield name, inner
            yield from ((deeper, json_fields.record(inner.get(deeper))) for deeper in ("person", "user"))
    if "documents" in data:
        yield from (("document", entry) for entry in json_fields.records(data["documents"]))


def _is_another(call: CallName, name: str, place: dict[str, Any], whose: Whose) -> bool:
    for member in _TELLING.intersection(place):
        if member == "userId" and call is CallName.APPROVE:  # there it is the approver (openapi.yaml)
            continue
        value = place[member]
        if member in _EMAIL_MEMBERS and _is_other_email(json_fields.text(value), whose):
            return True
        if _is_other_id(call, name if member == "id" else _WHOSE_ID.get(member, ""), value, whose):
            return True
    return False


def _is_other_email(value: str, whose: Whose) -> bool:
    assert whose.customer is not None
    if "@" not in value or value == whose.customer.email:  # most are no address, or the customer's as it was sent
        return False
    email = value.strip()
    local, _, domain = email.rpartition("@")
    masked = any(mask in email for mask in _MASKS)
    if not local or "." not in domain or any(c.isspace() for c in email) or masked or email.casefold() in whose.own:
        return False
    own_local, _, own_domain = whose.customer.email.strip().rpartition("@")
    if _folded(local) != _folded(own_local):
        return True
    return _is_plain(domain) and _is_plain(own_domain) and _folded(domain) != _folded(own_domain)


def _is_plain(domain: str) -> bool:
    """Whether a domain has one spelling only; others may be written in Unicode or as ``xn--``, by two standards."""
    return domain.isascii() and "xn--" not in domain.casefold()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().rstrip(".")


def _is_other_id(call: CallName, owner: str, value: Any, whose: Whose) -> bool:
    """Whether an id differs from the requested one or, without one, is known to be another's."""
    kind: IdKind | None = None
    match owner:
        case "user":
            asked = whose.user_id
        case "customer":
            asked, kind = whose.customer_id, IdKind.CUSTOMER
        case "verification":
            # An operation on a verification returns that one; other answers may show an older one of the customer.
            asked, kind = whose.verification_id if call in _ABOUT_ONE_VERIFICATION else "", IdKind.VERIFICATION
        case _:
            return False
    if value == asked:
        return False
    identifier = json_fields.identifier(value)
    # A masked value, an e-mail in place of an id, or the job's own user: proves nothing.
    masked = any(mask in identifier for mask in _MASKS)
    if not identifier or masked or "@" in identifier or identifier.casefold() in whose.own:
        return False
    if asked:
        return identifier.casefold() != asked.casefold()
    return kind is not None and whose.is_anothers(kind, identifier)
