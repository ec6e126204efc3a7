"""Tolerant access to members of a JSON body: a value of the expected type, or nothing. Never raises.

The bank's answers are external input: a member may be missing, of another type, or out of range. Pure.
"""

import re
from typing import Any

import msgspec

_MAX_ID = 200
_MAX_NUMBER = 1e12
_NUMBERS = (int, float)
_WORD = re.compile(r"([A-Z][A-Z0-9_-]{0,63})?").fullmatch
_IDENTIFIER = re.compile(r"[!-?A-~]+").fullmatch
_STATUS = re.compile("[0-9]{3}").fullmatch


def decoded(content: bytes) -> dict[str, Any] | None:
    """The object that ``content`` is in JSON; ``None`` for anything else."""
    try:
        body = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))  # some servers send a BOM
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def record(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, or an empty one."""
    return value if isinstance(value, str) else ""


def lower(value: Any) -> str:
    """A boolean, number or text in lower case, for words such as ``false``."""
    return str(value).lower() if isinstance(value, (int, str)) else ""


def code(body: dict[str, Any]) -> int | None:
    """The status in the body, also if it is a text."""
    value = body.get("code")
    if isinstance(value, str):
        return int(value) if _STATUS(value) else None
    number_ = number(value)
    return None if number_ is None else int(number_)


def number(value: Any) -> float | None:
    """A number within a safe range; JSON allows larger ones."""
    fits = isinstance(value, _NUMBERS) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    return float(value) if fits else None


def word(value: Any) -> str:
    """A word of the protocol such as ``HIGH``; free text is not accepted: words are stored, and it may be personal."""
    upper = text(value).upper()
    return upper if _WORD(upper) else "UNKNOWN"


def flag(value: Any) -> bool | None:
    """True or false; ``None`` for anything else."""
    return value if isinstance(value, bool) else None


def identifier(value: Any) -> str:
    """An identifier: a short visible ASCII string, valid as a path segment and no e-mail; or a number as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    stripped = text(value).strip()
    return stripped if len(stripped) <= _MAX_ID and _IDENTIFIER(stripped) and stripped not in (".", "..") else ""
