"""What a body must hold: a table of members for each call that has one (API.md, section 4; ``openapi.yaml``).

Promises to name every member that is wrong, not only the first, and to let nothing pass that the contract's schemas
forbid. Lengths and ages are inferred: no page gives any. Does not know state: whether an e-mail is taken or a customer
exists is the bank's business.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from finhub_onboard.sandbox import forms
from finhub_onboard.sandbox.demo import DemoCategory, Feature
from finhub_onboard.sandbox.forms import Errors, Member, check, each, exactly, one_of, record, text

MAX_DOCUMENT_BYTES: Final = 10 * 1024 * 1024
DOCUMENT_TYPES: Final = (
    *("PASSPORT", "NATIONAL_ID", "ID_CARD", "DRIVERS_LICENSE", "GOVERNMENT_ID"),
    *("PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"),
    *("BANK_STATEMENT", "INCOME_PROOF", "SELFIE"),
)
_UPLOADED_AS: Final = (*DOCUMENT_TYPES, *(f"DT_{name}" for name in DOCUMENT_TYPES))
_CASE_TYPES: Final = (
    *("IDENTITY_VERIFICATION", "DOCUMENT_VERIFICATION", "ENHANCED_DUE_DILIGENCE", "SANCTIONS_CHECK"),
    *("CUSTOMER_DUE_DILIGENCE", "BUSINESS_VERIFICATION"),
)
_LEVELS: Final = ("TENANT_VERIFIED", "POWER_TENANT_VERIFIED", "FINHUB_VERIFIED")
_REQUIRED_OF_RISK: Final = {
    "LOW": ("GOVERNMENT_ID",),
    "MEDIUM": ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"),
    "HIGH": ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"),
}
_ROLES: Final = frozenset({"ACCOUNT_OWNER", "USER"})

_words: Final = text(empty=True)
_note: Final = text(2000, empty=True)


def _optional(form: forms.Form, *names: str) -> tuple[Member, ...]:
    return tuple(Member(name, form, required=False) for name in names)


def _roles(name: str, value: Any) -> Errors:
    named = isinstance(value, list) and all(isinstance(role, str) for role in value)
    return [] if named and set(value) == _ROLES else [(name, f"must list the roles {', '.join(sorted(_ROLES))}")]


_ADDRESS: Final = record(
    *_optional(_words, "type", "street", "city", "state", "postalCode", "country"), *_optional(forms.flag, "isPrimary")
)
_CONTACT: Final = record(*_optional(_words, "type", "value"), *_optional(forms.flag, "isPrimary"))
_PERSON: Final = record(
    *_optional(_words, "firstName", "lastName", "gender", "placeOfBirth"),
    *_optional(forms.email, "email"),
    *_optional(forms.day, "dateOfBirth"),
    *_optional(forms.country, "nationality"),
    *_optional(each(_ADDRESS), "addresses"),
    *_optional(each(_CONTACT), "contacts"),
)
_RELATION: Final = record(
    *_optional(_words, "featureId", "featureCode"), *_optional(forms.anything_in, "parametrization")
)
_CATEGORIZATION: Final = record(*_optional(each(_RELATION), "categoryFeatureRelations"))

REGISTRATION: Final = (
    Member("firstName", text()),
    Member("lastName", text()),
    Member("email", forms.email),
    Member("phone", forms.phone),
    Member("password", forms.password),
    Member("matchingPassword", text()),
    Member("dateOfBirth", forms.day),
    Member("nationality", forms.country),
    Member("roleIds", _roles),
    Member("customerCategory", record(Member("id", text()), Member("name", text()))),
    *_optional(_words, "gender", "placeOfBirth", "pincode"),
    *_optional(
        record(
            *_optional(_words, "tenantId"),
            *_optional(text(402, empty=True), "customerName"),
            *_optional(_PERSON, "person"),
            *_optional(forms.anything_in, "user"),
            *_optional(_CATEGORIZATION, "categorization"),
        ),
        "individualCustomer",
    ),
)
LOGIN: Final = (
    *(Member(name, text()) for name in ("username", "password", "tenantKey", "tenantSecret")),
    *_optional(one_of("PASSWORD"), "credentialType"),
    *_optional(text(), "value", "tenantId"),
)
INDIVIDUAL_VERIFICATION: Final = (
    Member("verificationType", one_of("STANDARD", "ENHANCED", "SIMPLIFIED")),
    Member(
        "verificationData",
        record(
            Member("documentType", one_of("PASSPORT", "ID_CARD", "DRIVERS_LICENSE")), Member("documentNumber", text(64))
        ),
    ),
    *_optional(_note, "notes"),
)
VERIFICATION: Final = (
    Member("customerId", text()),
    Member("type", one_of(*_CASE_TYPES)),
    Member("requestedLevel", one_of(*_LEVELS)),
    Member("requestedByUserId", text()),
    *_optional(text(), "requestedByTenantId"),
    *_optional(_note, "notes"),
    *_optional(record(*_optional(_words, "verificationReason", "priority")), "additionalData"),
)
DOCUMENT: Final = (
    Member("documentType", one_of(*_UPLOADED_AS)),
    Member("fileName", forms.file_name),
    Member(
        "fileContent", lambda name, value: [] if value and isinstance(value, str) else [(name, "must not be empty")]
    ),
    Member("mimeType", one_of(*forms.MIME_TYPES)),
    Member("verificationId", text()),
    Member("customerId", text()),
    *_optional(_note, "description"),
    *_optional(_words, "docId"),
)
APPROVAL: Final = (
    Member("verificationId", text()),
    Member("status", one_of("APPROVED", "REJECTED")),
    *_optional(text(), "customerId", "userId"),
    *_optional(one_of(*_CASE_TYPES), "verificationType"),
    *_optional(_note, "comment", "notes", "approvedBy"),
)
CONSENT: Final = (
    Member("accepted", exactly(wanted=True)),
    Member("version", text(64)),
    *_optional(forms.instant, "acceptanceTimestamp", "acceptedAt"),
)
ACTIVATION: Final = (Member("userId", text()), Member("code", text()))


def required_documents(risk: str) -> list[str]:
    """List the document classes that a risk level asks for (API.md, section 5)."""
    return list(_REQUIRED_OF_RISK[risk])


def registration(body: Mapping[str, Any], now: float, ages: tuple[int, int], tenant: str) -> Errors:
    """Check a registration but for its category."""
    errors = check(body, REGISTRATION)
    wrong = {name for name, _ in errors}
    if not wrong & {"password", "matchingPassword"} and body["matchingPassword"] != body["password"]:
        errors.append(("matchingPassword", "Password and matching password must be identical"))
    if "dateOfBirth" not in wrong and (why := forms.plausible_birth(body["dateOfBirth"], now, ages)):
        errors.append(("dateOfBirth", why))
    owner = body.get("individualCustomer")
    if isinstance(owner, dict) and owner.get("tenantId", tenant) != tenant:
        errors.append(("individualCustomer.tenantId", "must be the tenant of the call"))
    return errors


def login(body: Mapping[str, Any], tenant: str) -> Errors:
    """Check the body of a log-in but for whether its secrets are right."""
    errors = check(body, LOGIN)
    if not any(name == "username" for name, _ in errors):
        errors += forms.matching(body, {"value": body["username"]}, "must repeat the user name")
    return errors + forms.matching(body, {"tenantId": tenant}, "must be the tenant of the call")


def consent(body: Mapping[str, Any], now: float) -> Errors:
    """Check a consent but for its version: it must be given, and not later than now."""
    errors = check(body, CONSENT)
    wrong = {name for name, _ in errors}
    for name in ("acceptanceTimestamp", "acceptedAt"):
        at = forms.instant_of(body[name]) if name in body and name not in wrong else None
        if at is not None and at > now + _CLOCKS_DIFFER_S:
            errors.append((name, "must not be in the future"))
    return errors


_CLOCKS_DIFFER_S: Final = 300


def category(body: Mapping[str, Any], known: Iterable[DemoCategory]) -> tuple[DemoCategory | None, str]:
    """Find the category of a registration, or say why there is none."""
    wanted = body["customerCategory"]
    found = next((c for c in known if c.id == wanted["id"]), None)
    if found is None:
        return None, "Category id is not in the hierarchy of the tenant"
    if found.name != wanted["name"]:
        return None, "Category name does not belong to the category id"
    if not found.individual:
        return None, f"Category {found.key} is not for individual customers"
    if found.risk == "PROHIBITED":
        return None, f"Category {found.key} is prohibited: it cannot be onboarded"
    return found, ""


def parametrization(body: Mapping[str, Any], features: Iterable[Feature]) -> dict[str, Any]:
    """Say which values a category's features ask for that the body lacks or has wrong; empty for none."""
    given: dict[str, Any] = {}
    chosen = ((body.get("individualCustomer") or {}).get("categorization") or {}).get("categoryFeatureRelations") or []
    for relation in chosen:
        given |= relation.get("parametrization") or {}
    missing = [(feature.code, key) for feature in features for key in feature.mandatory_keys if key not in given]
    invalid = {
        key: f"{str(given[key])[:100]} is not in allowed values: [{', '.join(allowed)}]"
        for feature in features
        for key, allowed in feature.allowed_values.items()
        if key in given and given[key] not in allowed
    }
    if not missing and not invalid:
        return {}
    details = [f"Feature '{code}' requires mandatory key '{key}'" for code, key in missing] + list(invalid.values())
    return {
        "details": "; ".join(details),
        "missingKeys": [key for _, key in missing],
        "invalidValues": invalid,
    }
