"""What a body must hold: the checks of the contract's required members, field by field.

Promises to name every member that is wrong, not only the first. Does not know state: whether an e-mail is taken or a
customer exists is the bank's business.
"""

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

from finhub_onboard.sandbox.demo import DemoCategory

MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024
MIME_TYPES: Final = ("application/pdf", "image/jpeg", "image/png")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PASSWORD_CLASSES: Final = tuple(re.compile(p) for p in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
_MIN_PASSWORD: Final = 8
_MAX_EMAIL: Final = 254
_REQUIRED_OF_RISK: Final = {
    "LOW": ("GOVERNMENT_ID",),
    "MEDIUM": ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"),
    "HIGH": ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"),
}

Errors = list[tuple[str, str]]
"""Pairs of member and message; empty means that the body is good."""

REGISTRATION_TEXTS: Final = (
    "firstName",
    "lastName",
    "email",
    "phone",
    "password",
    "matchingPassword",
    "dateOfBirth",
    "nationality",
)


def required_documents(risk: str) -> list[str]:
    """List the document classes that a risk level asks for (API.md, section 5)."""
    return list(_REQUIRED_OF_RISK[risk])


def texts(body: dict[str, Any], names: Iterable[str], prefix: str = "") -> Errors:
    """Name the members of ``names`` that are absent, empty or no text."""
    errors = []
    for name in names:
        value = body.get(name)
        if not isinstance(value, str) or not value.strip():
            errors.append((prefix + name, "must not be empty" if name in body else "is required"))
    return errors


def one_of(body: dict[str, Any], name: str, allowed: tuple[str, ...], prefix: str = "") -> Errors:
    """Check a member against an enumeration."""
    return [] if body.get(name) in allowed else [(prefix + name, f"must be one of {', '.join(allowed)}")]


def registration(body: dict[str, Any], today: date) -> Errors:
    """Check a registration but for its category."""
    errors = texts(body, REGISTRATION_TEXTS)
    wrong = {name for name, _ in errors}
    if "email" not in wrong and not (_EMAIL.fullmatch(body["email"]) and len(body["email"]) <= _MAX_EMAIL):
        errors.append(("email", "must be a well-formed e-mail address"))
    if "phone" not in wrong and not _PHONE.fullmatch(body["phone"]):
        errors.append(("phone", "must be in international form, + and 7 to 15 digits"))
    if "password" not in wrong:
        errors += _password(body["password"])
        if "matchingPassword" not in wrong and body["matchingPassword"] != body["password"]:
            errors.append(("matchingPassword", "Password and matching password must be identical"))
    if "dateOfBirth" not in wrong and not _is_birth_date(body["dateOfBirth"], today):
        errors.append(("dateOfBirth", "must be a past date, YYYY-MM-DD"))
    roles = body.get("roleIds")
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
        errors.append(("roleIds", "must list at least one role"))
    category = body.get("customerCategory")
    if isinstance(category, dict):
        errors += texts(category, ("id", "name"), "customerCategory.")
    else:
        errors.append(("customerCategory", "is required"))
    return errors


def _password(password: str) -> Errors:
    if len(password) < _MIN_PASSWORD:
        return [("password", f"must have at least {_MIN_PASSWORD} characters")]
    if not all(group.search(password) for group in _PASSWORD_CLASSES):
        return [("password", "must have upper and lower case letters, a digit and a special character")]
    return []


def _is_birth_date(text: str, today: date) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        return date.fromisoformat(text) < today
    except ValueError:
        return False


def category(body: dict[str, Any], known: Iterable[DemoCategory]) -> tuple[DemoCategory | None, str]:
    """Find the category of a registration, or say why there is none."""
    wanted = body["customerCategory"]
    found = next((c for c in known if c.id == wanted["id"]), None)
    if found is None:
        return None, "Category id is not in the hierarchy of the tenant"
    if found.name != wanted["name"]:
        return None, "Category name does not belong to the category id"
    if not found.individual:
        return None, f"Category {found.key} is not for individual customers"
    return found, ""


def individual_verification(body: dict[str, Any]) -> Errors:
    """Check phase 4 on the customer's path."""
    errors = one_of(body, "verificationType", ("STANDARD", "ENHANCED", "SIMPLIFIED"))
    data = body.get("verificationData")
    if not isinstance(data, dict):
        return [*errors, ("verificationData", "is required")]
    errors += one_of(data, "documentType", ("PASSPORT", "ID_CARD", "DRIVERS_LICENSE"), "verificationData.")
    return errors + texts(data, ("documentNumber",), "verificationData.")


def consent(body: dict[str, Any]) -> Errors:
    """Check a consent: it must be given, and for a version."""
    errors = [] if body.get("accepted") is True else [("accepted", "must be true")]
    return errors + texts(body, ("version",))


def document(body: dict[str, Any], verification_id: str) -> Errors:
    """Check an upload but for its bytes."""
    names = ("documentType", "fileName", "fileContent", "mimeType", "verificationId", "customerId")
    errors = texts(body, names)
    if not any(name == "mimeType" for name, _ in errors):
        errors += one_of(body, "mimeType", MIME_TYPES)
    if isinstance(body.get("verificationId"), str) and body["verificationId"] != verification_id:
        errors.append(("verificationId", "must repeat the path"))
    return errors


def content(encoded: str) -> tuple[int, str] | None:
    """Decode base64 to size and SHA-256; ``None`` when it is not base64 or empty."""
    try:
        raw = binascii.a2b_base64(encoded.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return (len(raw), sha256(raw).hexdigest()) if raw else None


def today(now: float) -> date:
    """Give the bank's date at ``now``."""
    return datetime.fromtimestamp(now, UTC).date()
