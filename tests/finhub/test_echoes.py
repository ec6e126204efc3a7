"""Answers about somebody else: whatever they repeat is compared, and what proves nothing is passed over."""

import json
from itertools import product
from typing import Any

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CALLS, OF_THE_RUN, CallName, Facts, Kind, step
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.verdicts import Verdict
from finhub_onboard.keys import IdKind
from tests.outbound.bank_answers import (
    ADMIN,
    CUSTOMER_ID,
    EMAIL,
    USER_ID,
    VERIFICATION_ID,
    accepted,
    refused,
)
from tests.outbound.support import customer, payloads

OURS = Whose(
    customer=customer(),
    customer_id=CUSTOMER_ID,
    user_id=USER_ID,
    verification_id=VERIFICATION_ID,
    own=payloads().own_names,
    is_anothers=lambda kind, identifier: identifier == f"another-{kind}",
)
GENERATIONS = ["runner", "older"]
ABOUT_MANY = OF_THE_RUN | {CallName.LIST_DELIVERIES}
ABOUT_ONE = [call for call in CallName if call not in ABOUT_MANY]
PLACES = ["data", "user", "customer", "person", "top"]
ANOTHERS = {
    "email": "bob.other@example.com",
    "username": "bob.other@example.com",
    "customerId": "another-customer_id",
    "verificationId": "another-verification_id",
    "userId": "another-user",
}


def put(body: dict[str, Any], place: str, member: str, value: object) -> dict[str, Any]:
    """Make the body repeat something in a place."""
    data = body["data"] if isinstance(body.get("data"), dict) else body
    told = body if place == "top" else data if place == "data" else data.setdefault(place, {})
    told[member] = value
    return body


def replied(call: CallName, status: int, body: dict[str, Any], whose: Whose = OURS) -> Any:
    """Read a body."""
    return read(call, status, json.dumps(body).encode(), whose=whose)


ECHOES = [
    (call, member)
    for call in ABOUT_ONE
    for member in ANOTHERS
    if (call, member) != (CallName.APPROVE, "userId")  # there it is the person who approved
]


@pytest.mark.parametrize(("call", "member"), ECHOES)
def test_an_answer_that_repeats_anothers_is_not_used(call: CallName, member: str) -> None:
    """Unreadable, no facts, in doubt where the call changes something and read again elsewhere."""
    for generation, place in product(GENERATIONS, PLACES):
        answer = accepted(generation)[call]
        reply = replied(call, answer.status, put(answer.body, place, member, ANOTHERS[member]))
        said = (reply.accepted, reply.readable, reply.kind, reply.facts)
        assert said == (True, False, Kind.ANOTHERS, Facts()), (generation, place)
        judgement = judge(step(call), reply)
        assert judgement.code == "anothers_id", (generation, place)
        assert judgement.verdict is (Verdict.DOUBT if CALLS[call].changes else Verdict.RETRY), (generation, place)


@pytest.mark.parametrize("call", ABOUT_ONE)
@pytest.mark.parametrize("place", ["data", "user"])
def test_a_refusal_of_anothers_settles_nothing(call: CallName, place: str) -> None:
    """A 409 or 404 that names somebody else is no final word about this customer."""
    for answer in refused("runner"):
        if answer.body["data"] is None or answer.status in (429, 500, 503):
            continue
        reply = replied(call, answer.status, put(answer.body, place, "email", ANOTHERS["email"]))
        judgement = judge(step(call), reply)
        assert (reply.kind, judgement.code) == (Kind.ANOTHERS, "anothers_id")
        assert judgement.verdict is (Verdict.DOUBT if CALLS[call].changes else Verdict.RETRY)


def test_the_jobs_own_user_is_not_shown() -> None:
    """Nor a value of the customer, when the request's customer is printed."""
    assert not any(name in repr(OURS).casefold() for name in (*OURS.own, EMAIL))


@pytest.mark.parametrize("call", [CallName.UPLOAD_DOCUMENT, CallName.APPROVE])
def test_an_operation_on_a_verification_must_repeat_that_one(call: CallName) -> None:
    """Also an id that nobody is known to have: the path named another."""
    answer = accepted("runner")[call]
    assert replied(call, 200, put(answer.body, "data", "verificationId", "v-unknown")).kind is Kind.ANOTHERS


@pytest.mark.parametrize("call", ABOUT_ONE)
def test_an_unknown_customer_id_is_anothers_once_ours_is_known(call: CallName) -> None:
    """The customer's id never changes; before it is known, only one that somebody has is another's."""
    answer = accepted("runner")[call]
    body = put(answer.body, "data", "customerId", "c-unknown")
    assert replied(call, 200, body).kind is Kind.ANOTHERS
    assert replied(call, 200, body, Whose(customer=customer())).kind is Kind.NONE


def test_ids_are_given_to_one_customer_only() -> None:
    """A registration or verification whose new id somebody has is not believed, wherever the id stands."""
    for member in ("id", "customerId"):
        body = {"code": 200, "data": {member: f"another-{IdKind.CUSTOMER}"}}
        assert replied(CallName.REGISTER, 200, body, Whose(customer=customer(), is_anothers=OURS.is_anothers)).kind
    for member in ("id", "verificationId"):
        body = {"code": 200, "data": {member: f"another-{IdKind.VERIFICATION}"}}
        reply = replied(CallName.OPEN_VERIFICATION, 200, body)
        assert (reply.kind, reply.facts) == (Kind.ANOTHERS, Facts())


HARMLESS: dict[str, tuple[str, object]] = {
    "letter case of the e-mail": ("email", "ANA.Sample@Example.COM"),
    "spaces": ("email", f" {EMAIL} "),
    "masked e-mail": ("email", "a***e@example.com"),
    "masked with dots": ("username", "a...e@example.com"),
    "display name": ("username", "Ana Sample"),
    "a name without a domain": ("userName", "asample"),
    "no text": ("email", {"value": "bob.other@example.com"}),
    "nothing": ("customerId", None),
    "empty": ("verificationId", ""),
    "letter case of an id": ("customerId", CUSTOMER_ID.upper()),
    "masked id": ("customerId", "3b9f****1102"),
    "own user id": ("userId", USER_ID),
    "e-mail as user id": ("userId", EMAIL),
    "the job's own user": ("userId", ADMIN.upper()),
    "the job's own e-mail": ("email", "Admin@Example.com"),
    "the job's own name": ("username", "admin@example.com"),
    "approver": ("approvedBy", "boss@example.com"),
    "requester": ("requestedByUserId", "another-user"),
    "maker": ("createdBy", "another-user"),
    "uploader": ("uploadedBy", "system"),
    "tenant": ("tenantId", "another-customer_id"),
}


@pytest.mark.parametrize(("member", "value"), HARMLESS.values(), ids=HARMLESS)
def test_what_proves_nothing_accuses_nobody(member: str, value: object) -> None:
    """Control: a false accusation would leave the customer in doubt."""
    for call, generation, place in product(ABOUT_ONE, GENERATIONS, ("data", "top")):
        answer = accepted(generation)[call]
        if call is CallName.OPEN_VERIFICATION and member == "verificationId":
            continue
        reply = replied(call, answer.status, put(answer.body, place, member, value))
        assert (reply.readable, reply.kind) == (True, Kind.NONE), (call, generation, place)


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@xn--bcher-kva.example", "ANA@bücher.example"),
        ("ana@example.com", "ana@EXAMPLE.com."),
        ("žofia@example.com", "Žofia@example.com"),
    ],
)
def test_another_spelling_of_the_same_address(ours: str, said: str) -> None:
    """Control: punycode, letter case and composed letters are no other person."""
    body = {"code": 200, "data": {"id": "c-1", "user": {"email": said}}}
    assert replied(CallName.REGISTER, 200, body, Whose(customer=customer(email=ours))).readable


def test_the_admin_who_approved_is_no_other_customer() -> None:
    """Control: openapi.yaml calls ``userId`` of an approval the approving admin, of whom there may be several."""
    body = {"code": 200, "data": {"verificationId": VERIFICATION_ID, "status": "APPROVED", "userId": "power-admin"}}
    assert replied(CallName.APPROVE, 200, body).readable
    body["data"] |= {"userId": "boss@example.com"}  # type: ignore[operator]
    assert replied(CallName.APPROVE, 200, body).readable


@pytest.mark.parametrize("call", [CallName.CHECK, CallName.OPEN_SESSION, CallName.ACCEPT_CONSENT, CallName.ACTIVATE])
def test_an_older_verification_of_the_same_customer_is_shown(call: CallName) -> None:
    """Control: only an operation on a verification must repeat that one."""
    answer = accepted("runner")[call]
    assert replied(call, 200, put(answer.body, "data", "verificationId", "v-older")).readable


def test_documents_of_older_verifications_are_the_customers_own() -> None:
    """Control: a list holds what the customer ever uploaded; one of another customer makes it unusable."""
    entries = [{"documentId": "d-1", "documentType": "PASSPORT", "verificationId": "v-older", "id": "d-1"}]
    body: dict[str, Any] = {"success": True, "data": {"documents": entries}}
    assert replied(CallName.LIST_DOCUMENTS, 200, body).facts.uploaded == ("PASSPORT",)
    entries.append({"documentType": "PASSPORT", "customerId": "another-customer_id"})
    assert replied(CallName.LIST_DOCUMENTS, 200, body).kind is Kind.ANOTHERS


def test_a_new_verification_beside_the_old_one() -> None:
    """Control: opening one again gives another id than the one that the journey holds."""
    body = {"code": 200, "data": {"verificationId": "v-new", "status": "PENDING"}}
    assert replied(CallName.OPEN_VERIFICATION, 200, body).facts.verification_id == "v-new"


def test_the_admin_session_and_lists_of_many_are_about_nobody() -> None:
    """Control: a log-in names the admin, a page of deliveries all customers."""
    for call in ABOUT_MANY:
        answer = accepted("runner")[call]
        assert replied(call, 200, put(answer.body, "data", "email", "bob.other@example.com")).readable
