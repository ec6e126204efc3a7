"""What real servers, gateways and frameworks say when they say no: what each body is read as and judged to be."""

import json
from typing import Any

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, step
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from tests.outbound.support import customer

REGISTER, ACTIVATE, APPROVE, CHECK = CallName.REGISTER, CallName.ACTIVATE, CallName.APPROVE, CallName.CHECK
SESSION, CONSENT, VERIFICATION, UPLOAD = (
    CallName.OPEN_SESSION,
    CallName.ACCEPT_CONSENT,
    CallName.OPEN_VERIFICATION,
    CallName.UPLOAD_DOCUMENT,
)
NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr>nginx</body></html>"
)
CLOUDFLARE = (
    "<!DOCTYPE html><html class='no-js' lang='en-US'><title>error code: 522</title><body>Ray ID: 8f</body></html>"
)


def spring(status: int, error: str) -> dict[str, Any]:
    """Make the body of Spring Boot's default error page."""
    return {"timestamp": "2026-05-04T09:00:00.000+00:00", "status": status, "error": error, "path": "/api/v2.1/x"}


def wrapped(code: int, message: str, **data: Any) -> dict[str, Any]:
    """Make the contract's common form."""
    return {"code": code, "message": message, "data": data}


def legacy(code: str, message: str = "No") -> dict[str, Any]:
    """Make the older guides' form."""
    return {"success": False, "error": {"code": code, "message": message}}


FORMS: list[tuple[str, CallName, int, Any, str, str, str]] = [
    # the contract's own form
    ("field", REGISTER, 400, wrapped(400, "Validation failed", field="phone"), "refused", "refused", "phone"),
    (
        "list of errors",
        REGISTER,
        400,
        wrapped(400, "Validation failed", errors=[{"field": "email", "message": "bad"}, {"field": "x"}]),
        "refused",
        "refused",
        "email",
    ),
    (
        "path of a field",
        REGISTER,
        400,
        wrapped(400, "No", errors=[{"field": "request.body.dateOfBirth", "message": "bad"}]),
        "refused",
        "refused",
        "date_of_birth",
    ),
    ("missing keys", REGISTER, 400, wrapped(400, "No", missingKeys=["k"]), "refused", "category_refused", "category"),
    (
        "category in words",
        REGISTER,
        400,
        wrapped(400, "Categorization failed"),
        "refused",
        "category_refused",
        "category",
    ),
    ("header", CHECK, 400, wrapped(400, "Missing required header(s)"), "fatal", "missing_header", ""),
    ("consents", ACTIVATE, 400, wrapped(400, "No", missingConsents=["X"]), "consents_again", "missing_consents", ""),
    ("role", ACTIVATE, 400, wrapped(400, "Requires the ADMIN_USER role"), "fatal", "role_refused", ""),
    ("expired", CHECK, 401, wrapped(401, "Token expired"), "expired", "token_refused", ""),
    ("locked", SESSION, 401, wrapped(401, "Account locked"), "refused", "user_locked", ""),
    ("tenant", REGISTER, 403, wrapped(403, "Tenant access denied"), "fatal", "forbidden", ""),
    (
        "power tenant",
        APPROVE,
        403,
        wrapped(403, "No", details="needs POWER_TENANT approval"),
        "parked",
        "high_risk",
        "",
    ),
    ("unknown id", CHECK, 404, wrapped(404, "Customer not found"), "refused", "not_found", ""),
    ("duplicate", REGISTER, 409, wrapped(409, "E-mail exists", field="email"), "refused", "duplicate_email", "email"),
    ("conflict", ACTIVATE, 409, wrapped(409, "Already active"), "confirm", "state_conflict", ""),
    ("not verified", ACTIVATE, 422, wrapped(422, "Customer is not verified"), "retry", "not_verified", ""),
    ("rate", REGISTER, 429, wrapped(429, "Rate limit exceeded"), "retry", "rate_refused", ""),
    ("server", REGISTER, 500, wrapped(500, "Internal server error"), "doubt", "server_error", ""),
    ("data is null", REGISTER, 400, {"code": 400, "message": "No", "data": None}, "refused", "refused", ""),
    ("data is a text", REGISTER, 400, {"code": 400, "message": "No", "data": "phone"}, "refused", "refused", ""),
    ("data is a list", REGISTER, 400, {"code": 400, "message": "No", "data": [1]}, "refused", "refused", ""),
    # the older form, also with a 200
    ("legacy 409", REGISTER, 409, legacy("DUPLICATE_EMAIL"), "refused", "duplicate_email", ""),
    ("legacy in a 200", REGISTER, 200, legacy("EMAIL_ALREADY_EXISTS"), "refused", "duplicate_email", ""),
    ("legacy session", SESSION, 200, legacy("ACCOUNT_LOCKED", "Account locked"), "refused", "user_locked", ""),
    ("legacy expiry", CHECK, 200, legacy("SESSION_EXPIRED"), "expired", "token_refused", ""),
    ("legacy refusal", VERIFICATION, 200, legacy("VERIFICATION_FAILED"), "declined", "verification_refused", ""),
    ("legacy field", REGISTER, 200, legacy("INVALID_PHONE"), "refused", "refused", "phone"),
    ("false 200", REGISTER, 200, {"success": False, "message": "No"}, "doubt", "false_success", ""),
    ("false 200 as text", REGISTER, 200, {"success": "false", "data": {"id": "c"}}, "doubt", "false_success", ""),
    ("code of a 200", REGISTER, 200, wrapped(500, "Oops", id="c"), "doubt", "server_error", ""),
    ("code as text", REGISTER, 200, {"code": "409", "message": "Exists"}, "refused", "duplicate_email", ""),
    ("false read", CHECK, 200, {"success": False}, "retry", "false_success", ""),
    # gateways and frameworks
    ("nginx 502", REGISTER, 502, NGINX.format("502 Bad Gateway"), "doubt", "server_error", ""),
    ("nginx 504", APPROVE, 504, NGINX.format("504 Gateway Time-out"), "doubt", "server_error", ""),
    ("nginx 413", UPLOAD, 413, NGINX.format("413 Request Entity Too Large"), "doubt", "gateway_answer", ""),
    ("nginx 429", REGISTER, 429, NGINX.format("429 Too Many Requests"), "retry", "rate_refused", ""),
    ("nginx 499", REGISTER, 499, NGINX.format("499"), "doubt", "gateway_answer", ""),
    ("cloudflare 522", REGISTER, 522, CLOUDFLARE, "doubt", "server_error", ""),
    ("cloudflare 1015", CHECK, 429, "error code: 1015", "retry", "rate_refused", ""),
    ("aws gateway", CHECK, 503, {"message": "Service Unavailable"}, "retry", "server_error", ""),
    ("aws time-out", REGISTER, 504, {"message": "Endpoint request timed out"}, "doubt", "server_error", ""),
    ("spring", REGISTER, 500, spring(500, "Internal Server Error"), "doubt", "server_error", ""),
    ("spring 400", REGISTER, 400, spring(400, "Bad Request"), "doubt", "gateway_answer", ""),
    (
        "problem+json",
        REGISTER,
        422,
        {"type": "about:blank", "title": "No", "status": 422},
        "doubt",
        "gateway_answer",
        "",
    ),
    ("oauth", CHECK, 401, {"error": "invalid_token", "error_description": "expired"}, "retry", "gateway_answer", ""),
    (
        "plain text",
        CONSENT,
        500,
        "upstream connect error or disconnect/reset before headers",
        "doubt",
        "server_error",
        "",
    ),
    (
        "xml",
        REGISTER,
        500,
        "<?xml version='1.0'?><Error><Code>InternalError</Code></Error>",
        "doubt",
        "server_error",
        "",
    ),
    ("empty", REGISTER, 500, "", "doubt", "server_error", ""),
    ("empty 400", REGISTER, 400, "", "doubt", "gateway_answer", ""),
    ("a list", REGISTER, 400, [{"message": "No"}], "doubt", "gateway_answer", ""),
    ("a number", REGISTER, 500, 500, "doubt", "server_error", ""),
    ("deep", REGISTER, 500, "[" * 5000 + "]" * 5000, "doubt", "server_error", ""),
    ("too early", REGISTER, 425, "", "doubt", "gateway_answer", ""),
    ("time-out of a client", REGISTER, 408, "", "doubt", "gateway_answer", ""),
    ("redirect to a log-in", REGISTER, 302, NGINX.format("302 Found"), "doubt", "gateway_answer", ""),
    ("html with a 200", REGISTER, 200, "<html>maintenance</html>", "doubt", "gateway_answer", ""),
    ("half a body", REGISTER, 201, '{"code": 201, "data": {"id": "c-1', "doubt", "gateway_answer", ""),
    ("no id", REGISTER, 200, wrapped(200, "Fine", user={"id": "u"}), "doubt", "unreadable_answer", ""),
    ("no content", REGISTER, 204, "", "doubt", "gateway_answer", ""),
    ("accepted, later", REGISTER, 202, {"message": "queued"}, "doubt", "gateway_answer", ""),
    ("nothing at all", ACTIVATE, 204, "", "doubt", "gateway_answer", ""),
    ("the bank too early", REGISTER, 425, wrapped(425, "Too early"), "retry", "too_early", ""),
    ("the bank, too large", UPLOAD, 413, wrapped(413, "Too large"), "refused", "document_too_large", ""),
    ("the bank's time-out", REGISTER, 408, wrapped(408, "Timeout"), "doubt", "server_error", ""),
    ("another's refusal", REGISTER, 409, wrapped(409, "No", email="bob@example.com"), "doubt", "anothers_id", ""),
]


def test_there_are_as_many_forms_as_asked_for() -> None:
    """At least forty, each with a name of its own."""
    names = [form[0] for form in FORMS]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize(
    ("call", "status", "body", "verdict", "code", "field"), [pytest.param(*f[1:], id=f[0]) for f in FORMS]
)
def test_what_a_body_amounts_to(call: CallName, status: int, body: Any, verdict: str, code: str, field: str) -> None:
    """Verdict, code and field; nothing raises, and no doubt is taken for a clear answer."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    reply = read(call, status, content, whose=Whose(customer=customer()))
    judgement = judge(step(call), reply)
    assert (str(judgement.verdict), judgement.code, reply.field) == (verdict, code, field)
