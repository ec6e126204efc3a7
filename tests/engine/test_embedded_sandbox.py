"""What practice takes of the user's settings, and what it never does."""

from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.embedded_sandbox import as_practice
from finhub_onboard.sandbox import demo

SECRETS = {name: f"canary-{name}" for name in ("username", "password", "tenant_key", "tenant_secret", "seed")}
IDS = {name: f"canary-{name}" for name in ("tenant_id", "organization_id", "user_id", "webhook_subscription_id")}


def settings(**api: Any) -> Settings:
    """The user's settings, with everything that is secret or an identifier given."""
    return Settings.model_validate({"api": IDS | api, "credentials": SECRETS, "ledger": {"url": "sqlite:////srv/l.db"}})


def texts(found: Settings) -> list[str]:
    """Every identifier and secret of some settings."""
    given = found.credentials
    return [
        *(value for value in found.api.model_dump().values() if isinstance(value, str)),
        *(getattr(given, name).get_secret_value() for name in type(given).model_fields),
    ]


def test_of_all_identifiers_and_secrets_only_the_seed_is_taken() -> None:
    """The others are the sandbox's own, whether the user gave some or none."""
    practice = as_practice(settings(base_url="sandbox:"))
    assert [text for text in texts(practice) if "canary" in text] == ["canary-seed"]
    bare = as_practice(Settings.model_validate({"api": {"base_url": "sandbox:"}}))
    assert bare.credentials.seed.get_secret_value() == demo.SEED
    assert bare.credentials.missing() == []
    assert (bare.api.tenant_id, bare.api.webhook_subscription_id) == (demo.TENANT_ID, "")
    assert practice.api.webhook_subscription_id == demo.SUBSCRIPTION_ID


@pytest.mark.parametrize(
    ("real", "own"),
    [("/srv/l.db", "/srv/l-sandbox.db"), ("l", "l-sandbox"), ("/srv/l.old.db", "/srv/l.old-sandbox.db"), ("/", "/")],
)
def test_the_ledger_is_practices_own(real: str, own: str) -> None:
    """It lies beside the one of the settings; the name of a folder is left to be refused."""
    given = Settings.model_validate({"api": {"base_url": "sandbox:"}, "ledger": {"url": f"sqlite:///{real}"}})
    assert as_practice(given).ledger.path == Path(own)


def test_practice_needs_none_of_the_certificates() -> None:
    """They are the real bank's, and may not even lie on this machine."""
    practice = as_practice(
        settings(base_url="sandbox:", ca_file="/no/ca", client_certificate="/no/c", client_key="/no/k")
    )
    assert (practice.api.ca_file, practice.api.client_certificate, practice.api.client_key) == (None, None, None)


def test_settings_of_a_real_bank_are_left_alone() -> None:
    """Only ``sandbox:`` is practice."""
    real = settings(base_url="https://bank.example.com/api", ca_file="/srv/ca.pem")
    assert as_practice(real) is real
