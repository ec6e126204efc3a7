"""Forms of single values: what a member of a body, or a header, may be.

A form takes a member's name and its value and gives the errors, each with the name of the member that is wrong; forms
of objects and lists name what is inside. Pure; knows no body and no state.
"""

import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

Errors = list[tuple[str, str]]
"""Pairs of member and message; empty means that the value is good."""
Form = Callable[[str, Any], Errors]

_COUNTRIES: Final = Path(__file__).parent / "contract" / "countries.txt"
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL: Final = re.compile(
    r"[^\s@.\"(),:;<>\[\]\\]+(\.[^\s@.\"(),:;<>\[\]\\]+)*@[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)+"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_PASSWORD_CLASSES: Final = tuple(re.compile(p) for p in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
_MIN_PASSWORD: Final = 8
_MAX_LOCAL, _MAX_EMAIL = 64, 254
_VISIBLE: Final = re.compile(r"[\x20-\x7e]{1,256}")
_SIGNATURES: Final = {
    b"%PDF": "application/pdf",
    b"\r\n%PDF": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
MIME_TYPES: Final = tuple(dict.fromkeys(_SIGNATURES.values()))


class Member(NamedTuple):
    """A member of a body: its name, its form, and whether it must be there."""

    name: str
    form: Form
    required: bool = True


def check(body: Mapping[str, Any], members: Sequence[Member], prefix: str = "") -> Errors:
    """Check an object by the table of its members; others than these are let pass, as the contract's schemas do."""
    errors: Errors = []
    for name, form, required in members:
        if name in body:
            errors += form(prefix + name, body[name])
        elif required:
            errors.append((prefix + name, "is required"))
    return errors


def matching(body: Mapping[str, Any], wanted: Mapping[str, str], why: str) -> Errors:
    """Check that members which repeat what is known from elsewhere do, where they are there."""
    return [(name, why) for name, value in wanted.items() if body.get(name, value) != value]


def record(*members: Member) -> Form:
    """An object with these members."""
    return lambda name, value: (
        check(value, members, f"{name}.") if isinstance(value, dict) else [(name, "must be an object")]
    )


def each(form: Form) -> Form:
    """A list of such values."""

    def listed(name: str, value: Any) -> Errors:
        if not isinstance(value, list):
            return [(name, "must be a list")]
        return [error for place, item in enumerate(value) for error in form(f"{name}[{place}]", item)]

    return listed


@cache
def text(longest: int = 200, *, empty: bool = False) -> Form:
    """A text of visible characters, at most so long."""

    def written(name: str, value: Any) -> Errors:
        if not isinstance(value, str):
            return [(name, "must be a text")]
        if not empty and not value.strip():
            return [(name, "must not be empty")]
        if len(value) > longest:
            return [(name, f"must have at most {longest} characters")]
        return [(name, "must not have control characters")] if _CONTROLS.search(value) else []

    return written


def _shaped(accepts: Callable[[str], bool], message: str, longest: int = 200) -> Form:
    """A text that is more than a text."""
    plain = text(longest)
    return lambda name, value: plain(name, value) or ([] if accepts(value) else [(name, message)])


def one_of(*allowed: str) -> Form:
    """One of these words."""
    return _shaped(frozenset(allowed).__contains__, f"must be one of {', '.join(allowed)}")


def exactly(wanted: object) -> Form:
    """This one value of this type."""
    said = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return lambda name, value: [] if type(value) is type(wanted) and value == wanted else [(name, f"must be {said}")]


def flag(name: str, value: Any) -> Errors:
    """True or false."""
    return [] if isinstance(value, bool) else [(name, "must be true or false")]


def anything_in(name: str, value: Any) -> Errors:
    """An object, whatever is in it."""
    return [] if isinstance(value, dict) else [(name, "must be an object")]


def password(name: str, value: Any) -> Errors:
    """A password of the documented strength."""
    if not isinstance(value, str) or not value:
        return [(name, "must not be empty")]
    if not _MIN_PASSWORD <= len(value) <= 200:  # noqa: PLR2004 - as every text
        return [(name, f"must have at least {_MIN_PASSWORD} characters, and at most 200")]
    if not all(group.search(value) for group in _PASSWORD_CLASSES):
        return [(name, "must have upper and lower case letters, a digit and a special character")]
    return []


def _is_email(value: str) -> bool:
    return bool(_EMAIL.fullmatch(value)) and len(value.rpartition("@")[0]) <= _MAX_LOCAL


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_instant(value: str) -> bool:
    return instant_of(value) is not None


def instant_of(value: str) -> float | None:
    """Epoch time of an ISO instant with an offset; ``None`` for what is none."""
    if not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).timestamp()
    except (ValueError, OverflowError):
        return None


@cache
def countries() -> frozenset[str]:
    """The English names of countries that the bank knows."""
    return frozenset(_COUNTRIES.read_text(encoding="utf-8").splitlines())


email: Final = _shaped(_is_email, "must be a well-formed e-mail address", _MAX_EMAIL)
phone: Final = _shaped(
    lambda value: bool(_PHONE.fullmatch(value)), "must be in international form, + and 7 to 15 digits"
)
day: Final = _shaped(_is_date, "must be a date, YYYY-MM-DD")
instant: Final = _shaped(_is_instant, "must be an ISO 8601 instant with its offset")
country: Final = _shaped(lambda value: value in countries(), "must be the English name of a country")
file_name: Final = _shaped(lambda value: "/" not in value and "\\" not in value, "must not have slashes", 255)


def plausible_birth(value: str, now: float, ages: tuple[int, int]) -> str:
    """Say what is wrong with a date as that of a customer's birth; empty for nothing."""
    today, born = datetime.fromtimestamp(now, UTC).date(), date.fromisoformat(value)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today:
        return "must be in the past"
    youngest, oldest = ages
    return "" if youngest <= years <= oldest else f"must be that of a person of {youngest} to {oldest} years"


def decoded(value: str) -> bytes | None:
    """The bytes that base64 stands for; ``None`` when it is not base64, or of nothing."""
    try:
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True) or None
    except (binascii.Error, UnicodeEncodeError):
        return None


def mime_type(content: bytes) -> str:
    """The mime type that a file's first bytes tell; empty for none that the bank takes."""
    return next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), "")


@lru_cache(maxsize=1024)
def header_address(value: bytes) -> str:
    """Say what is wrong with a header that must hold one IP address; empty for nothing."""
    try:
        ipaddress.ip_address(value.decode("latin-1").strip())
    except ValueError:
        return "must be an IPv4 or IPv6 address"
    return ""


@lru_cache(maxsize=1024)
def header_word(value: bytes) -> str:
    """Say what is wrong with a header that must hold visible text; empty for nothing."""
    shown = bool(_VISIBLE.fullmatch(value.decode("latin-1")))
    return "" if shown else "must be at most 256 visible ASCII characters"
