"""What is the bank's answer and what is a gateway's: every call against pages and JSON of other programs."""

import json
from typing import Any

import msgspec
import pytest

from pipeline.calls import CallName, Facts, Kind, step
from pipeline.journey.policy import Verdict, judge
from pipeline.outbound.answers import read
from pipeline.outbound.whose import Whose
from pipeline.sandbox.records import Claims, Consent, Document, Verification
from pipeline.sandbox.records import Customer as Registered
from pipeline.sandbox.shapes import SHAPES, Shapes
from tests.outbound.support import customer

OURS = Whose(customer=customer(), customer_id="c-1", user_id="u-1", verification_id="v-1")
HTML = b"<html><head><title>x</title></head><body><h1>Service is not available</h1><hr>nginx</body></html>"
FOREIGN: dict[str, Any] = {
    "maintenance": {"message": "Service is under maintenance"},
    "error as a word": {"error": "Forbidden"},
    "spring": {"timestamp": "2026-05-04T09:00:00Z", "status": 404, "error": "Not Found", "path": "/api"},
    "kong": {"message": "no Route matched with those values"},
    "detail": {"detail": "Not found."},
    "fault": {"fault": {"faultstring": "No", "detail": {"errorcode": "x"}}},
    "grpc": {"code": 5, "message": "Not Found", "details": []},
    "word as code": {"code": "ResourceNotFound", "message": "No", "data": {"status": 404}},
    "error of another program": {"error": {"code": "ResourceNotFound", "message": "No"}},
    "data is null": {"data": None, "errors": [{"message": "No"}]},
    "truth as code": {"code": True, "data": {"id": "c-1"}},
    "status": {"status": "ok"},
    "nothing": {},
    "a list": [{"code": 200, "data": {"id": "c-1"}}],
    "a text": "OK",
}
PAGES = {"html": HTML, "text": b"404 page not found\n", "empty": b"", "half": b'{"code": 200, "data": {"id": "c-1'}
BODIES = PAGES | {name: json.dumps(body).encode() for name, body in FOREIGN.items()}
STATUSES = (200, 201, 204, 205, 301, 302, 304, 307, 400, 401, 403, 404, 405, 408, 413, 418, 421, 422, 425, 499)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("call", CallName)
def test_a_gateways_answer_is_as_good_as_none(call: CallName, name: str) -> None:
    """Whatever its status, it means a 502: not accepted, not refused, and without facts."""
    for status in STATUSES:
        reply = read(call, status, BODIES[name], whose=OURS)
        assert (reply.status, reply.accepted, reply.readable) == (status, False, False)
        assert (reply.kind, reply.says, reply.facts, reply.field) == (Kind.GATEWAY, 502, Facts(), "")
        expected = Verdict.DOUBT if step(call).call.changes else Verdict.RETRY
        assert judge(step(call), reply).verdict is expected


@pytest.mark.parametrize("status", [407, 429, 500, 502, 503, 504, 522])
def test_what_a_gateway_may_say_by_its_status(status: int) -> None:
    """The rate, its own log-in and a fault are the same whoever reports them."""
    for content in BODIES.values():
        reply = read(CallName.REGISTER, status, content)
        assert (reply.says, reply.kind, reply.accepted) == (status, Kind.GATEWAY, False)


def test_a_gateways_words_are_redacted() -> None:
    """A page may repeat the request: what is known to be harmless is said, the rest is not."""
    page = b"<html><style>.x {}</style><p>Request of ana.sample@example.com denied: Service is under maintenance</p>"
    reply = read(CallName.REGISTER, 403, page, whose=OURS)
    assert reply.message == "Request of … denied: Service is under maintenance"
    assert "ana" not in read(CallName.REGISTER, 200, json.dumps({"message": "Ana"}).encode(), whose=OURS).message


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirect_is_never_the_banks(status: int) -> None:
    """Even with an envelope: nothing was done where the request went."""
    reply = read(CallName.ACTIVATE, status, b'{"code": 200, "success": true, "data": {}}')
    assert (reply.says, reply.kind) == (502, Kind.GATEWAY)


@pytest.mark.parametrize(
    "body",
    [{"code": 200}, {"code": "200", "message": "x"}, {"success": True}, {"data": {}}, {"code": 200, "data": None}],
)
def test_the_forms_of_an_envelope(body: dict[str, Any]) -> None:
    """API.md, section 10 no. 7: ``code``, ``success`` or ``data`` make an activation's 200 the bank's."""
    reply = read(CallName.ACTIVATE, 200, json.dumps(body).encode())
    assert (reply.accepted, reply.readable, reply.says) == (True, True, 200)


@pytest.mark.parametrize("bare", [{"tenantId": "t", "categories": {}}, {"token": "t"}])
def test_what_pages_show_bare_counts_for_its_own_call_only(bare: dict[str, Any]) -> None:
    """The hierarchy and the log-in have a form without an envelope; no refusal and no other call has."""
    own = CallName.HIERARCHY if "categories" in bare else CallName.LOGIN
    content = json.dumps(bare).encode()
    for call in CallName:
        assert read(call, 200, content).accepted is (call is own)
    assert read(own, 404, content).kind is Kind.GATEWAY


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_the_sandbox_is_the_banks(shapes: Shapes) -> None:
    """Both generations: problems of each status, and successes."""
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503):
        for data in (None, {"error": "x"}):
            made = shapes.problem(status, "No", data)
            reply = read(CallName.REGISTER, made.status, json.dumps(made.body).encode())
            assert (reply.says, reply.readable) == (status, True)
    case = Verification(id="v-1", type="T", level="TENANT_VERIFIED", at=0.0, status="APPROVED")
    known = {"number": 1, "id": "c-1", "user_id": "u-1", "email": customer().email, "risk": "LOW", "at": 0.0}
    who = msgspec.convert({**dict.fromkeys(("salt", "password", "category"), ""), **known}, Registered)
    texts = ("iss", "aud", "sub", "tenantId", "userType", "jti")
    granted = {"iat": 0, "exp": 3600, "customerId": "c-1", "userId": "u-1", "roles": ()}
    claims = msgspec.convert({**dict.fromkeys(texts, ""), **granted}, Claims)
    document = Document(id="d-1", type="PASSPORT", file_name="p", mime_type="m", size=1, sha256="", at=0.0)
    consent = Consent(version="1.0", at=0.0)
    sent = {"firstName": "Ana", "lastName": "Sample", "email": customer().email}
    for call, made in (
        (CallName.LOGIN, shapes.session(claims, "t", None)),
        (CallName.HIERARCHY, shapes.hierarchy(())),
        (CallName.REGISTER, shapes.registered(who, sent)),
        (CallName.OPEN_SESSION, shapes.session(claims, "t", who)),
        (CallName.UPLOAD_DOCUMENT, shapes.document(document, who)),
        (CallName.ACCEPT_CONSENT, shapes.consent(who, "terms", consent)),
        (CallName.OPEN_VERIFICATION, shapes.verification(case, who, [])),
        (CallName.OPEN_VERIFICATION, shapes.created_verification(case, who, [])),
        (CallName.APPROVE, shapes.decided(case, "admin")),
        (CallName.CHECK, shapes.check(allowed=True, data={}, extras={})),
        (CallName.ACTIVATE, shapes.activated(who, ("w", "iban"))),
    ):
        reply = read(call, made.status, json.dumps(made.body).encode(), whose=OURS)
        assert (reply.accepted, reply.readable) == (True, True), (call, made.body)
