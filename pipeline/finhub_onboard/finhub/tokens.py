"""Parses answers to log-ins: the token, its life, and refusals in the form of OAuth (API.md, sections 2 and 14).

The pages show no refusal of a log-in at an address of its own. So there the standard counts (RFC 6749, section 5.2),
and any 401 is a refusal, whoever sends it: what is tried again may lock the user. Pure.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from typing import Any

from finhub_onboard.finhub import json_fields

NAMES = ("access_token", "userSessionToken", "token", "accessToken")
"""The members that tokens stand in, in ``data`` or at the top."""
_LIVES = ("expires_in", "expiresIn")
_LONGEST_TOKEN = 16 * 1024
"""The maximum length of a header that servers accept."""
_REFUSED = frozenset({"invalid_client", "invalid_grant", "unauthorized_client", "access_denied"})
_NOT_TAKEN = frozenset({"invalid_request", "unsupported_grant_type", "invalid_scope"})


def read(body: dict[str, Any], data: dict[str, Any]) -> tuple[str, float | None]:
    """The token in an answer, empty if there is none that can be a header, and its life in seconds if it is said."""
    token = next((text for value in _found(NAMES, body, data) if (text := json_fields.text(value))), "")
    if len(token) > _LONGEST_TOKEN or not (token.isascii() and token.isprintable()) or " " in token:
        token = ""
    return token, life_s(token, next((value for value in _found(_LIVES, body, data) if value), None))


def _found(names: Sequence[str], body: dict[str, Any], data: dict[str, Any]) -> Iterator[Any]:
    return (place.get(name) for name in names for place in (data, body))


def life_s(token: str, expires_in: Any) -> float | None:
    """Life of a token in seconds: the JWT's own, else ``expires_in``; ``expiresAt`` is wrong in the bank's pages."""
    claims = _claims(token) if token.count(".") == 2 else {}  # noqa: PLR2004 - header.payload.signature
    expires, issued = json_fields.number(claims.get("exp")), json_fields.number(claims.get("iat"))
    if expires is not None and issued is not None and expires > issued:
        return expires - issued
    seconds = json_fields.number(expires_in)
    return seconds if seconds is not None and seconds > 0 else None


def _claims(token: str) -> dict[str, Any]:
    """The content of a JWT."""
    payload = token.split(".")[1]
    try:
        return json_fields.decoded(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) or {}
    except (binascii.Error, ValueError):
        return {}


def refusal(body: dict[str, Any]) -> tuple[int, str] | None:
    """What a refusal in the form of OAuth means, as a status, and its words; ``None`` for any other answer."""
    error = json_fields.text(body.get("error"))
    if error not in _REFUSED | _NOT_TAKEN:
        return None
    words = json_fields.text(body.get("error_description")) or error.replace("_", " ")
    return 401 if error in _REFUSED else 400, words
