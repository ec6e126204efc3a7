"""Parses bytes into a ``Reply``: tolerantly, as ``openapi.yaml`` requires, and without keeping personal data.

An answer without an envelope is not the bank's; one with another customer's e-mail or id is not about this customer.
Neither counts as a success or as final. Unknown members are ignored, both generations of every shape are read, an
identifier is any short visible ASCII string. The bank's words are redacted. Pure: bytes in, values out.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace

from finhub_onboard.finhub import json_fields, refusals, tokens
from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.finhub.deliveries import read_page
from finhub_onboard.finhub.documents import HIGH_RISK_DOCUMENTS, UNKNOWN, DocumentKind
from finhub_onboard.finhub.echoes import names_another
from finhub_onboard.finhub.envelopes import is_plain_success, is_the_banks
from finhub_onboard.finhub.personal_ids import impersonal
from finhub_onboard.finhub.whose import NOBODY, Whose
from finhub_onboard.keys import IdKind
from finhub_onboard.model import B2B, PROHIBITED, Category, Feature, Risk
from finhub_onboard.texts import is_label

Read = tuple[Facts, bool]
"""The facts in an accepted answer, and whether everything required for the call is there."""

_TIERS = frozenset({*Risk, PROHIBITED})
_BUSINESS = frozenset({"B2B", "BUSINESS", "CORPORATE", "COMPANY", "ORGANIZATION"})
_DOCUMENT_KINDS = frozenset(DocumentKind)
"""Any other requirement of the bank is UNKNOWN, which parks the row."""
_ABOUT_THE_BODY = frozenset({400, 409, 422})
"""The statuses of a refusal that is about what was sent."""
_MOST_REQUIRED = 100
"""The maximum number of required documents; a longer list is not plausible."""
_MOST_LISTED = 1000
"""The maximum number of listed documents, or missing consents, of one customer that are read."""
_MOST_CATEGORIES = 10_000
_LONGEST_NAME = 200
"""The maximum length of a category's name."""
_NOTHING = Facts()


def read(call: CallName, status: int, content: bytes, *, whose: Whose = NOBODY, secrets: Sequence[str] = ()) -> Reply:
    """Parse the answer to ``call``; never raises, whatever the bytes are.

    ``whose`` says whom it must be about. ``secrets`` are masked in the bank's words like the customer's values.
    """
    body = json_fields.decoded(content) or {}
    if call is CallName.PRODUCTION_LOGIN and (refusal := tokens.refusal(body)):
        says, told = refusal
        words = refusals.gateway_words(told.encode(), None, secrets)
        return Reply(status=status, says=says, readable=True, message=words)
    is_success = is_plain_success(status, body)
    if not is_success and not is_the_banks(call, status, body):
        words = refusals.gateway_words(content, whose.customer, secrets)
        # What counts the log-ins may be the gateway itself: any 401 is final there.
        says = status if call is CallName.PRODUCTION_LOGIN and status == 401 else _says_no_word(status)  # noqa: PLR2004
        return Reply(status=status, says=says, kind=Kind.GATEWAY, message=words)
    data = json_fields.record(body.get("data")) if "data" in body else body
    accepted = is_success or (200 <= status < 300 and not refusals.says_failure(body, data))  # noqa: PLR2004 - RFC 9110
    if names_another(call, body, data, whose):
        return Reply(
            status=status, accepted=accepted, says=status if accepted else _says_no_word(status), kind=Kind.ANOTHERS
        )
    if accepted:
        return _accepted(call, status, body, data, whose)
    return _refused(call, status, body, data, whose, secrets)


def _refused(
    call: CallName, status: int, body: dict[str, Any], data: dict[str, Any], whose: Whose, secrets: Sequence[str]
) -> Reply:
    says = refusals.meant_status(status, body, data)
    kind, field, message, facts = refusals.trouble(body, data, whose.customer, secrets)
    if kind is Kind.CATEGORIZATION and says == 400:  # noqa: PLR2004 - a 403 is about the tenant
        field = field or "category"
    if call is CallName.ACCEPT_CONSENT and says in _ABOUT_THE_BODY and whose.item:
        column = Consent(whose.item).version_column
        refused = getattr(whose.customer, column, "")
        versions = refusals.wanted_versions(body, data, whose.customer, refused)
        if versions is not None:
            kind, facts = Kind.CONSENT_VERSION, Facts(versions=versions)
            field = column if refused else ""  # else it is the settings' version
    return Reply(status=status, says=says, readable=True, facts=facts, kind=kind, field=field, message=message)


def _says_no_word(status: int) -> int:
    """The status of an answer that is not the bank's statement about this customer: a 502.

    Exceptions: a 407 is the proxy's, a 429 a refusal for rate, and a server error is one whoever answers.
    """
    return status if status in (407, 429) or status >= 500 else 502  # noqa: PLR2004


def _accepted(call: CallName, status: int, body: dict[str, Any], data: dict[str, Any], whose: Whose) -> Reply:
    """The reply to an accepted call; without a plausible id it is unreadable."""
    facts, complete = _FACTS[call](body, data, whose)
    for kind, identifier in ((IdKind.CUSTOMER, facts.customer_id), (IdKind.VERIFICATION, facts.verification_id)):
        if identifier and whose.is_anothers(kind, identifier):
            return Reply(status=status, accepted=True, says=status, kind=Kind.ANOTHERS)
        if identifier and not impersonal(identifier, whose.customer):
            return Reply(status=status, accepted=True, says=status, kind=Kind.PERSONAL_ID)
    if facts.user_id:  # only the session needs it
        facts = replace(facts, user_id=impersonal(facts.user_id, whose.customer))
    return Reply(status=status, accepted=True, says=status, readable=complete, facts=facts)


def read_categories(content: bytes) -> tuple[Category, ...]:
    """The categories of the hierarchy, wrapped or not; empty if there are none, or implausibly many.

    A key that must not be shown is replaced by the id, a name that cannot occur in a row by the key.
    """
    body = json_fields.decoded(content) or {}
    data = json_fields.record(body.get("data")) or body
    if len(json_fields.record(data.get("categories"))) > _MOST_CATEGORIES:
        return ()
    features = json_fields.record(data.get("features"))
    return tuple(
        Category(
            key=key if is_label(key) else identifier,
            id=identifier,
            features=tuple(_features(entry, features)),
            name=_name(json_fields.text(entry.get("categoryName"))) or _name(key) or identifier,
            risk=_tier(key, entry),
        )
        for key, entry in json_fields.record(data.get("categories")).items()
        if isinstance(entry, dict) and (identifier := json_fields.identifier(entry.get("databaseId")))
    )


def _features(category: dict[str, Any], known: dict[str, Any]) -> Iterator[Feature]:
    """The features of a category that ask for values; the list has codes, or records with one."""
    listed = category.get("availableFeatures")
    for one in listed if isinstance(listed, list) else ():
        code = json_fields.text(one) or json_fields.text(json_fields.record(one).get("featureCode"))
        entry = json_fields.record(known.get(code)) or json_fields.record(one)
        keys = _labels(entry.get("mandatoryKeys"))
        allowed = json_fields.record(entry.get("allowedValues"))
        pairs = tuple((key, values) for key in allowed if is_label(key) and (values := _labels(allowed[key])))
        if code and (keys or pairs):
            yield Feature(code=code, id=json_fields.identifier(entry.get("databaseId")), mandatory=keys, allowed=pairs)


def _labels(value: Any) -> tuple[str, ...]:
    """The words of a list that can be shown."""
    words = map(json_fields.text, value) if isinstance(value, list) else ()
    return tuple(word for word in islice(words, _MOST_CATEGORIES) if is_label(word))


def read_subscription(content: bytes) -> str | None:
    """The id of a subscription that was created; None: the answer has none."""
    data = json_fields.record((json_fields.decoded(content) or {}).get("data"))
    return json_fields.identifier(data.get("subscriptionId")) or json_fields.identifier(data.get("id")) or None


def _name(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else ""


def _tier(key: str, entry: dict[str, Any]) -> str:
    """The risk level of a category, or that it takes nobody, or companies only.

    The hierarchy's names for these are not documented (API.md, section 14), nor is how it marks those for companies.
    """
    kinds = {json_fields.word(entry.get(name)) for name in ("customerType", "categoryType", "type", "segment")}
    levels = [_risk(entry.get(name)) for name in ("riskLevel", "riskTier", "risk")]
    if PROHIBITED not in levels and ("B2B" in key.upper().split("_") or kinds & _BUSINESS):
        return B2B
    return next((level for level in levels if level in _TIERS), "")


def _nothing(_: dict[str, Any], __: dict[str, Any], ___: Whose) -> Read:
    """The journey needs nothing from the answer."""
    return _NOTHING, True


def _session(body: dict[str, Any], data: dict[str, Any], _: Whose) -> Read:
    token, life_s = tokens.read(body, data)
    status = json_fields.word(json_fields.record(data.get("user")).get("customerStatus"))
    return Facts(token=token, token_life_s=life_s, customer_status=status), bool(token)


def _registration(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    user = json_fields.record(data.get("user"))
    customer_id = json_fields.identifier(data.get("id")) or json_fields.identifier(data.get("customerId"))
    user_id = json_fields.identifier(user.get("id")) or json_fields.identifier(data.get("userId"))
    return Facts(customer_id=customer_id, user_id=user_id), bool(customer_id)


def _verification(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    listed = data.get("requiredDocuments")
    required = None
    if isinstance(listed, list):
        if len(listed) > _MOST_REQUIRED:
            return _NOTHING, False
        required = tuple(map(_requirement, listed))
    levels = (json_fields.word(data.get("verificationLevel")), json_fields.word(data.get("level")))
    risk = _risk(data.get("riskLevel"))
    high = "POWER_TENANT_VERIFIED" in levels or not HIGH_RISK_DOCUMENTS.isdisjoint(required or ()) or risk == Risk.HIGH
    verification_id = json_fields.identifier(data.get("verificationId")) or json_fields.identifier(data.get("id"))
    facts = Facts(
        verification_id=verification_id,
        required=required,
        status=json_fields.word(data.get("status")),
        risk=Risk.HIGH if high else risk,
    )
    return facts, bool(verification_id)


def _upload(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    return _NOTHING, bool(json_fields.identifier(data.get("documentId")) or json_fields.identifier(data.get("id")))


def _approval(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    return Facts(status=json_fields.word(data.get("status"))), True


def _documents(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    listed = data.get("documents")
    types = (json_fields.word(entry.get("documentType")).removeprefix("DT_") for entry in json_fields.records(listed))
    return Facts(uploaded=tuple(dict.fromkeys(islice(types, _MOST_LISTED)))), isinstance(listed, list)


def _deliveries(_: dict[str, Any], data: dict[str, Any], whose: Whose) -> Read:
    return read_page(data, whose)


def _check(_: dict[str, Any], data: dict[str, Any], __: Whose) -> Read:
    risk = _risk(data.get("riskLevel"))
    needs_power = json_fields.flag(data.get("powerTenantApprovalRequired"))
    missing = data.get("missingConsents")
    high = risk == Risk.HIGH or json_fields.flag(data.get("isHighRisk")) is True or needs_power is True
    allowed = json_fields.flag(data.get("activationAllowed"))
    facts = Facts(
        activation_allowed=json_fields.flag(data.get("canActivate")) if allowed is None else allowed,
        consent_ok=json_fields.flag(data.get("consentOk")),
        verification_ok=json_fields.flag(data.get("verificationOk")),
        missing_consents=tuple(map(json_fields.word, missing[:_MOST_LISTED])) if isinstance(missing, list) else None,
        risk=Risk.HIGH if high else risk,
        high_risk=True if high else None,
        power_approval_ok=json_fields.flag(data.get("powerTenantApprovalOk")) if needs_power is not False else True,
        status=json_fields.word(data.get("verificationStatus")),
    )
    return facts, facts.activation_allowed is not None or facts.consent_ok is not None


def _risk(value: Any) -> str:
    """A risk level; other words are not stored, because they could be anything."""
    level = json_fields.word(value)
    return level if level in _TIERS or not level else "UNKNOWN"


def _requirement(value: Any) -> str:
    """A document type that the bank requires; an unreadable one is still a requirement."""
    kind = json_fields.word(value)
    return kind if kind in _DOCUMENT_KINDS else UNKNOWN


_FACTS: dict[CallName, Callable[[dict[str, Any], dict[str, Any], Whose], Read]] = {
    CallName.LOGIN: _session,
    CallName.PRODUCTION_LOGIN: _session,
    CallName.OPEN_SESSION: _session,
    CallName.HIERARCHY: _nothing,
    CallName.REGISTER: _registration,
    CallName.OPEN_VERIFICATION: _verification,
    CallName.UPLOAD_DOCUMENT: _upload,
    CallName.LIST_DOCUMENTS: _documents,
    CallName.APPROVE: _approval,
    CallName.ACCEPT_CONSENT: _nothing,
    CallName.CHECK: _check,
    CallName.ACTIVATE: _nothing,
    CallName.LIST_DELIVERIES: _deliveries,
    CallName.CREATE_SUBSCRIPTION: _nothing,
}
"""What each call's answer brings."""
