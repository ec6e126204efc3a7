"""What of the settings the bank's contract and the way to the bank need, each as their own values.

``finhub`` and ``outbound`` do not know the settings: they state what they need, and this module fills it in.
"""

from collections.abc import Callable

from finhub_onboard.config.settings import Settings
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.finhub.patience import Patience, jittered
from finhub_onboard.finhub.requests import Tenant
from finhub_onboard.outbound.client import Caller
from finhub_onboard.outbound.tls import Trust, load_trust


def tenant_of(settings: Settings) -> Tenant:
    """Who the requests are from, and what they have in common."""
    api, secrets, consents = settings.api, settings.credentials, settings.consents
    return Tenant(
        tenant_id=api.tenant_id,
        organization_id=api.organization_id,
        user_id=api.user_id,
        username=secrets.username.get_secret_value(),
        password=secrets.password.get_secret_value(),
        tenant_key=secrets.tenant_key.get_secret_value(),
        tenant_secret=secrets.tenant_secret.get_secret_value(),
        subscription_id=api.webhook_subscription_id,
        verifies_as_admin=api.verification_path == "verifications",
        consent_versions={consent: getattr(consents, consent.version_column) for consent in Consent},
        activation_code=settings.journey.activation_code,
    )


def caller_of(settings: Settings) -> Caller:
    """Where the bank is, and how its calls are marked."""
    api = settings.api
    return Caller(
        base_url=api.base_url,
        tenant_id=api.tenant_id,
        timeout_s=api.timeout_s,
        forwarded_for=api.forwarded_for,
        device_id=api.device_id,
    )


def patience_of(settings: Settings, random: Callable[[], float]) -> Patience:
    """How often a call is tried, and the pauses between."""
    return jittered(max_attempts=settings.retry.max_attempts, max_wait_s=settings.retry.max_wait_s, random=random)


def load_certificates(settings: Settings) -> Trust:
    """Load the certificates of the settings. Raises :class:`ConfigurationError` if a file of them cannot be used."""
    api = settings.api
    return load_trust(
        ca_file=api.ca_file, certificate=api.client_certificate, key=api.client_key, is_plain=api.is_plain
    )
