"""Builds requests: method, path and JSON body of a step (API.md, section 4; examples/).

Pure; documents are passed in as bytes. Customer data are held only as long as a request.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from finhub_onboard.finhub.calls import CallName, Step
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.finhub.documents import uploaded_as
from finhub_onboard.finhub.logins import OAuthLogin, PasswordLogin
from finhub_onboard.finhub.parametrization import Stated, lacking, values_of
from finhub_onboard.finhub.registration import registration_body
from finhub_onboard.keys import Keys
from finhub_onboard.model import Category, Customer, Journey, Risk

DELIVERIES_PER_PAGE = 100
_UNRESERVED = re.compile(r"[A-Za-z0-9_~-]*").fullmatch
"""Most ids; there is nothing to quote in them."""
SUBSCRIBED_EVENTS = ("customer.created", "customer.activated", "verification.approved")


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A request without its headers; ``path`` is relative to the base URL, or to that of log-ins.

    ``forwarded_for`` is the address that the request is made for, where it is not the job's own.
    """

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    forwarded_for: str = ""

    def __repr__(self) -> str:
        """Show nothing of the customer."""
        return f"Outgoing(method={self.method!r}, path={self.path!r}, content_type={self.content_type!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The content and type of a document, read for one upload."""

    name: str = field(repr=False)
    mime_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who the requests are from, and what they have in common.

    ``subscription_id`` is the webhook subscription whose deliveries can be read. ``verifies_as_admin``: verifications
    are opened by ``POST /verifications``. ``notes_the_id``: a verification's notes are the ``external_id``, so that a
    person finds the row. ``consent_versions`` are for rows that name none; ``{now}`` in the activation
    code becomes the time. ``login`` is production's log-in in place of the admin session.
    """

    tenant_id: str
    organization_id: str
    user_id: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    tenant_key: str = field(repr=False)
    tenant_secret: str = field(repr=False)
    subscription_id: str
    verifies_as_admin: bool
    notes_the_id: bool
    consent_versions: Mapping[Consent, str]
    activation_code: str
    parameters: Stated = field(default_factory=dict)
    login: OAuthLogin | PasswordLogin | None = None


class Payloads:
    """Builds every request of a run for one tenant."""

    def __init__(self, tenant: Tenant, keys: Keys) -> None:
        self._tenant = tenant
        self._keys = keys
        self._tenant_secrets = {"tenantKey": tenant.tenant_key, "tenantSecret": tenant.tenant_secret}
        login = tenant.login
        self.login_call = CallName.PRODUCTION_LOGIN if login else CallName.LOGIN
        own = (tenant.user_id, tenant.username, login.client_id if isinstance(login, OAuthLogin) else "")
        self.own_names = frozenset(name.strip().casefold() for name in own if name)
        """By what the bank knows the job's own user, whom an answer may repeat; letter case does not matter."""

    def login(self) -> Outgoing:
        """The log-in, in the way that the tenant has."""
        match self._tenant.login:
            case OAuthLogin() as login:
                return _oauth_token(login)
            case PasswordLogin() as login:
                return self._password_token(login)
            case None:
                return self._admin_session()

    def _password_token(self, login: PasswordLogin) -> Outgoing:
        body = {
            "username": self._tenant.username,
            "password": self._tenant.password,
            "customerId": login.customer_id,
            "customerSecret": login.customer_secret,
            "accountType": login.account_type,
            "grantType": login.grant_type,
        }
        return _to_login_url(body, as_form=login.as_form)

    def _admin_session(self) -> Outgoing:
        """Call 0."""
        return _post(
            f"/admin/organization/{_part(self._tenant.organization_id)}/users/{_part(self._tenant.user_id)}/sessions",
            {
                "username": self._tenant.username,
                "password": self._tenant.password,
                **self._tenant_secrets,
            },
        )

    def hierarchy(self) -> Outgoing:
        """Call 1: the categories of the tenant."""
        return _get(f"/customer/individual/categorization/hierarchy/{_part(self._tenant.tenant_id)}")

    def activation_check(self, customer_id: str) -> Outgoing:
        """Call 8a: what a customer still lacks to be active."""
        owner = _part(self._tenant.tenant_id)
        return _get(f"/customer/individual/{_part(customer_id)}/owner/{owner}/activation/check")

    def deliveries(self, page: str) -> Outgoing:
        """A page of the deliveries of the tenant's webhook subscription."""
        subscription = _part(self._tenant.subscription_id)
        return _get(f"/webhooks/subscriptions/{subscription}/deliveries?page={page}&size={DELIVERIES_PER_PAGE}")

    def new_subscription(self, receiver: str) -> Outgoing:
        """Subscribe the bank's own ``receiver`` to what the journey looks up (API.md, sections 9 and 14)."""
        body = {"url": receiver, "subscribedEvents": list(SUBSCRIBED_EVENTS), "verifySsl": True}
        return _post("/webhooks/subscriptions", body)

    def lacking_parameters(self, customer: Customer, category: Category) -> list[tuple[str, str]]:
        """The keys of the category's features that have no value, or one that is not allowed, with what is wanted."""
        return lacking(customer, category, self._tenant.parameters)

    def build(
        self, step: Step, customer: Customer, journey: Journey, *, category: Category, document: Document | None = None
    ) -> Outgoing:
        """The request of ``step``; ``document`` only for an upload."""
        one = f"/customer/individual/{_part(journey.customer_id)}"
        match step.call.name:
            case CallName.REGISTER:
                password = self._keys.password(customer.external_id)
                body = registration_body(
                    customer,
                    category,
                    tenant_id=self._tenant.tenant_id,
                    password=password,
                    parameters=values_of(customer, category, self._tenant.parameters),
                )
                return _post("/customer/individual/registration", body)
            case CallName.OPEN_SESSION:
                return _post(f"{one}/users/{_part(journey.user_id)}/sessions", self._session(customer))
            case CallName.OPEN_VERIFICATION:
                return self._verification(one, customer, journey)
            case CallName.UPLOAD_DOCUMENT:
                assert document is not None
                return _post(
                    f"/verifications/{_part(journey.verification_id)}/documents",
                    _upload(step.item, customer, journey, document),
                )
            case CallName.APPROVE:
                return _post(f"/verifications/{_part(journey.verification_id)}/approve", self._approval(journey))
            case CallName.ACCEPT_CONSENT:
                path, body = f"{one}/consents/{step.item}", self._consent(step.item, customer)
                return _post(path, body, forwarded_for=customer.consent_ip_address)
            case CallName.CHECK:
                return self.activation_check(journey.customer_id)
            case CallName.ACTIVATE:
                return _post(f"{one}/activation", {"userId": customer.email, "code": self._activation_code()})
            case CallName.LIST_DOCUMENTS:
                return _get(f"{one}/documents")
            case CallName.LIST_DELIVERIES:
                return self.deliveries(step.item)
            case CallName.LOGIN | CallName.PRODUCTION_LOGIN | CallName.HIERARCHY | CallName.CREATE_SUBSCRIPTION:
                raise AssertionError("these belong to the run, not to a customer")

    def _session(self, customer: Customer) -> dict[str, Any]:
        return {
            "username": customer.email,
            "password": self._keys.password(customer.external_id),
            **self._tenant_secrets,
            "credentialType": "PASSWORD",
            "value": customer.email,
            "tenantId": self._tenant.tenant_id,
        }

    def _verification(self, one: str, customer: Customer, journey: Journey) -> Outgoing:
        if self._tenant.verifies_as_admin:
            high = Risk.HIGH in (customer.risk_level, journey.risk)
            return _post(
                "/verifications",
                {
                    "customerId": journey.customer_id,
                    "type": "IDENTITY_VERIFICATION",
                    "requestedLevel": "POWER_TENANT_VERIFIED" if high else "TENANT_VERIFIED",
                    "requestedByUserId": self._tenant.user_id,
                    "requestedByTenantId": self._tenant.tenant_id,
                    "notes": customer.external_id if self._tenant.notes_the_id else "Identity Verification",
                },
            )
        return _post(
            f"{one}/verification",
            {
                "verificationType": "ENHANCED" if customer.risk_level == Risk.HIGH else "STANDARD",
                "verificationData": {
                    "documentType": customer.document_type,
                    "documentNumber": customer.document_number,
                },
                **({"notes": customer.external_id} if self._tenant.notes_the_id else {}),
            },
        )

    def _approval(self, journey: Journey) -> dict[str, Any]:
        return {
            "comment": "Approved",
            "customerId": journey.customer_id,
            "verificationId": journey.verification_id,
            "status": "APPROVED",
            "verificationType": "IDENTITY_VERIFICATION",
            "userId": self._tenant.user_id,
        }

    def _consent(self, item: str, customer: Customer) -> dict[str, Any]:
        consent = Consent(item)
        accepted_at = getattr(customer, consent.accepted_at_column)
        version = getattr(customer, consent.version_column) or self._tenant.consent_versions[consent]
        body = {"accepted": True, "version": version}
        return body | ({"acceptanceTimestamp": accepted_at} if accepted_at else {})

    def _activation_code(self) -> str:
        return self._tenant.activation_code.replace("{now}", time.strftime("%Y%m%d%H%M%S", time.gmtime()))


def _oauth_token(login: OAuthLogin) -> Outgoing:
    body = {
        "grant_type": "client_credentials",
        "client_id": login.client_id,
        "client_secret": login.client_secret,
    }
    return _to_login_url(body | ({"scope": login.scope} if login.scope else {}), as_form=login.as_form)


def _to_login_url(body: dict[str, str], *, as_form: bool) -> Outgoing:
    if not as_form:
        return _post("", body)
    form = urlencode(body).encode("ascii")
    return Outgoing(method="POST", path="", body=form, content_type="application/x-www-form-urlencoded")


def _upload(item: str, customer: Customer, journey: Journey, document: Document) -> dict[str, Any]:
    return {
        "verificationId": journey.verification_id,
        "documentType": uploaded_as(item, customer.document_type),
        "mimeType": document.mime_type,
        "fileName": PureWindowsPath(document.name).name or "document",  # handles both kinds of slashes
        "fileContent": document.content,  # the encoder writes bytes as base64, without a copy in between
        "customerId": journey.customer_id,
    }


def _part(identifier: str) -> str:
    """Quote an opaque id as one path segment; ``.`` and ``..`` are refused, because quoting does not protect them."""
    if _UNRESERVED(identifier):
        return identifier
    if identifier in (".", ".."):
        raise ValueError("an identifier that would lead to another call")
    return quote(identifier, safe="")


def _post(path: str, body: dict[str, Any], *, forwarded_for: str = "") -> Outgoing:
    return Outgoing(method="POST", path=path, body=msgspec.json.encode(body), forwarded_for=forwarded_for)


def _get(path: str) -> Outgoing:
    return Outgoing(method="GET", path=path)
