"""What is the bank's and what is not: its documented bodies pass, those of gateways and frameworks never do."""

import json
from itertools import product
from typing import Any

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CALLS, CallName, Kind, step
from finhub_onboard.finhub.envelopes import is_plain_success, is_the_banks
from finhub_onboard.finhub.refusals import says_failure
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.verdicts import Verdict
from tests.outbound.bank_answers import accepted, refused
from tests.outbound.support import customer, example

OPERATIONS = {
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
    "getWebhookDelivery": CallName.LIST_DELIVERIES,
}
EXAMPLES = [entry for entry in example("index.json")["examples"] if entry["kind"] == "response"]
GENERATIONS = ["runner", "older"]


@pytest.mark.parametrize("entry", EXAMPLES, ids=lambda entry: str(entry["file"]))
def test_every_example_is_the_banks(entry: dict[str, Any]) -> None:
    """Control: no documented body is taken for a gateway's."""
    assert is_the_banks(OPERATIONS[entry["operationId"]], entry["status"], example(entry["file"]))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_the_sandbox_writes_is_the_banks(generation: str) -> None:
    """Control: every success of both generations is readable, and every refusal is the bank's word for every call."""
    for call, answer in accepted(generation).items():
        reply = read(call, answer.status, json.dumps(answer.body).encode(), whose=Whose(customer=customer()))
        assert (reply.accepted, reply.readable, reply.kind) == (True, True, Kind.NONE), call
    for call in CallName:
        for answer in refused(generation):
            assert is_the_banks(call, answer.status, answer.body), answer


JANUARY: list[dict[str, Any]] = [
    {"success": True, "data": {}},
    {"success": True},
    {"code": 200},
    {"code": "200", "message": "Success"},
    {"data": {}},
    {"success": False},
    {"code": 409, "message": "Exists"},
    {"success": False, "code": 200, "message": "No", "data": {}},
]


@pytest.mark.parametrize("body", JANUARY)
def test_one_member_of_an_envelope_is_enough_with_a_2xx(body: dict[str, Any]) -> None:
    """Control: API.md, section 10 no. 7 and 17; pages that show no code, or nothing but one."""
    assert all(is_the_banks(call, 200, body) for call in CallName)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 403, "message": "No", "data": None},
        {"code": "403", "message": "No", "data": {}},
        {"code": 403, "message": "No", "data": {}, "path": "/x", "traceId": "1"},
        {"code": 403, "message": "No"},
        {"code": 403, "message": "No", "timestamp": "2026-05-04T09:00:00Z"},
        {"success": False, "error": {"code": "FORBIDDEN", "message": "No"}},
        {"success": False, "error": {"message": "No"}},
    ],
)
def test_a_whole_refusal_is_the_banks(body: dict[str, Any]) -> None:
    """Control: both forms of section 7, also where an empty ``data`` is left out; unknown members are ignored."""
    assert all(is_the_banks(call, 403, body) for call in CallName)


HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"
FOREIGN: dict[str, tuple[int, Any]] = {
    "maintenance": (200, {"message": "Service is under maintenance"}),
    "maintenance page": (200, HTML.format("Maintenance")),
    "empty 200": (200, ""),
    "spaces": (200, " \r\n"),
    "no content": (204, ""),
    "null": (200, "null"),
    "an empty object": (200, {}),
    "a list": (200, [{"id": "c-1"}]),
    "a number": (200, 200),
    "a text": (200, '"OK"'),
    "half a body": (200, '{"code": 200, "data": {"id": "c-1"'),
    "code 0": (200, {"code": 0, "message": "ok", "data": {"id": "c-1"}}),
    "another numbering": (200, {"code": 10000, "message": "ok", "data": {"id": "c-1"}}),
    "a word as code": (200, {"code": "NoSuchKey", "message": "No"}),
    "wordpress in a 200": (200, {"code": "rest_no_route", "message": "No", "data": {"status": 404}}),
    "kubernetes in a 200": (200, {"kind": "Status", "status": "Failure", "message": "No", "code": 404}),
    "status in a 200": (200, {"status": 200, "message": "up"}),
    "health check": (200, {"status": "UP"}),
    "graphql": (200, {"data": None, "errors": [{"message": "No"}]}),
    "redirect": (302, HTML.format("302 Found")),
    "redirect with an envelope": (307, {"code": 307, "message": "Moved", "data": {}}),
    **{f"html {s}": (s, HTML.format(s)) for s in (400, 401, 403, 404, 405, 407, 409, 413, 418, 421, 422, 425, 499)},
    **{f"text {s}": (s, "404 page not found") for s in (400, 403, 404, 408, 410, 421, 451)},
    **{f"empty {s}": (s, "") for s in (400, 401, 403, 404, 409, 422)},
    "spring": (404, {"timestamp": "2026-05-04T09:00:00Z", "status": 404, "error": "Not Found", "path": "/api"}),
    "spring with code": (404, {"timestamp": "2026", "status": 404, "code": 404, "message": "No", "path": "/api"}),
    "kubernetes": (
        404,
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "No", "reason": "NotFound", "code": 404},
    ),
    "kong": (404, {"message": "no Route matched with those values"}),
    "kong 3": (401, {"message": "Unauthorized", "request_id": "1"}),
    "aws": (403, {"message": "Missing Authentication Token"}),
    "aws waf": (403, {"Message": "Forbidden"}),
    "s3": (404, {"code": "NoSuchKey", "message": "The key does not exist"}),
    "envoy": (404, "no healthy upstream"),
    "cloudflare": (403, "error code: 1020"),
    "cloudflare api": (403, {"success": False, "errors": [{"code": 10000, "message": "No"}], "result": None}),
    "apigee": (404, {"fault": {"faultstring": "Unable to identify proxy", "detail": {"errorcode": "x"}}}),
    "azure": (401, {"statusCode": 401, "message": "Access denied due to missing subscription key"}),
    "azure error": (404, {"error": {"code": "ResourceNotFound", "message": "No"}}),
    "google": (404, {"error": {"code": 404, "message": "No", "status": "NOT_FOUND"}}),
    "a known word without success": (400, {"error": {"code": "INVALID_API_KEY", "message": "No"}}),
    "error text": (403, {"error": "Forbidden"}),
    "success and error text": (403, {"success": False, "error": "Forbidden"}),
    "success and message": (404, {"success": False, "message": "Cannot POST /x"}),
    "fastapi": (404, {"detail": "Not Found"}),
    "nest": (404, {"statusCode": 404, "message": "Cannot POST /x", "error": "Not Found"}),
    "problem+json": (422, {"type": "about:blank", "title": "No", "status": 422, "detail": "No"}),
    "oauth": (401, {"error": "invalid_token", "error_description": "expired"}),
    "json-rpc": (400, {"jsonrpc": "2.0", "error": {"code": -32600, "message": "No"}, "id": None}),
    "wordpress": (404, {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}}),
    "code of another status": (404, {"code": 200, "message": "ok", "data": {}}),
    "code 0 of a 403": (403, {"code": 0, "message": "Forbidden", "data": None}),
    "code without words": (403, {"code": 403}),
    "data only": (404, {"data": {"id": "c-1"}}),
    "success that failed": (404, {"success": True, "data": {"id": "c-1"}}),
    "list of errors": (400, [{"message": "No"}]),
}


@pytest.mark.parametrize(("status", "body"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_the_banks_is_never_a_success_nor_a_final_word(status: int, body: Any) -> None:
    """As a 502: in doubt where the call changes something, tried again where it reads."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    for call in CallName:
        reply = read(call, status, content, whose=Whose(customer=customer()))
        judgement = judge(step(call), reply)
        assert (reply.accepted, reply.readable, reply.kind) == (False, False, Kind.GATEWAY), call
        assert judgement.verdict is (Verdict.DOUBT if CALLS[call].changes else Verdict.RETRY), call
        assert judgement.code == "gateway_answer", call


@pytest.mark.parametrize("body", ["", HTML.format("429"), '{"message": "API rate limit exceeded"}', "error code: 1015"])
def test_a_refusal_for_rate_keeps_its_meaning_whoever_says_it(body: str) -> None:
    """Control: a 429 of a gateway was not carried out either, and slows the run as the bank's does."""
    for call in CallName:
        reply = read(call, 429, body.encode())
        assert (reply.says, judge(step(call), reply).verdict) == (429, Verdict.RETRY), call


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522, 599])
def test_a_server_error_is_one_whoever_says_it(status: int) -> None:
    """Control: no form is asked of it, and its own status stays for the reports."""
    bodies = ("", HTML.format(status), json.dumps({"message": "No"}))
    for call, body in product(CallName, bodies):
        reply = read(call, status, body.encode())
        judgement = judge(step(call), reply)
        assert (reply.says, judgement.code) == (status, "server_error")
        assert judgement.verdict is (Verdict.DOUBT if CALLS[call].changes else Verdict.RETRY)


ABSENT = object()
MEMBERS = {
    "code": (ABSENT, None, True, 0, 200, 204, 2e2, 404, "200", "INVALID_ID"),
    "success": (ABSENT, None, True, False, 0, 1, "true", "False"),
    "error": (ABSENT, None, {}, {"code": "LOCKED"}),
    "errors": (ABSENT, [], [{"field": "email"}]),
    "data": (ABSENT, None, [], {}, {"success": False}, {"success": "true"}),
}


def test_a_plain_success_needs_no_further_look() -> None:
    """The short cut never says more than the rules: it is the bank's, a success, and says nothing of a failure."""
    plain = 0
    for values in product(*MEMBERS.values()):
        body: dict[str, Any] = {name: value for name, value in zip(MEMBERS, values, strict=True) if value is not ABSENT}
        assert not is_plain_success(302, body)
        if is_plain_success(200, body):
            plain += 1
            assert is_the_banks(CallName.REGISTER, 200, body), body
            assert not says_failure(body, body["data"]), body
    assert plain == 4


CHANGES = [call for call in CallName if CALLS[call].changes]


@pytest.mark.parametrize("call", [*CHANGES, CallName.CHECK])
def test_the_usual_answers_take_the_short_cut(call: CallName) -> None:
    """Control: as the runner's bank answers nearly every call of a customer."""
    answer = accepted("runner")[call]
    assert is_plain_success(answer.status, answer.body)
