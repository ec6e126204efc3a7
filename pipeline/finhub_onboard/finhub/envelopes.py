"""Whether an answer is the bank's: it has one of the envelopes of API.md, section 7, or a documented bare form.

Promises: every documented body passes; pages and JSON of proxies, firewalls and frameworks do not, whatever their
status. Knows no words and no ids. Pure.
"""

from typing import Any

from finhub_onboard.finhub import json_fields, tokens
from finhub_onboard.finhub.calls import CallName

_ABOUT_FAILURES = frozenset({"error", "errors"})
UNTRUE = frozenset({"false", "0"})
_TRUTHS = frozenset({"true", "1"}) | UNTRUE
_WITHOUT_DATA = frozenset({"success", "code", "message", "timestamp"})
"""The only members of a refusal without ``data``; those of Kubernetes, Spring and others have more."""
_LEGACY_CODES = (
    ("DUPLICATE_EMAIL", 409),
    ("EMAIL_ALREADY_EXISTS", 409),
    ("INVALID_CREDENTIALS", 401),
    ("SESSION_EXPIRED", 401),
    ("ACCOUNT_LOCKED", 401),
    ("INSUFFICIENT_PERMISSIONS", 403),
    ("VERIFICATION_FAILED", 422),
    ("WEAK_PASSWORD", 400),
    ("INVALID_", 400),
)
"""Codes of the older guides (API.md, section 7) -> the equivalent status."""


def is_plain_success(status: int, body: dict[str, Any]) -> bool:
    """Whether ``body`` is a success in the usual envelope: the bank's, and without a word of a failure."""
    code, data = body.get("code"), body.get("data")
    return (
        200 <= status < 300  # noqa: PLR2004 - RFC 9110
        and type(code) is int
        and 200 <= code < 300  # noqa: PLR2004
        and body.get("success", True) is True
        and _ABOUT_FAILURES.isdisjoint(body)
        and type(data) is dict
        and "success" not in data
    )


def is_the_banks(call: CallName, status: int, body: dict[str, Any]) -> bool:
    """Whether ``body`` is an answer of the bank to ``call``. A redirect never is.

    A 2xx needs one member of an envelope (API.md, section 10 no. 7). A refusal needs all of them, because it may be
    final and because gateways and frameworks also return error codes.
    """
    if not 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
        return not 300 <= status < 400 and _is_refusal(status, body)  # noqa: PLR2004
    if _is_shown_bare(call, body) or ("success" in body and json_fields.lower(body["success"]) in _TRUTHS):
        return True
    if "code" not in body:
        return isinstance(body.get("data"), (dict, list))
    code = json_fields.code(body)  # None or 0: not the bank's numbering
    return code is not None and (200 <= code < 300 or (400 <= code < 600 and _is_refusal(code, body)))  # noqa: PLR2004


def _is_refusal(status: int, body: dict[str, Any]) -> bool:
    """Whether a body is a refusal in one of the two documented forms, with the right ``status`` if it has one."""
    error = json_fields.record(body.get("error"))
    if json_fields.lower(body.get("success")) in UNTRUE and (error.keys() & {"code", "message"}):
        return True
    if json_fields.code(body) != status:
        return False
    return "data" in body or (bool(json_fields.text(body.get("message"))) and body.keys() <= _WITHOUT_DATA)


def _is_shown_bare(call: CallName, body: dict[str, Any]) -> bool:
    """The answers that the pages show without an envelope (API.md, section 10 no. 11, sections 12 and 14)."""
    if call is CallName.HIERARCHY:
        return isinstance(body.get("categories"), dict)
    return call in (CallName.LOGIN, CallName.PRODUCTION_LOGIN) and any(
        json_fields.text(body.get(name)) for name in tokens.NAMES
    )


def legacy_status(name: str) -> int:
    """The status that a code of the older guides amounts to; 0 for any other word."""
    return next((meant for start, meant in _LEGACY_CODES if name.startswith(start)), 0) if name else 0
