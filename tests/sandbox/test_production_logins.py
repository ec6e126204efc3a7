"""Production's log-ins at the sandbox: the forms that are documented, and what is refused in them."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.production_logins import is_one, match
from tests.sandbox.support import HEADERS, LOGIN, LOGIN_PATH, Desk, Reply, Wire, running

OAUTH = {"grant_type": "client_credentials", "client_id": demo.CLIENT_ID, "client_secret": demo.CLIENT_SECRET}
PASSWORD = {
    "username": demo.USERNAME,
    "password": demo.PASSWORD,
    "customerId": demo.CUSTOMER_ID,
    "customerSecret": demo.CUSTOMER_SECRET,
    "accountType": "b2b",
    "grantType": "password",
}
FORM = "application/x-www-form-urlencoded"
HIERARCHY = f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}"


def log_in(
    desk: Desk, path: str, body: dict[str, Any] | str, kind: str = "application/json", *, without: str = ""
) -> Reply:
    """Send a log-in to a path of the server; ``without`` one of the usual headers."""
    operation = match("POST", path)
    assert operation is not None
    assert is_one(operation)
    content = urlencode(body) if kind == FORM and isinstance(body, dict) else json.dumps(body)
    given = {name: value for name, value in HEADERS.items() if name != without} | {"Content-Type": kind}
    headers = {name.lower().encode(): value.encode() for name, value in given.items()}
    answer = desk.sandbox.gate.answer(operation, {}, headers, content.encode(), b"", desk.now)
    return Reply(status=answer.status, body=answer.body)


@pytest.mark.parametrize(
    ("path", "body", "kind", "member"),
    [
        ("/oauth/token", OAUTH, "application/json", "access_token"),
        ("/oauth/token", OAUTH, FORM, "access_token"),
        ("/oauth2/token", {**OAUTH, "scope": "api"}, FORM, "access_token"),
        ("/api/v2/auth/token", PASSWORD, "application/json", "userSessionToken"),
        ("/api/v2/auth/sandbox/token", PASSWORD, "application/json", "access_token"),
    ],
)
def test_each_documented_form_opens_the_admins_session(path: str, body: Any, kind: str, member: str) -> None:
    """The answer is the documented one without an envelope, and its token is good for the calls of an admin."""
    desk = Desk(token_lifetime_s=600)
    reply = log_in(desk, path, body, kind)
    assert (reply.status, reply.body["token_type"], reply.body["expires_in"]) == (200, "Bearer", 600)
    assert desk.get(HIERARCHY, token=reply.body[member]).status == 200


def test_the_older_answer_has_an_envelope() -> None:
    """As the pages of the integration environment show it."""
    reply = log_in(Desk("older"), "/api/v2/auth/token", PASSWORD)
    assert (reply.body["code"], reply.body["data"]["tokenType"]) == (200, "Bearer")
    assert reply.body["data"]["userSessionToken"]


@pytest.mark.parametrize(
    ("path", "change", "kind", "status", "error"),
    [
        ("/oauth/token", {"client_secret": "wrong"}, FORM, 401, "invalid_client"),
        ("/oauth/token", {"client_id": ""}, "application/json", 400, "invalid_request"),
        ("/oauth/token", {"grant_type": "password"}, "application/json", 400, "unsupported_grant_type"),
        ("/oauth/token", None, "application/json", 400, "invalid_request"),
        ("/oauth2/token", {}, "application/json", 400, "invalid_request"),
    ],
)
def test_oauth_refuses_as_its_standard_says(path: str, change: Any, kind: str, status: int, error: str) -> None:
    """RFC 6749, section 5.2; the older page takes forms only."""
    reply = log_in(Desk(), path, "no object" if change is None else OAUTH | change, kind)
    assert (reply.status, reply.body["error"]) == (status, error)


@pytest.mark.parametrize("member", PASSWORD)
def test_user_and_client_are_checked_member_by_member(member: str) -> None:
    """What is missing or unknown is named in the bank's own form; a wrong secret is a 401."""
    body = {name: value for name, value in PASSWORD.items() if name != member}
    reply = log_in(Desk(), "/api/v2/auth/token", body)
    assert (reply.status, reply.body["data"]["errors"][0]["field"]) == (400, member)
    wrong = log_in(Desk(), "/api/v2/auth/token", PASSWORD | {member: "wrong"})
    assert wrong.status == (400 if member in ("accountType", "grantType") else 401)
    twin = log_in(Desk(), "/api/v2/auth/sandbox/token", body)
    assert twin.status == (200 if member == "grantType" else 400)


def test_user_and_client_need_the_usual_headers_and_oauth_does_not() -> None:
    """The pages ask for them for the one only."""
    for name in HEADERS:
        assert log_in(Desk(), "/api/v2/auth/token", PASSWORD, without=name).status == 400
        assert log_in(Desk(), "/oauth/token", OAUTH, without=name).status == 200


def test_five_wrong_ones_lock_the_admin_whichever_way_they_come() -> None:
    """The ways share one count, and then the right credentials are refused by each."""
    desk = Desk()
    for _ in range(3):
        log_in(desk, "/oauth/token", OAUTH | {"client_secret": "wrong"})
    for _ in range(2):
        log_in(desk, "/api/v2/auth/token", PASSWORD | {"password": "wrong"})
    assert log_in(desk, "/oauth/token", OAUTH).status == 401
    assert log_in(desk, "/api/v2/auth/token", PASSWORD).status == 401
    assert desk.post(LOGIN_PATH, LOGIN, token="").status == 401
    desk.now += 1801
    assert log_in(desk, "/oauth/token", OAUTH).status == 200


def test_they_are_beside_the_contract_on_the_wire_and_counted_as_log_ins() -> None:
    """At the root of the server, by POST only; the record counts them with the others."""
    with running() as wire:
        assert isinstance(wire, Wire)
        headers = HEADERS | {"Content-Type": "application/json"}
        assert wire.raw("POST", "/oauth/token", OAUTH, headers).status == 200
        assert wire.raw("POST", "/api/v2/auth/token", PASSWORD, headers).status == 200
        assert wire.raw("GET", "/oauth/token", None, headers).status == 404
        assert wire.record()["logins"] == 2
