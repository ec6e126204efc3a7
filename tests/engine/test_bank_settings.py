"""The settings that reach the bank's contract and the way to the bank."""

import os
from pathlib import Path

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.bank_settings import caller_of, load_certificates, patience_of, tenant_of
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.finhub.requests import Tenant
from finhub_onboard.outbound.client import Caller

API = {
    "base_url": "https://127.0.0.1:9/api",
    "tenant_id": "tenant-1",
    "organization_id": "org-1",
    "user_id": "user-1",
    "timeout_s": 7,
    "forwarded_for": "127.0.0.1",
    "device_id": "device-1",
    "webhook_subscription_id": "hook-1",
    "verification_path": "verifications",
    "external_id_in": "notes",
}
CREDENTIALS = {name: f"the {name}" for name in ("username", "password", "tenant_key", "tenant_secret", "seed")}
SETTINGS = Settings.model_validate(
    {
        "api": API,
        "credentials": CREDENTIALS,
        "consents": {"terms_version": "1", "privacy_version": "2", "data_processing_version": "3"},
        "journey": {"activation_code": "code"},
        "retry": {"max_attempts": 7, "max_wait_s": 10},
    }
)


def test_each_setting_gets_where_it_is_needed() -> None:
    """Under the name that it has there; no secret shows in a text of it."""
    tenant = tenant_of(SETTINGS)
    assert tenant == Tenant(
        tenant_id="tenant-1",
        organization_id="org-1",
        user_id="user-1",
        username="the username",
        password="the password",
        tenant_key="the tenant_key",
        tenant_secret="the tenant_secret",
        subscription_id="hook-1",
        verifies_as_admin=True,
        notes_the_id=True,
        consent_versions={Consent.TERMS: "1", Consent.PRIVACY: "2", Consent.DATA_PROCESSING: "3"},
        activation_code="code",
    )
    assert not any(secret in repr(tenant) for secret in CREDENTIALS.values())
    assert caller_of(SETTINGS) == Caller(
        base_url="https://127.0.0.1:9/api",
        tenant_id="tenant-1",
        forwarded_for="127.0.0.1",
        device_id="device-1",
    )
    patience = patience_of(SETTINGS, lambda: 0.5)
    assert (patience.max_attempts, patience.max_wait_s, patience.wait_s(9)) == (7, 10, 5.0)


@pytest.mark.parametrize("setting", ["ca_file", "client_certificate"])
def test_files_of_certificates_are_those_of_the_settings(tmp_path: Path, setting: str) -> None:
    """One that is not there is named with its setting."""
    given = SETTINGS.model_copy(update={"api": SETTINGS.api.model_copy(update={setting: tmp_path / "none.pem"})})
    with pytest.raises(ConfigurationError, match=rf"api\.{setting}: {os.fspath(tmp_path)}/none\.pem"):
        load_certificates(given)
