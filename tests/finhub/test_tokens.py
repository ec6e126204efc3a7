"""Answers to log-ins: where tokens stand, how long they live, and refusals in the form of OAuth."""

import base64
import json
from typing import Any

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, Kind, Reply
from finhub_onboard.finhub.tokens import life_s
from tests.outbound.support import example

TOKEN = example("00-admin-session.response.200.json")["data"]["token"]


def answer(status: int, body: Any, call: CallName = CallName.PRODUCTION_LOGIN) -> Reply:
    """Read the answer to a log-in at an address of its own."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(call, status, content, secrets=["canary"])


def jwt(claims: object) -> str:
    """Make a token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln"


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "api"},
        {"expires_in": 600, "token_type": "Bearer", "scope": "x", "tenantId": "y", "userSessionToken": "t"},
        {"token": "t", "expiresIn": 600},
        {"code": 200, "message": "Success", "data": {"userSessionToken": "t", "expiresIn": 600}},
        {"code": 200, "message": "Success", "data": {"access_token": "t", "expires_in": 600}},
        {"success": True, "data": {"token": "t"}, "expires_in": 600},
        {"access_token": "t", "userSessionToken": "u", "token": "v", "expires_in": 600},
    ],
)
def test_a_token_is_read_wherever_the_pages_show_it(body: Any) -> None:
    """By each of its names, at the top and in ``data``, and with its life."""
    reply = answer(200, body)
    assert (reply.accepted, reply.readable) == (True, True)
    assert (reply.facts.token, reply.facts.token_life_s) == ("t", 600)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"error": "invalid_client", "error_description": "Client authentication failed"}, 401),
        (400, {"error": "invalid_client"}, 401),
        (400, {"error": "invalid_grant", "error_description": "canary is wrong"}, 401),
        (400, {"error": "unauthorized_client"}, 401),
        (200, {"error": "invalid_client"}, 401),
        (400, {"error": "invalid_request"}, 400),
        (400, {"error": "unsupported_grant_type"}, 400),
        (400, {"error": "invalid_scope"}, 400),
        (401, {"code": 401, "message": "Authentication failed", "data": {}}, 401),
        (401, {"error": "Unauthorized", "status": 401, "path": "/oauth/token"}, 401),
        (401, b"<html>401 Authorization Required</html>", 401),
        (401, b"", 401),
        (403, b"<html>Forbidden</html>", 502),
        (400, {"error": "Bad Request"}, 502),
        (404, b"", 502),
        (503, {"error": "temporarily_unavailable"}, 503),
    ],
)
def test_what_a_refusal_at_an_address_of_its_own_means(status: int, body: Any, says: int) -> None:
    """OAuth's own errors count, and each 401: nobody can tell a gateway's from one that counts towards the lock-out."""
    reply = answer(status, body)
    assert (reply.status, reply.says, reply.accepted) == (status, says, False)
    assert "canary" not in reply.message


def test_a_gateways_401_says_nothing_below_the_base_url() -> None:
    """There the bank's own form is documented, and another one is not the bank's."""
    for body in (b"<html>401</html>", {"error": "invalid_client"}):
        reply = answer(401, body, CallName.LOGIN)
        assert (reply.says, reply.kind) == (502, Kind.GATEWAY)


@pytest.mark.parametrize(
    ("token", "expires_in", "life"),
    [
        (jwt({"iat": 1_000, "exp": 4_600}), None, 3600),
        (jwt({"iat": 1_000, "exp": 1_300}), 3600, 300),
        (jwt({"iat": 1_000.5, "exp": 1_300.5}), 3600, 300),
        (jwt({"iat": 1_000, "exp": 1_000}), 900, 900),
        (jwt({"iat": 2_000, "exp": 1_000}), 900, 900),
        (jwt({"exp": 4_600}), 900, 900),
        (jwt({"iat": "1000", "exp": "4600"}), None, None),
        (jwt({"iat": False, "exp": True}), None, None),
        (jwt({"iat": 0, "exp": 10**300}), 900, 900),
        (jwt([1, 2]), 900, 900),
        (TOKEN, 3600, 3600),
        ("opaque", 10_000, 10_000),
        ("a.b", 60, 60),
        ("a.!!!.c", 60, 60),
        ("a.é.c", 60, 60),
        ("a..c", 60, 60),
        ("", None, None),
        ("opaque", None, None),
        ("opaque", 0, None),
        ("opaque", -5, None),
        ("opaque", True, None),
        ("opaque", "3600", None),
        ("opaque", 10**400, None),
        ("opaque", [3600], None),
    ],
)
def test_the_life_of_a_token(token: str, expires_in: object, life: float | None) -> None:
    """The JWT's own life counts, else what the answer says; anything else says nothing."""
    assert life_s(token, expires_in) == life
