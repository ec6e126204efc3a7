"""What practice takes of the user's settings, and what it never does."""

from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config import practice
from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Api, Settings
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
    given = settings(base_url="sandbox:")
    assert [text for text in texts(given) if "canary" in text] == ["canary-seed"]
    bare = Settings(api=Api(base_url="sandbox:"))
    assert bare.credentials.seed.get_secret_value() == demo.SEED
    assert bare.missing_credentials() == []
    assert (bare.api.tenant_id, bare.api.webhook_subscription_id) == (demo.TENANT_ID, "")
    assert given.api.webhook_subscription_id == demo.SUBSCRIPTION_ID


def test_the_identity_is_the_one_that_the_sandbox_knows() -> None:
    """Both sides write it down for themselves, as the sandbox shares nothing with the job."""
    assert practice.IDENTITY == {
        "tenant_id": demo.TENANT_ID,
        "organization_id": demo.ORGANIZATION_ID,
        "user_id": demo.USER_ID,
    }
    assert practice.CREDENTIALS == {
        "username": demo.USERNAME,
        "password": demo.PASSWORD,
        "tenant_key": demo.TENANT_KEY,
        "tenant_secret": demo.TENANT_SECRET,
        "client_id": demo.CLIENT_ID,
        "client_secret": demo.CLIENT_SECRET,
        "customer_id": demo.CUSTOMER_ID,
        "customer_secret": demo.CUSTOMER_SECRET,
    }
    assert practice.LOGIN_PATHS == demo.LOGIN_PATHS
    assert (practice.SUBSCRIPTION_ID, practice.SEED) == (demo.SUBSCRIPTION_ID, demo.SEED)
    known = [(each.key, each.id, each.name, each.risk if each.individual else "B2B") for each in demo.CATEGORIES]
    assert [(each.key, each.id, each.name, each.risk) for each in practice.CATEGORIES] == known
    asked = [(f.code, f.id, f.mandatory_keys, f.allowed_values) for each in demo.CATEGORIES for f in each.features]
    features = [feature for each in practice.CATEGORIES for feature in each.features]
    assert [(one.code, one.id, one.mandatory, dict(one.allowed)) for one in features] == asked
    assert [each.key for each in practice.CATEGORIES if each.features] == [
        each.key for each in demo.CATEGORIES if each.features
    ]


@pytest.mark.parametrize(
    ("real", "own"),
    [("/srv/l.db", "/srv/l-sandbox.db"), ("l", "l-sandbox"), ("/srv/l.old.db", "/srv/l.old-sandbox.db"), ("/", "/")],
)
def test_the_ledger_is_practices_own(real: str, own: str) -> None:
    """It lies beside the one of the settings; the name of a folder is left to be refused."""
    given = Settings.model_validate({"api": {"base_url": "sandbox:"}, "ledger": {"url": f"sqlite:///{real}"}})
    assert given.ledger.path == Path(own)


def test_nobody_has_to_ask_for_it(tmp_path: Path) -> None:
    """Settings of a file are those of practice once they are loaded, and stay so when they are looked at again."""
    config = tmp_path / "c.toml"
    config.write_text('[api]\nbase_url = "sandbox:"\n[ledger]\nurl = "sqlite:///l.db"\n', encoding="utf-8")
    secrets = {f"ONBOARD_CREDENTIALS__{name.upper()}": value for name, value in SECRETS.items()}
    loaded = load(config, environ=secrets)
    assert (loaded.api.tenant_id, loaded.ledger.path) == (demo.TENANT_ID, tmp_path / "l-sandbox.db")
    assert [text for text in texts(loaded) if "canary" in text] == ["canary-seed"]
    assert Settings.model_validate(loaded).ledger == loaded.ledger


def test_practice_needs_none_of_the_certificates() -> None:
    """They are the real bank's, and may not even lie on this machine."""
    given = settings(base_url="sandbox:", ca_file="/no/ca", client_certificate="/no/c", client_key="/no/k")
    assert (given.api.ca_file, given.api.client_certificate, given.api.client_key) == (None, None, None)


def test_settings_of_a_real_bank_are_left_alone() -> None:
    """Only ``sandbox:`` is practice."""
    real = settings(base_url="https://bank.example.com/api", ca_file="/srv/ca.pem")
    assert sorted(text for text in texts(real) if "canary" in text) == sorted([*IDS.values(), *SECRETS.values()])
    assert (real.ledger.path, real.api.ca_file) == (Path("/srv/l.db"), Path("/srv/ca.pem"))
