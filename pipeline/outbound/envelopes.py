"""Whether an answer is the bank's: the two envelopes of API.md, section 7, and what its pages show without one.

Promises: every documented body passes; the pages and the JSON of proxies, firewalls and frameworks do not, whatever
their status. Knows no words and no ids. Pure.
"""

from typing import Any

from pipeline.calls import CallName
from pipeline.outbound import members

_TRUTHS = frozenset({"true", "false", "0", "1"})
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
"""Codes of the older guides (API.md, section 7) and the status each amounts to."""


def is_the_banks(call: CallName, status: int, body: dict[str, Any]) -> bool:
    """Whether ``body`` is an answer of the bank to ``call``. A redirect never is."""
    if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110
        return False
    success = 200 <= status < 300  # noqa: PLR2004
    if success and _is_shown_bare(call, body):
        return True
    if members.lower(body.get("success")) in _TRUTHS:
        return True
    if legacy_status(members.text(members.record(body.get("error")).get("code"))):
        return True
    if "code" not in body:
        return isinstance(body.get("data"), dict | list)
    # The status repeated, or an old guide's code; other programs number their errors otherwise.
    code = members.code(body)
    repeated = code is not None and 100 <= code < 600  # noqa: PLR2004
    known = repeated or bool(legacy_status(members.text(body["code"])))
    return known and (success or "message" in body or "data" in body)


def _is_shown_bare(call: CallName, body: dict[str, Any]) -> bool:
    """The two answers that pages show without an envelope (API.md, section 10 no. 11 and section 12)."""
    if call is CallName.HIERARCHY:
        return isinstance(body.get("categories"), dict)
    return call is CallName.LOGIN and any(members.text(body.get(name)) for name in ("token", "accessToken"))


def legacy_status(name: str) -> int:
    """The status that a code of the older guides amounts to; 0 for any other word."""
    return next((meant for start, meant in _LEGACY_CODES if name.startswith(start)), 0)
