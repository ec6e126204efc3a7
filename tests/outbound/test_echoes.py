"""Answers that repeat another customer's e-mail or id: every call, shape and place; and what proves nothing."""

import json
from typing import Any

import pytest

from pipeline.calls import CallName, Facts, Kind, Reply, step
from pipeline.journey.policy import Verdict, judge
from pipeline.keys import IdKind
from pipeline.outbound.answers import read
from pipeline.outbound.whose import Whose
from tests.outbound.support import customer, example

OURS = Whose(
    customer=customer(),
    customer_id="3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102",
    user_id="c58e1d3a-2f47-4c9b-8e60-5a7b9d0f1203",
    verification_id="e1a4b7d0-93c6-4f28-a5b8-7d2e6c9f1304",
    is_anothers=lambda _, identifier: identifier.startswith("other-"),
    own=frozenset({"admin-1", "admin@tenant.example.com"}),
)
ABOUT_ONE = [call for call in CallName if call not in (CallName.LOGIN, CallName.HIERARCHY, CallName.LIST_DELIVERIES)]
GOOD = {
    "id": "d-1",
    "documentId": "d-1",
    "token": "t",
    "status": "APPROVED",
    "activationAllowed": True,
    "documents": [],
}
SHAPES: dict[str, dict[str, Any]] = {"runner": {"code": 200, "message": "Success"}, "older": {"success": True}}
ECHOES: dict[str, dict[str, Any]] = {
    "email": {"email": "bob@example.com"},
    "email of another domain": {"email": "ana.sample@example.org"},
    "username": {"username": "bob@example.com"},
    "userId as in activations": {"userId": "bob@example.com"},
    "user.email": {"user": {"email": "bob@example.com"}},
    "user.username": {"user": {"username": "bob@example.com", "email": "ana.sample@example.com"}},
    "customer.email": {"customer": {"email": "bob@example.com"}},
    "customer.user.email": {"customer": {"user": {"email": "bob@example.com"}}},
    "person.email": {"person": {"email": "bob@example.com"}},
    "individualCustomer.person.email": {"individualCustomer": {"person": {"email": "bob@example.com"}}},
    "customerId": {"customerId": "other-1"},
    "user.customerId": {"user": {"customerId": "other-1"}},
    "customer.id": {"customer": {"id": "other-1"}},
    "verificationId": {"verificationId": "other-1"},
    "verification.id": {"verification": {"id": "other-1"}},
}


def answer(call: CallName, data: dict[str, Any], *, shape: str = "runner", status: int = 200) -> Reply:
    """Read an answer with these data."""
    body = {**SHAPES[shape], **({"code": status} if shape == "runner" else {}), "data": {**GOOD, **data}}
    new = Whose(customer=OURS.customer, is_anothers=OURS.is_anothers, own=OURS.own)
    whose = new if call is CallName.REGISTER else OURS
    return read(call, status, json.dumps(body).encode(), whose=whose)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("call", ABOUT_ONE)
def test_an_answer_about_somebody_else_is_unreadable(call: CallName, shape: str, echo: str) -> None:
    """Issue 9, 1.3: no facts, no token, no success; a call that changes something is in doubt."""
    assert answer(call, {"verificationId": OURS.verification_id}, shape=shape).readable
    reply = answer(call, ECHOES[echo], shape=shape)
    assert (reply.accepted, reply.readable, reply.kind, reply.facts) == (True, False, Kind.ANOTHERS, Facts())
    verdict = judge(step(call), reply)
    assert (verdict.verdict, verdict.code) == (
        Verdict.DOUBT if step(call).call.changes else Verdict.RETRY,
        "anothers_id",
    )


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("call", ABOUT_ONE)
def test_a_refusal_about_somebody_else_refuses_nobody(call: CallName, status: int) -> None:
    """A mixed-up refusal is no final word about this customer: it means as much as a 502."""
    reply = answer(call, {"email": "bob@example.com"}, status=status)
    assert (reply.accepted, reply.readable, reply.kind, reply.says) == (False, False, Kind.ANOTHERS, 502)
    assert answer(call, {"email": "ana.sample@example.com"}, status=status).says == status


@pytest.mark.parametrize("member", ["customerId", "userId"])
@pytest.mark.parametrize("call", [call for call in ABOUT_ONE if call is not CallName.REGISTER])
def test_an_id_that_is_not_the_one_asked_for_is_anothers(call: CallName, member: str) -> None:
    """Also an id that nobody has heard of: it is not the one in the request."""
    assert answer(call, {member: "unheard-of"}).kind is Kind.ANOTHERS
    assert answer(call, {"user": {member: "unheard-of"}}).kind is Kind.ANOTHERS


def test_an_operation_on_a_verification_must_repeat_that_one() -> None:
    """An upload or approval names its verification; a check may show an older one of the same customer."""
    for call in (CallName.UPLOAD_DOCUMENT, CallName.APPROVE):
        assert answer(call, {"verificationId": "unheard-of"}).kind is Kind.ANOTHERS
    for call in (CallName.CHECK, CallName.ACTIVATE, CallName.OPEN_VERIFICATION):
        assert answer(call, {"verificationId": "unheard-of"}).readable


def test_listed_documents_of_another_customer() -> None:
    """A list that holds documents of somebody else is no list of ours."""
    mixed = [{"documentType": "PASSPORT", "customerId": OURS.customer_id}, {"customerId": "unheard-of"}]
    assert answer(CallName.LIST_DOCUMENTS, {"documents": mixed[:1]}).facts.uploaded == ("PASSPORT",)
    assert answer(CallName.LIST_DOCUMENTS, {"documents": mixed}).kind is Kind.ANOTHERS


@pytest.mark.parametrize(
    "nothing",
    [
        {"email": "ANA.Sample@Example.COM"},
        {"email": " ana.sample@example.com "},
        {"email": "a**@example.com"},
        {"email": "a…e@example.com"},
        {"email": ""},
        {"email": None},
        {"email": 5},
        {"username": "Ana Sample"},
        {"username": "bob"},
        {"username": "@bob"},
        {"user": {"username": "bob at example.com"}},
        {"email": "ana.sample@xn--exmple-cua.com"},
        {"userId": "admin-1"},
        {"email": "admin@tenant.example.com"},
        {"customerId": OURS.customer_id.upper()},
        {"customerId": "3b9f****1102"},
        {"customerId": None},
        {"userId": "ana.sample@example.com"},
        {"user": "other-1"},
        {"customer": None},
        {"tenantId": "other-1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", ABOUT_ONE)
def test_what_proves_nothing(call: CallName, nothing: dict[str, Any]) -> None:
    """Letter case, masks, display names, other spellings of a domain, the job's own user: the answer counts."""
    assert answer(call, {"verificationId": OURS.verification_id, **nothing}).readable


def test_an_address_in_unicode_is_the_same_as_in_punycode() -> None:
    """The local part still tells people apart."""
    ours = Whose(customer=customer(email="ana@exämple.com"))
    for email, kind in (("ana@xn--exmple-cua.com", Kind.NONE), ("bob@xn--exmple-cua.com", Kind.ANOTHERS)):
        body = json.dumps({"code": 200, "data": {"id": "c-1", "email": email}}).encode()
        assert read(CallName.REGISTER, 200, body, whose=ours).kind is kind


def test_registrations_that_were_mixed_up() -> None:
    """The documented answer, given to somebody else: it holds no ``user.id``, only the other's e-mail."""
    body = example("02-registration.response.200.json")
    del body["data"]["user"]["id"], body["data"]["person"]
    content = json.dumps(body).encode()
    assert read(CallName.REGISTER, 200, content, whose=Whose(customer=customer())).facts.customer_id
    reply = read(CallName.REGISTER, 200, content, whose=Whose(customer=customer(email="bob@example.com")))
    assert (reply.kind, reply.facts) == (Kind.ANOTHERS, Facts())


@pytest.mark.parametrize(
    ("call", "kind", "data"),
    [
        (CallName.REGISTER, IdKind.CUSTOMER, {"id": "x-1"}),
        (CallName.OPEN_VERIFICATION, IdKind.VERIFICATION, {"id": "x-1"}),
        (CallName.OPEN_VERIFICATION, IdKind.VERIFICATION, {"verificationId": "x-1"}),
    ],
)
def test_an_id_for_two_customers_is_not_believed(call: CallName, kind: IdKind, data: dict[str, Any]) -> None:
    """A customer's id and a verification's alike; the same text as an id of the other kind does not matter."""
    content = json.dumps({"code": 200, "data": data}).encode()
    for taken in IdKind:
        known = {(taken, "x-1")}
        whose = Whose(customer=customer(), is_anothers=lambda *asked, known=known: asked in known)
        reply = read(call, 200, content, whose=whose)
        assert reply.kind is (Kind.ANOTHERS if taken is kind else Kind.NONE)
        assert bool(reply.facts.customer_id + reply.facts.verification_id) is (taken is not kind)
