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

_EMAIL_MEMBERS = ("email", "emailAddress", "username", "userName", "userId")
"""``userId`` is the e-mail in some calls (API.md, section 10 no. 6)."""
_TELLING = frozenset({*_EMAIL_MEMBERS, "customerId", "verificationId", "id"})
_PEOPLE = frozenset(
    {"customer", "individualCustomer", "person", "user", "verification", "document", "consent", "session"}
)
_MASKS = ("*", "…", "•", "...")
_ABOUT_ONE_VERIFICATION = frozenset({CallName.UPLOAD_DOCUMENT, CallName.APPROVE})
_ABOUT_MANY = OF_THE_RUN | {CallName.LIST_DELIVERIES}

Place = tuple[str, dict[str, Any]]


def names_another(call: CallName, body: dict[str, Any], data: dict[str, Any], whose: Whose) -> bool:
    """Whether the answer contains an e-mail or id of another customer."""
    if whose.customer is None or call in _ABOUT_MANY:
        return False
    return any(_is_another(call, name, place, whose) for name, place in _places(body, data))


def _places(body: dict[str, Any], data: dict[str, Any]) -> Iterator[Place]:
    """The objects that may contain e-mails and ids, each with its name."""
    for top in [body] if data is body else [body, data]:
        yield "", top
        for name, value in top.items():
            if name in _PEOPLE and (inner := json_fields.record(value)):
                yield name, inner
                yield from (
                    (deeper, person)
                    for deeper in ("person", "user")
                    if (person := json_fields.record(inner.get(deeper)))
                )
    yield from (("document", entry) for entry in json_fields.records(data.get("documents")))


def _is_another(call: CallName, name: str, place: dict[str, Any], whose: Whose) -> bool:
    if _TELLING.isdisjoint(place):
        return False
    if call is CallName.APPROVE:  # there it is the approver (openapi.yaml)
        place = {member: value for member, value in place.items() if member != "userId"}
    if any(_is_other_email(json_fields.text(place[member]), whose) for member in _EMAIL_MEMBERS if member in place):
        return True
    # An operation on a verification returns that one; other answers may show an older one of the customer.
    verification = whose.verification_id if call in _ABOUT_ONE_VERIFICATION else ""
    return (
        _is_other_id(_ids(place, "userId", name == "user"), whose.user_id, None, whose)
        or _is_other_id(_ids(place, "customerId", name == "customer"), whose.customer_id, IdKind.CUSTOMER, whose)
        or _is_other_id(_ids(place, "verificationId", name == "verification"), verification, IdKind.VERIFICATION, whose)
    )


def _ids(place: dict[str, Any], member: str, is_itself: bool) -> list[str]:  # noqa: FBT001
    """The values of this id in an object; in its own object it may be called ``id``."""
    names = (member, "id") if is_itself else (member,)
    return [json_fields.identifier(place[name]) for name in names if name in place]


def _is_other_email(value: str, whose: Whose) -> bool:
    email = value.strip()
    local, _, domain = email.rpartition("@")
    masked = any(mask in email for mask in _MASKS)
    if not local or "." not in domain or any(c.isspace() for c in email) or masked or email.casefold() in whose.own:
        return False
    assert whose.customer is not None
    own_local, _, own_domain = whose.customer.email.strip().rpartition("@")
    if _folded(local) != _folded(own_local):
        return True
    return _is_plain(domain) and _is_plain(own_domain) and _folded(domain) != _folded(own_domain)


def _is_plain(domain: str) -> bool:
    """Whether a domain has one spelling only; others may be written in Unicode or as ``xn--``, by two standards."""
    return domain.isascii() and "xn--" not in domain.casefold()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().rstrip(".")


def _is_other_id(identifiers: list[str], asked: str, kind: IdKind | None, whose: Whose) -> bool:
    """Whether one of these ids differs from the requested one or, without one, is known to be another's."""
    for identifier in identifiers:
        # A masked value, an e-mail in place of an id, or the job's own user: proves nothing.
        masked = any(mask in identifier for mask in _MASKS)
        if not identifier or masked or "@" in identifier or identifier.casefold() in whose.own:
            continue
        if asked and identifier.casefold() != asked.casefold():
            return True
        if not asked and kind is not None and whose.is_anothers(kind, identifier):
            return True
    return False
