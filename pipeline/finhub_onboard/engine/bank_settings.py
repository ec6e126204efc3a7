"""What of the settings the bank's contract and the way to the bank need, each as their own values.

``finhub`` and ``outbound`` do not know the settings: they state what they need, and this module fills it in.
"""

from collections.abc import Callable
from dataclasses import replace

from finhub_onboard.config.credentials import SENT_BY, variable
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.parametrization import stated_in
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.finhub.logins import OAuthLogin, PasswordLogin
from finhub_onboard.finhub.patience import Patience, jittered
from finhub_onboard.finhub.requests import Tenant
from finhub_onboard.outbound.client import Caller
from finhub_onboard.outbound.session import ADMIN_SESSION, LoginSettings
from finhub_onboard.outbound.tls import Trust, load_trust


def tenant_of(settings: Settings) -> Tenant:
    """Who the requests are from, and what they have in common."""
    api, consents, secret = settings.api, settings.consents, settings.credentials.reveal
    return Tenant(
        tenant_id=api.tenant_id,
        organization_id=api.organization_id,
        user_id=api.user_id,
        username=secret("username"),
        password=secret("password"),
        tenant_key=secret("tenant_key"),
        tenant_secret=secret("tenant_secret"),
        subscription_id=api.webhook_subscription_id,
        verifies_as_admin=api.verification_path == "verifications",
        notes_the_id=api.external_id_in == "notes",
        consent_versions={consent: getattr(consents, consent.version_column) for consent in Consent},
        activation_code=settings.journey.activation_code,
        parameters=stated_in(settings),
        login=_login_of(settings),
    )


def _login_of(settings: Settings) -> OAuthLogin | PasswordLogin | None:
    api, secret = settings.api, settings.credentials.reveal
    as_form = api.login_body == "form"
    match api.login:
        case "oauth":
            return OAuthLogin(
                client_id=secret("client_id"),
                client_secret=secret("client_secret"),
                scope=api.login_scope,
                as_form=as_form,
            )
        case "password":
            return PasswordLogin(
                customer_id=secret("customer_id"),
                customer_secret=secret("customer_secret"),
                account_type=api.login_account_type,
                grant_type=api.login_grant_type,
                as_form=as_form,
            )
    return None


def login_settings_of(settings: Settings) -> LoginSettings:
    """The settings on which a log-in depends."""
    if not settings.api.login_has_own_url:
        return ADMIN_SESSION
    secrets = map(variable, SENT_BY[settings.api.login])
    return LoginSettings(
        address="api.login_url",
        accepted_by=", ".join((*secrets, "api.tenant_id and api.login_url")),
        found_by="api.tenant_id",
    )


def caller_of(settings: Settings) -> Caller:
    """Where the bank is, and how its calls are marked."""
    api = settings.api
    return Caller(
        base_url=api.base_url,
        tenant_id=api.tenant_id,
        forwarded_for=api.forwarded_for,
        device_id=api.device_id,
    )


def login_caller_of(settings: Settings) -> Caller:
    """Where the job logs in."""
    caller = caller_of(settings)
    if not settings.api.login_has_own_url:
        return caller
    return replace(caller, base_url=settings.api.login_url, setting="api.login_url")


def patience_of(settings: Settings, random: Callable[[], float]) -> Patience:
    """How often a call is tried, and the pauses between."""
    return jittered(max_attempts=settings.retry.max_attempts, max_wait_s=settings.retry.max_wait_s, random=random)


def load_certificates(settings: Settings) -> Trust:
    """Load the certificates of the settings. Raises :class:`ConfigurationError` if a file of them cannot be used."""
    api = settings.api
    return load_trust(
        ca_file=api.ca_file,
        certificate=api.client_certificate,
        key=api.client_key,
        passphrase=settings.credentials.reveal("client_certificate_password"),
        is_plain=api.is_plain,
    )
