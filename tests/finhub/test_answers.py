"""Reading answers: every example to the facts it shows, and nothing hostile into success, an exception or a leak."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.finhub.answers import read, read_categories
from finhub_onboard.finhub.calls import CallName, Facts, Kind, Redacted, Reply, step
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.verdicts import Verdict
from finhub_onboard.model import Category, Feature
from tests.outbound.support import EXAMPLES, customer, example

CUSTOMER_ID = "3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102"
USER_ID = "c58e1d3a-2f47-4c9b-8e60-5a7b9d0f1203"
VERIFICATION_ID = "e1a4b7d0-93c6-4f28-a5b8-7d2e6c9f1304"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"
OURS = Whose(customer=customer(), customer_id=CUSTOMER_ID, user_id=USER_ID, verification_id=VERIFICATION_ID)
CALLS = {
    "createAdminSession": CallName.LOGIN,
    "getCategorizationHierarchy": CallName.HIERARCHY,
    "registerIndividual": CallName.REGISTER,
    "createCustomerSession": CallName.OPEN_SESSION,
    "startIndividualVerification": CallName.OPEN_VERIFICATION,
    "createVerification": CallName.OPEN_VERIFICATION,
    "uploadVerificationDocument": CallName.UPLOAD_DOCUMENT,
    "approveVerification": CallName.APPROVE,
    "acceptIndividualConsent": CallName.ACCEPT_CONSENT,
    "checkActivation": CallName.CHECK,
    "activateIndividual": CallName.ACTIVATE,
    "listCustomerDocuments": CallName.LIST_DOCUMENTS,
}
ANSWERS = {
    entry["file"]: entry
    for entry in example("index.json")["examples"]
    if entry["kind"] == "response" and entry["operationId"] in CALLS
}
MUST_BRING = {
    CallName.LOGIN: "token",
    CallName.OPEN_SESSION: "token",
    CallName.REGISTER: "customer_id",
    CallName.OPEN_VERIFICATION: "verification_id",
}

GOOD = {
    "00-admin-session.response.200.json": Facts(token=TOKEN),
    "01-categorization.response.200.json": Facts(),
    "01-categorization.response.200.unwrapped.json": Facts(),
    "02-registration.response.200.json": Facts(customer_id=CUSTOMER_ID, user_id=USER_ID),
    "03-session.response.200.json": Facts(
        token=TOKEN, token_life_s=3600.0, customer_status="CS_REGISTRATION_COMPLETED"
    ),
    "04-alt-create-verification.response.200.json": Facts(verification_id=VERIFICATION_ID, status="PENDING"),
    "04-alt-create-verification.response.200.older.json": Facts(
        verification_id=VERIFICATION_ID, status="IN_PROGRESS", required=("GOVERNMENT_ID",)
    ),
    "04-verification.response.200.json": Facts(
        verification_id=VERIFICATION_ID, status="INITIATED", required=("GOVERNMENT_ID",)
    ),
    "05-document.response.200.json": Facts(),
    "05-document.response.200.older.json": Facts(),
    "06-approve.response.200.json": Facts(status="APPROVED"),
    "07-consent.response.200.json": Facts(),
    "07-consent.response.200.older.json": Facts(),
    "08-activation-check.response.200.missing-consents.json": Facts(
        activation_allowed=False,
        consent_ok=False,
        verification_ok=True,
        risk="LOW",
        missing_consents=("PRIVACY_POLICY", "DATA_PROCESSING"),
    ),
    "08-activation-check.response.200.power-tenant.json": Facts(
        activation_allowed=False,
        consent_ok=True,
        verification_ok=True,
        risk="HIGH",
        high_risk=True,
        power_approval_ok=False,
    ),
    "08-activation-check.response.200.ready.json": Facts(
        activation_allowed=True, consent_ok=True, verification_ok=True, risk="LOW"
    ),
    "08-activation.response.200.json": Facts(),
    "08-activation.response.200.older.json": Facts(),
    "91-customer-documents.response.200.json": Facts(uploaded=("GOVERNMENT_ID",)),
}
BAD = {
    "00-admin-session.response.401.json": (Kind.NONE, "", "Authentication failed"),
    "02-registration.response.400.categorization.json": (
        Kind.CATEGORIZATION,
        "category",
        "Categorization validation failed; Feature … requires mandatory key 'riskLevel'",
    ),
    "02-registration.response.400.password.json": (
        Kind.NONE,
        "",
        "Request validation failed; matchingPassword: Password and matching password must be identical",
    ),
    "02-registration.response.403.json": (
        Kind.CATEGORIZATION,
        "",
        "Tenant access denied or categorization not available",
    ),
    "02-registration.response.409.json": (Kind.NONE, "email", "A customer with the provided email already exists"),
    "03-session.response.401.credentials.json": (Kind.NONE, "", "Authentication failed"),
    "03-session.response.401.locked.json": (Kind.LOCKED, "", "Account locked"),
    "03-session.response.404.json": (Kind.NONE, "", "User not found"),
    "04-verification.response.404.json": (Kind.NONE, "", "Customer not found"),
    "06-approve.response.403.json": (
        Kind.ROLE,
        "",
        "Insufficient permission; Requires COMPLIANCE_OFFICER or ADMIN_USER role",
    ),
    "08-activation.response.400.missing-consents.json": (Kind.MISSING_CONSENTS, "", "Required consents are missing"),
    "08-activation.response.400.role.json": (Kind.ROLE, "", "Activation requires the ADMIN_USER role"),
    "08-activation.response.422.json": (Kind.NOT_VERIFIED, "", "Customer is not verified"),
    "90-error.response.400.missing-header.json": (Kind.MISSING_HEADER, "", "Missing required header(s); deviceId"),
    "90-error.response.401.expired.json": (Kind.NONE, "", "Token expired"),
    "90-error.response.429.json": (Kind.NONE, "", "Rate limit exceeded"),
    "90-error.response.500.json": (Kind.NONE, "", "Internal server error"),
    "90-error.response.503.json": (Kind.NONE, "", "Service unavailable"),
    "90-error.response.legacy.json": (Kind.NONE, "", "… failure"),
}


def answer(call: CallName, body: Any, status: int = 200, **whose: Any) -> Reply:
    """Read a JSON body."""
    return read(call, status, json.dumps(body).encode(), whose=Whose(**whose))


def test_every_example_is_looked_at() -> None:
    """The tables below name all answers of the contract's examples (the single delivery has a test of its own)."""
    named = set(GOOD) | set(BAD)
    assert named == set(ANSWERS)
    assert {path.name for path in EXAMPLES.glob("*.response.*.json")} - named == {
        "91-webhook-delivery.response.200.json"
    }


@pytest.mark.parametrize("name", GOOD)
def test_examples_of_success(name: str) -> None:
    """Each documented success, of both generations, is read to exactly the facts it shows."""
    entry = ANSWERS[name]
    reply = read(CALLS[entry["operationId"]], entry["status"], (EXAMPLES / name).read_bytes(), whose=OURS)
    assert reply == Reply(status=200, says=200, accepted=True, readable=True, facts=GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_examples_of_refusal(name: str) -> None:
    """Each documented refusal gives its kind, its field and its words, and no facts."""
    entry = ANSWERS[name]
    reply = read(CALLS[entry["operationId"]], entry["status"], (EXAMPLES / name).read_bytes(), whose=OURS)
    kind, field, message = BAD[name]
    assert reply == Reply(
        status=entry["status"],
        says=entry["status"],
        readable=True,
        kind=kind,
        field=field,
        message=Redacted(message),
    )


def test_categories_of_both_generations() -> None:
    """The hierarchy is read wrapped and bare, B2B categories included."""
    assert read_categories((EXAMPLES / "01-categorization.response.200.json").read_bytes()) == (
        Category(key="INDIVIDUAL_STANDARD", id="sample-cat-b2c-low-001", name="Individual Standard"),
        Category(key="B2B_SMALL_BUSINESS", id="sample-cat-b2b-small-001", name="Small Business", risk="B2B"),
    )
    assert read_categories((EXAMPLES / "01-categorization.response.200.unwrapped.json").read_bytes()) == (
        Category(key="INDIVIDUAL_BASIC", id="sample-cat-ind-001", name="Individual Basic"),
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"data":null}', b'{"data":{"categories":[]}}', b'{"data":{"categories":{"A":1}}}'],
)
def test_categories_of_anything_else_are_none(body: bytes) -> None:
    """What is no hierarchy has no categories; a category without an id is left out, one without a name has its key."""
    assert read_categories(body) == ()
    half = b'{"data":{"categories":{"A":{"categoryName":"A"},"B":{"databaseId":7}}}}'
    assert read_categories(half) == (Category(key="B", id="7", name="B"),)


SAYS_NO = [
    ({"success": False}, 200),
    ({"success": "false"}, 200),
    ({"success": 0}, 200),
    ({"success": False, "code": 400}, 400),
    ({"success": False, "code": 200}, 200),
    ({"code": 409}, 409),
    ({"code": "409"}, 409),
    ({"code": 500}, 500),
    ({"code": 0}, 502),
    ({"code": -1}, 502),
    ({"code": 302}, 502),
    ({"code": "DUPLICATE_EMAIL"}, 502),
    ({"success": False, "code": "DUPLICATE_EMAIL"}, 409),
    ({"success": True, "code": 0}, 200),
    ({"errors": [{"code": 10000}]}, 200),
    ({"data": {"success": False}}, 200),
    ({"success": False, "error": {"code": "DUPLICATE_EMAIL", "message": "x"}}, 409),
    ({"success": False, "error": {"code": "EMAIL_ALREADY_EXISTS"}}, 409),
    ({"success": False, "error": {"code": "INVALID_PHONE"}}, 400),
    ({"success": False, "error": {"code": "INVALID_CREDENTIALS"}}, 401),
    ({"success": False, "error": {"code": "ACCOUNT_LOCKED"}}, 401),
    ({"success": False, "error": {"code": "INSUFFICIENT_PERMISSIONS"}}, 403),
    ({"success": False, "error": {"code": "VERIFICATION_FAILED"}}, 422),
    ({"success": False, "error": {"code": "SAMPLE_FAILURE"}}, 200),
    ({"error": {"code": "SAMPLE_FAILURE"}}, 200),
    ({"success": False, "data": {"errorCode": "DUPLICATE_EMAIL"}}, 409),
    ({"success": False, "data": {"errors": [{"field": "phone", "message": "invalid"}]}}, 400),
]


@pytest.mark.parametrize(("body", "says"), SAYS_NO)
def test_a_200_that_says_no_is_no_success(body: dict[str, Any], says: int) -> None:
    """Whatever else a 200 brings, a body that says failure is none, and it means the status that it names."""
    data = {"id": "c-1", "user": {"id": "u-1"}, "token": "t", "verificationId": "v", "documentId": "d"}
    full = {**body, "data": {**data, **body.get("data", {})}}
    for call in CallName:
        reply = answer(call, full)
        assert (reply.accepted, reply.status, reply.says) == (False, 200, says), call
        assert reply.facts == Facts(), call


@pytest.mark.parametrize(
    "body", [{"success": True}, {"code": 200}, {"code": "200"}, {"code": 201}, {"error": None}, {}]
)
def test_a_200_that_does_not_say_no_is_success(body: dict[str, Any]) -> None:
    """A missing or null member is no failure: the older pages have no code, the newer no success."""
    reply = answer(CallName.REGISTER, {**body, "data": {"id": "c-1"}})
    assert (reply.accepted, reply.readable, reply.facts.customer_id) == (True, True, "c-1")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_alike(status: int) -> None:
    """API.md, section 4: treat any 2xx alike; one without a body is nobody's word (section 10 no. 7)."""
    assert answer(CallName.REGISTER, {"data": {"id": "c-1"}}, status).readable
    for call in CallName:
        for content in (b"", b" \n"):
            assert read(call, status, content) == Reply(status=status, says=502, kind=Kind.GATEWAY)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 304, 400, 404, 500, 599])
def test_no_other_status_is_success(status: int) -> None:
    """HTTP's own status comes first: no body makes a success of it, or another refusal; neither that is the bank's."""
    reply = answer(CallName.REGISTER, {"success": True, "code": 200, "data": {"id": "c-1"}}, status)
    says = 502 if status < 500 else status
    assert (reply.accepted, reply.status, reply.says, reply.facts) == (False, status, says, Facts())


@pytest.mark.parametrize(
    ("identifier", "read_as"),
    [
        ("cust_12345", "cust_12345"),
        ("  c-1 ", "c-1"),
        (12345, "12345"),
        ("a/b?c#d%2e", "a/b?c#d%2e"),
        ("=1+1", "=1+1"),
        ("x" * 200, "x" * 200),
        ("x" * 201, ""),
        ("", ""),
        ("   ", ""),
        ("a b", ""),
        ("a\nb", ""),
        ("a\x00b", ""),
        ("číslo", ""),
        ("\u202eabc", ""),
        (True, ""),
        (None, ""),
        (1.5, ""),
        (10**300, ""),
        (["c-1"], ""),
        ({"id": "c-1"}, ""),
        (".", ""),
        ("..", ""),
    ],
)
def test_identifiers(identifier: object, read_as: str) -> None:
    """An id is a short string of visible ASCII characters that can stand in a path; else the answer has none."""
    reply = answer(CallName.REGISTER, {"data": {"id": identifier}})
    assert reply.facts.customer_id == read_as
    assert reply.readable is bool(read_as)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**301)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["APPROVED", "HIGH", "customer.created", "true", "false", "200", ".."]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "data", "code"]), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS = (
    "success",
    "code",
    "message",
    "error",
    "data",
    "id",
    "user",
    "token",
    "accessToken",
    "expiresIn",
    "verificationId",
    "documentId",
    "status",
    "documents",
    "requiredDocuments",
    "riskLevel",
    "level",
    "verificationLevel",
    "canActivate",
    "activationAllowed",
    "consentOk",
    "verificationOk",
    "isHighRisk",
    "missingConsents",
    "deliveries",
    "errors",
    "field",
    "details",
    "errorCode",
    "missingKeys",
    "categories",
    "payload",
    "eventType",
    "email",
    "customerId",
)
BODY = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=6)


def check_sane(call: CallName, status: int, content: bytes) -> None:
    """Read, and assert what must hold for every answer."""
    reply = read(call, status, content, whose=OURS)
    read_categories(content)
    assert reply.status == status
    assert not (reply.accepted and not 200 <= status < 300)
    if reply.accepted and reply.readable and call in MUST_BRING:
        assert getattr(reply.facts, MUST_BRING[call])
    if not reply.accepted:
        assert reply.facts == Facts()
    assert len(reply.message) < 2000
    texts = [reply.facts.customer_id, reply.facts.user_id, reply.facts.verification_id, reply.facts.token]
    assert all(text.isascii() and text.isprintable() and " " not in text for text in texts)
    words = [reply.facts.risk, reply.facts.status, reply.facts.customer_status]
    words += [*(reply.facts.required or ()), *reply.facts.uploaded, *(reply.facts.missing_consents or ())]
    assert all(word.isascii() and word.isprintable() and len(word) <= 200 for word in words)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CallName), st.sampled_from([200, 201, 204, 302, 400, 401, 409, 429, 500]), BODY, BODY)
def test_any_json_anywhere(call: CallName, status: int, body: dict[str, Any], data: dict[str, Any]) -> None:
    """No value in any place raises, and none is success without what the call must bring."""
    check_sane(call, status, json.dumps(body).encode())
    check_sane(call, status, json.dumps({**body, "data": data}).encode())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CallName), st.sampled_from([200, 400, 502]), st.binary(max_size=100))
def test_any_bytes(call: CallName, status: int, content: bytes) -> None:
    """No bytes raise, and none are success where an id must come."""
    check_sane(call, status, content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"data":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"data":{"id":' + b"9" * 5000 + b"}}",
        b'{"data":{"token":"t","expiresIn":' + b"9" * 400 + b"}}",
        b'{"code":' + b"9" * 400 + b"}",
        b'{"data":{"id":"\\ud800"}}',
        b'{"data":{"id":"\xff"}}',
        b'{"data":{"id":"c-1"}',
        b'{"data":{"id":"c-1"}} {"data":{}}',
        b"<html>502 Bad Gateway</html>",
        b"\x1f\x8b\x08",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_hostile_bodies(content: bytes) -> None:
    """Nesting without end, numbers without end, broken text and markup: no exception and no success that brings ids."""
    for call in CallName:
        check_sane(call, 200, content)
        check_sane(call, 500, content)
        if call in MUST_BRING and b"token" not in content:
            assert not read(call, 200, content).readable, call


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some servers begin JSON with a mark; it is not worth a customer in doubt."""
    content = b"\xef\xbb\xbf" + (EXAMPLES / "02-registration.response.200.json").read_bytes()
    assert read(CallName.REGISTER, 200, content).facts.customer_id == CUSTOMER_ID


def jwt(claims: object) -> str:
    """Make a token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln"


def test_expires_at_is_never_believed() -> None:
    """``expiresAt`` is wrong in the bank's own pages: an answer that has nothing else says nothing."""
    data = {"token": "opaque", "expiresAt": "2026-05-05T09:00:00.000Z"}
    assert answer(CallName.LOGIN, {"data": data}).facts.token_life_s is None
    assert answer(CallName.LOGIN, {"data": {**data, "expiresIn": 60}}).facts.token_life_s == 60


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ({"data": {"token": "a"}}, "a"),
        ({"data": {"accessToken": "a"}}, "a"),
        ({"token": "a"}, "a"),
        ({"code": 200, "token": "a"}, "a"),
        ({"accessToken": "a"}, "a"),
        ({"data": {}, "token": "a"}, "a"),
        ({"data": {"token": 5, "accessToken": "a"}}, "a"),
        ({"data": {"token": "a", "accessToken": "b"}}, "a"),
        ({"data": {"token": "a b"}}, ""),
        ({"data": {"token": "a\r\nX-Tenant-ID: other"}}, ""),
        ({"data": {"token": "é"}}, ""),
        ({"data": {"token": ""}}, ""),
        ({"data": None}, ""),
    ],
)
def test_where_a_token_may_stand(body: dict[str, Any], token: str) -> None:
    """``data.token`` first, then the older places; a token that cannot stand in a header is none."""
    reply = answer(CallName.LOGIN, body)
    assert reply.facts.token == token
    assert reply.readable is bool(token)
    assert token not in repr(reply).split("token=")[1:] if token else True


@pytest.mark.parametrize(
    ("data", "risk"),
    [
        ({"riskLevel": "high"}, "HIGH"),
        ({"verificationLevel": "POWER_TENANT_VERIFIED"}, "HIGH"),
        ({"level": "power_tenant_verified", "riskLevel": "LOW"}, "HIGH"),
        ({"requiredDocuments": ["GOVERNMENT_ID", "PEP_DECLARATION"]}, "HIGH"),
        ({"requiredDocuments": ["BENEFICIAL_OWNERSHIP"]}, "HIGH"),
        ({"riskLevel": "MEDIUM"}, "MEDIUM"),
        ({"riskLevel": "Ana Sample, born 1991"}, "UNKNOWN"),
        ({"riskLevel": 3}, ""),
        ({}, ""),
    ],
)
def test_the_risk_that_a_verification_shows(data: dict[str, Any], risk: str) -> None:
    """High risk shows in several members; free text is never stored as a level, nor taken for a low one."""
    assert answer(CallName.OPEN_VERIFICATION, {"data": {"id": "v", **data}}).facts.risk == risk


@pytest.mark.parametrize(
    ("listed", "required"),
    [
        (None, None),
        ("GOVERNMENT_ID", None),
        ([], ()),
        (["government_id", "", None, 5, "Ana Sample's passport"], ("GOVERNMENT_ID", *["UNKNOWN"] * 4)),
    ],
)
def test_required_documents(listed: object, required: tuple[str, ...] | None) -> None:
    """No list and an empty list differ; what is no word of the protocol stays asked for, but is not stored."""
    data = {"id": "v", "requiredDocuments": listed}
    assert answer(CallName.OPEN_VERIFICATION, {"data": data}).facts.required == required


def test_the_check_of_the_january_reference() -> None:
    """``canActivate`` counts where ``activationAllowed`` is absent; a check that says neither is unreadable."""
    assert answer(CallName.CHECK, {"data": {"canActivate": True}}).facts.activation_allowed is True
    both = {"activationAllowed": False, "canActivate": True}
    assert answer(CallName.CHECK, {"data": both}).facts.activation_allowed is False
    bodies: list[Any] = [{}, {"activationAllowed": "true"}, {"consentOk": 1}, [], None]
    for data in bodies:
        assert not answer(CallName.CHECK, {"data": data}).readable


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ("email", "email"),
        ("person.dateOfBirth", "date_of_birth"),
        ("verificationData.documentNumber", "document_number"),
        ("customerCategory", "category"),
        ("matchingPassword", ""),
        ("Ana Sample", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_field_of_a_refusal_is_a_canonical_column(named: object, field: str) -> None:
    """The bank's member becomes our column; anything else, such as a value, becomes none."""
    assert answer(CallName.REGISTER, {"code": 400, "data": {"field": named}}, 400).field == field
    errors = [{"field": "nonsense"}, {"field": named, "message": "invalid"}]
    assert answer(CallName.REGISTER, {"code": 400, "data": {"errors": errors}}, 400).field == field


def test_a_refusal_with_thousands_of_errors_stays_short() -> None:
    """The ledger keeps the message: a bank that lists the same trouble without end does not fill it."""
    errors = [{"field": "email", "message": f"invalid value {'not ' * (number % 50)}"} for number in range(5000)]
    body = {"code": 400, "message": "Request validation failed", "data": {"errors": errors}}
    reply = answer(CallName.REGISTER, body, 400)
    assert reply.message.startswith("Request validation failed; email: invalid value")
    assert len(reply.message) < 1500


def test_personal_data_in_every_member_of_a_refusal_goes_nowhere() -> None:
    """A bank that echoes the whole row, in each place it has, leaves nothing of it in the reply."""
    who = customer(last_name="Long", first_name="Žofia")
    row = "Žofia Long ana.sample@example.com +370 600 00001 1991-02-03 X0000001 Kaunas 44001 Lithuania"
    body = {
        "success": False,
        "message": f"invalid: {row}",
        "error": {"code": row, "message": row},
        "data": {
            "error": row,
            "details": row,
            "field": row,
            "errorCode": row,
            "errors": [{"field": row, "message": row}, {"field": "long", "message": "long"}],
            "missingKeys": [row],
            "missingConsents": [row],
        },
    }
    for status in (200, 400, 409, 500):
        shown = repr(answer(CallName.REGISTER, body, status, customer=who)).casefold()
        for value in ("žofia", "long", "ana", "sample@", "370", "600", "1991", "x000", "kaunas", "4400", "lithuania"):
            assert value not in shown, (status, value)


@pytest.mark.parametrize(
    ("call", "data"),
    [
        (CallName.REGISTER, {"id": "cus-sample.ana"}),
        (CallName.REGISTER, {"id": "X0000001", "user": {"id": "u-1"}}),
        (CallName.OPEN_VERIFICATION, {"verificationId": b"ana.sample@example.com".hex()}),
    ],
)
def test_an_id_that_may_not_be_kept_leaves_the_call_in_doubt(call: CallName, data: dict[str, Any]) -> None:
    """Nothing goes on with an empty id, and the reason is said."""
    reply = answer(call, {"code": 200, "data": data}, customer=customer())
    assert (reply.accepted, reply.readable, reply.kind, reply.facts) == (True, False, Kind.PERSONAL_ID, Facts())
    judgement = judge(step(call), reply)
    assert (judgement.verdict, judgement.code) == (Verdict.DOUBT, "personal_id")


def test_a_user_id_that_may_not_be_kept_costs_the_session_only() -> None:
    """The customer's id is there: the journey goes on without the user's."""
    reply = answer(CallName.REGISTER, {"data": {"id": "c-1", "user": {"id": "ana.sample"}}}, customer=customer())
    assert (reply.readable, reply.facts) == (True, Facts(customer_id="c-1"))


WORDS = [
    ("Missing required header(s)", Kind.MISSING_HEADER),
    ("Needs approval: high-risk customer", Kind.HIGH_RISK),
    ("High risk", Kind.HIGH_RISK),
    ("Power tenant approval required", Kind.HIGH_RISK),
    ("POWER_TENANT_VERIFIED needed", Kind.HIGH_RISK),
    ("Missing consents", Kind.MISSING_CONSENTS),
    ("Required consents are missing", Kind.MISSING_CONSENTS),
    ("missingConsents", Kind.MISSING_CONSENTS),
    ("VERIFICATION_FAILED", Kind.VERIFICATION_REFUSED),
    ("The verification was rejected", Kind.VERIFICATION_REFUSED),
    ("Customer is not verified", Kind.NOT_VERIFIED),
    ("Account locked", Kind.LOCKED),
    ("Account unlocked", Kind.NONE),
    ("Request blocked", Kind.NONE),
    ("Requires the ADMIN_USER role", Kind.ROLE),
    ("Requires role COMPLIANCE_OFFICER", Kind.ROLE),
    ("Insufficient permission", Kind.ROLE),
    ("roleIds is invalid", Kind.NONE),
    ("Invalid categorization", Kind.CATEGORIZATION),
    ("Categorisation failed", Kind.CATEGORIZATION),
    ("Request validation failed", Kind.NONE),
    ("Customer not found", Kind.NONE),
]
PLACES = ("message", "error", "details", "errorCode", "legacy code", "legacy message")


def refusal(said: str, place: str) -> dict[str, Any]:
    """Make a refusal that says this in one of its places."""
    if place.startswith("legacy"):
        return {"success": False, "error": {place.removeprefix("legacy "): said}}
    if place == "message":
        return {"code": 400, "message": said, "data": None}
    return {"code": 400, "message": "No", "data": {place: said}}


@pytest.mark.parametrize(("said", "kind"), WORDS)
def test_the_kind_of_a_refusal_stands_in_its_words(said: str, kind: Kind) -> None:
    """As whole words, in every place of both shapes."""
    for place in PLACES:
        assert answer(CallName.ACTIVATE, refusal(said, place), 400, customer=customer()).kind is kind, place


NAMES = st.sampled_from(
    """
    Carole Roleson Role Locke Locked Categori Category Missing Consents Rejected High Risk Power Tenant Permission
    Missing-Consents Not-Verified High-Risk Ana
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([said for said, _ in WORDS]),
    NAMES,
    NAMES,
    st.sampled_from(["{0}: {1}", "{0} ({1})", "{1} - {0}", "{0} for '{1}'", "value {1}; {0}", "{1} {0} {1}"]),
    st.sampled_from(PLACES),
)
def test_what_a_refusal_repeats_of_a_row_decides_nothing(
    said: str, first: str, last: str, form: str, place: str
) -> None:
    """An echo decides nothing ("carole@" holds "role"): the kind is that of the bank's own words."""
    first, last = first.replace("-", " "), last.replace("-", " ")
    email = f"{first}.{last}@role.example".casefold().replace(" ", ".")
    who = customer(first_name=first, last_name=last, email=email, place_of_birth=f"{last} {first}")
    plain = answer(CallName.ACTIVATE, refusal(said, place), 400, customer=who).kind
    for echo in (first, last, f"{first} {last}", who.email, who.place_of_birth, f"{first}{last}"):
        echoed = refusal(form.format(said, echo), place)
        assert answer(CallName.ACTIVATE, echoed, 400, customer=who).kind is plain


def test_an_absurd_list_of_documents_is_not_believed() -> None:
    """A million requirements are no answer: nothing of it is kept, as of one without an id."""
    for count, readable in ((100, True), (101, False), (1_000_000, False)):
        data = {"verificationId": "v-1", "requiredDocuments": ["PASSPORT"] * count}
        reply = answer(CallName.OPEN_VERIFICATION, {"code": 200, "success": True, "data": data})
        assert (reply.accepted, reply.readable) == (True, readable)
        assert len(reply.facts.required or ()) == (count if readable else 0)
        assert bool(reply.facts.verification_id) is readable


def test_a_token_that_fits_no_header_is_not_believed() -> None:
    """A megabyte would be sent with every call."""
    for length, readable in ((16 * 1024, True), (16 * 1024 + 1, False), (1024**2, False)):
        reply = answer(CallName.LOGIN, {"code": 200, "success": True, "data": {"token": "t" * length}})
        assert (reply.readable, len(reply.facts.token)) == (readable, length if readable else 0)


def test_long_lists_are_looked_at_so_far_only() -> None:
    """Documents and missing consents of one customer by the hundred thousand: what is kept of them is little."""
    many = [{"documentType": f"DT_{number}"} for number in range(100_000)]
    body = {"code": 200, "success": True, "data": {"documents": [{"documentType": "DT_SELFIE"}] * 9 + many}}
    listed = answer(CallName.LIST_DOCUMENTS, body)
    assert (listed.readable, listed.facts.uploaded[0]) == (True, "SELFIE")
    assert len(listed.facts.uploaded) <= 1000
    data = {"consentOk": False, "missingConsents": ["TERMS"] * 100_000}
    check = answer(CallName.CHECK, {"code": 200, "success": True, "data": data})
    assert 0 < len(check.facts.missing_consents or ()) <= 1000


def test_an_absurd_hierarchy_is_not_believed() -> None:
    """More categories than any bank has are none; a name of a megabyte gives way to the key, a key to the id."""

    def hierarchy(count: int, name: str = "Standard", key: str = "KEY") -> bytes:
        entries = {
            f"{key}{number or ''}": {"databaseId": f"id-{number}", "categoryName": name} for number in range(count)
        }
        return json.dumps({"code": 200, "data": {"categories": entries}}).encode()

    assert len(read_categories(hierarchy(10_000))) == 10_000
    assert read_categories(hierarchy(10_001)) == ()
    assert read_categories(hierarchy(1, name="x" * 1_000_000))[0].name == "KEY"
    (found,) = read_categories(hierarchy(1, name="x" * 1_000_000, key="K" * 1_000_000))
    assert (found.key, found.name) == ("id-0", "id-0")


@pytest.mark.parametrize(
    ("body", "versions"),
    [
        ({"errors": [{"field": "version", "message": "must be 2.0"}], "suggestions": ["2.0"]}, ("2.0",)),
        ({"errors": [{"field": "version", "message": "must be 2.0 or v2.1, not 1.0"}]}, ("2.0", "v2.1")),
        ({"details": "Consent version 1.0 rejected, current is 3.1"}, ("3.1",)),
        ({"field": "version"}, ()),
        ({"field": "version", "suggestions": ["01.02.1990", "1990-01-01", "someone@example.com", 7]}, ()),
        ({"details": "version of 14.05.90 at 10.2.3.4"}, ()),
        ({"details": "accepted is missing"}, None),
    ],
)
@pytest.mark.parametrize("own", ["1.0", ""])
def test_the_version_that_a_refused_consent_should_have_is_read(
    body: dict[str, Any], versions: tuple[str, ...] | None, own: str
) -> None:
    """Suggestions, else the words; nothing that could be a person's. The field is the row's column, if it has one."""
    whose = {"customer": customer(terms_version=own), "item": "terms"}
    found = answer(CallName.ACCEPT_CONSENT, {"code": 400, "message": "Refused", "data": body}, 400, **whose)
    assert (found.kind is Kind.CONSENT_VERSION) is (versions is not None)
    if versions is not None:
        assert set(found.facts.versions) - {"1.0"} == set(versions)
        assert ("1.0" in found.facts.versions) <= (not own)
        assert found.field == ("terms_version" if own else "")


def test_the_features_of_a_category_are_read_with_their_keys_and_values() -> None:
    """By code or in place; one that asks for nothing, words that cannot be shown and other types are passed over."""
    monitoring = {
        "databaseId": "f-1",
        "mandatoryKeys": ["a", 7, "x\ny"],
        "allowedValues": {"a": ["LOW", None], "b": "no"},
    }
    body = {
        "categories": {
            "K": {
                "databaseId": "k",
                "categoryName": "K",
                "availableFeatures": ["M", {"featureCode": "N", "mandatoryKeys": ["c"]}, "QUIET", "UNKNOWN", 5],
            },
            "L": {"databaseId": "l", "categoryName": "L", "availableFeatures": "M"},
        },
        "features": {"M": monitoring, "QUIET": {"databaseId": "q"}},
    }
    first, second = read_categories(json.dumps({"data": body}).encode())
    assert first.features == (
        Feature(code="M", id="f-1", mandatory=("a",), allowed=(("a", ("LOW",)),)),
        Feature(code="N", id="", mandatory=("c",)),
    )
    assert second.features == ()
