"""Log-ins as production takes them: at addresses of their own, by OAuth's client credentials or by user and client.

Promises the forms of API.md, section 14, and that wrong ones count like those of the admin session. To scenarios and
tallies each is a ``createAdminSession``. A refusal of OAuth's is that of its standard (RFC 6749, section 5.2).
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.forms import Member, check, one_of, text
from finhub_onboard.sandbox.logins import Logins
from finhub_onboard.sandbox.operations import Operation, Token
from finhub_onboard.sandbox.records import Answer

_OLDER_OAUTH: Final = "/oauth2/token"
_TWIN: Final = "/api/v2/auth/sandbox/token"
_OAUTH: Final = (demo.LOGIN_PATHS["oauth"], _OLDER_OAUTH)
_OPERATIONS: Final = {
    path: Operation(id="createAdminSession", method="POST", path=path, token=Token.NONE)
    for path in (*demo.LOGIN_PATHS.values(), _OLDER_OAUTH, _TWIN)
}
_FORM: Final = b"application/x-www-form-urlencoded"
_CLIENT: Final = tuple(Member(name, text()) for name in ("grant_type", "client_id", "client_secret"))
_RIGHT: Final = {
    "username": demo.USERNAME,
    "password": demo.PASSWORD,
    "customerId": demo.CUSTOMER_ID,
    "customerSecret": demo.CUSTOMER_SECRET,
}
_USER: Final = (*(Member(name, text()) for name in _RIGHT), Member("accountType", one_of("b2b", "b2c")))
_GRANT: Final = Member("grantType", one_of("password", "client_credentials"))
_STATUS: Final = {"invalid_client": 401}


def match(method: str, path: str) -> Operation | None:
    """The log-in at this path of the server, if there is one."""
    return _OPERATIONS.get(path) if method == "POST" else None


def is_one(operation: Operation) -> bool:
    """Whether an operation is one of these log-ins."""
    return operation.path in _OPERATIONS


class ProductionLogins:
    """The rules of these log-ins; ``logins`` opens the sessions and counts the wrong ones."""

    __slots__ = ("_bank", "_logins")

    def __init__(self, bank: Bank, logins: Logins) -> None:
        self._bank = bank
        self._logins = logins

    def answer(
        self, path: str, headers: Mapping[bytes, bytes], bad_headers: Answer | None, body: bytes, now: float
    ) -> Answer:
        """Answer a log-in; ``bad_headers`` is the refusal of who lacks the usual headers, where they are asked for."""
        in_form = headers.get(b"content-type", b"").lower().startswith(_FORM)
        content = _object(body, in_form=in_form)
        if path in _OAUTH:
            return self._oauth(content if in_form or path != _OLDER_OAUTH else None, now)
        if bad_headers:
            return bad_headers
        if headers[b"x-tenant-id"] != demo.TENANT_ID.encode():
            return self._bank.shapes.problem(403, "Tenant access denied", {"error": "Tenant access denied"})
        return self._password(path, content, now)

    def _oauth(self, content: dict[str, Any] | None, now: float) -> Answer:
        if content is None or check(content, _CLIENT):
            return _refusal("invalid_request", "A required parameter is missing")
        if content["grant_type"] != "client_credentials":
            return _refusal("unsupported_grant_type", "The grant type is not supported")
        right = _same(content["client_id"], demo.CLIENT_ID) and _same(content["client_secret"], demo.CLIENT_SECRET)
        if self._logins.refusal(now, right=right, lock=self._bank.admin_lock, customer=None):
            return _refusal("invalid_client", "Client authentication failed")
        return Answer(200, {**self._token(now), "scope": content.get("scope", "api")})

    def _password(self, path: str, content: dict[str, Any] | None, now: float) -> Answer:
        if content is None:
            return self._bank.invalid([("body", "must be a JSON object")])
        if errors := check(content, _USER if path == _TWIN else (*_USER, _GRANT)):
            return self._bank.invalid(errors)
        right = all(_same(content[name], value) for name, value in _RIGHT.items())
        if refusal := self._logins.refusal(now, right=right, lock=self._bank.admin_lock, customer=None):
            return refusal
        token = self._token(now)
        if path == _TWIN:
            return Answer(200, token)
        more = {"tenantId": demo.TENANT_ID, "userSessionToken": token.pop("access_token")}
        if self._bank.shapes.name == "older":
            return self._bank.shapes.success({"expiresIn": token["expires_in"], "tokenType": "Bearer", **more})
        return Answer(200, {**token, "scope": "default", **more, "refreshToken": "refresh"})

    def _token(self, now: float) -> dict[str, Any]:
        claims, token = self._logins.open(now, None)
        return {"access_token": token, "token_type": "Bearer", "expires_in": claims.exp - claims.iat}


def _refusal(error: str, description: str) -> Answer:
    return Answer(_STATUS.get(error, 400), {"error": error, "error_description": description})


def _object(body: bytes, *, in_form: bool) -> dict[str, Any] | None:
    if in_form:
        return dict(parse_qsl(body.decode("latin-1")))
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
