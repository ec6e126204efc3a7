"""The terms: whatever the user has set, a rehearsed job reaches the rehearsal's bank and ledger and no other."""

from pathlib import Path

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.rehearsal.terms import terms
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.scenario import parse

REAL = """
[api]
base_url = "https://bank.example.com/api/v2.1"
tenant_id = "real-tenant"
organization_id = "real-organization"
user_id = "real-user"
forwarded_for = "203.0.113.7"
verification_path = "verifications"
[limits]
calls_per_second = 7
[stop]
deadline = "2020-01-01T00:00:00Z"
max_failed_rows = 3
[approval]
mode = "auto"
auto_levels = ["LOW"]
[consents]
evidence = "assumed"
terms_version = "3.1"
[intake]
min_age = 21
[ledger]
url = "sqlite:////var/lib/onboard/real.db"
"""
BANK = "http://127.0.0.1:9/api/v2.1"


def agreed(tmp_path: Path, environ: dict[str, str] | None = None, scenario: Scenario | None = None) -> Settings:
    """The settings that a rehearsed job has."""
    config = tmp_path / "real.toml"
    config.write_text(REAL, encoding="utf-8")
    environment = terms(config, environ or {}).environment(
        scenario or Scenario(), base_url=BANK, ledger=tmp_path / "own.db"
    )
    return load(config, environ=environment)


def test_bank_ledger_and_identity_are_the_rehearsals(tmp_path: Path) -> None:
    """The configuration names the real ones, and so does the environment: both lose."""
    settings = agreed(
        tmp_path,
        {
            "ONBOARD_API__BASE_URL": "https://bank.example.com/api/v2.1",
            "ONBOARD_LEDGER__URL": "sqlite:////var/lib/onboard/real.db",
            "ONBOARD_CREDENTIALS__PASSWORD": "the real password",
            "ONBOARD_CREDENTIALS__SEED": "the real seed",
        },
    )
    assert settings.api.base_url == BANK
    assert settings.ledger.path == tmp_path / "own.db"
    assert settings.api.tenant_id == demo.TENANT_ID
    assert settings.api.organization_id == demo.ORGANIZATION_ID
    assert settings.api.user_id == demo.USER_ID
    assert settings.api.forwarded_for == "127.0.0.1"
    assert settings.credentials.password.get_secret_value() == demo.PASSWORD
    assert settings.credentials.seed.get_secret_value() == demo.SEED


def test_real_credentials_are_not_even_read(tmp_path: Path) -> None:
    """A secret file that nobody may read does not matter: it is not opened, and its name goes no further."""
    environ = {"ONBOARD_CREDENTIALS__PASSWORD_FILE": str(tmp_path / "nowhere"), "HTTPS_PROXY": "http://p.example.com"}
    settings = agreed(tmp_path, environ)
    assert settings.missing_credentials() == []
    made = terms(tmp_path / "real.toml", environ)
    assert "ONBOARD_CREDENTIALS__PASSWORD_FILE" not in made.environ
    assert "HTTPS_PROXY" not in made.environ


def test_what_decides_about_customers_stays_theirs(tmp_path: Path) -> None:
    """Approval, consents, intake, stop rules and the verification path are those of the real run."""
    settings = agreed(tmp_path, {"ONBOARD_JOURNEY__UNTIL": "consents"})
    assert settings.api.verification_path == "verifications"
    assert settings.approval.auto_levels == ("LOW",)
    assert (settings.consents.evidence, settings.consents.terms_version) == ("assumed", "3.1")
    assert settings.intake.min_age == 21
    assert settings.stop.max_failed_rows == 3
    assert settings.journey.until == "consents"
    assert settings.api.webhook_subscription_id == ""


def test_only_the_speed_is_adapted_and_it_is_said(tmp_path: Path) -> None:
    """Rates go up, waits go down, a deadline does not end the rehearsal; the user is told."""
    hanging = parse({"fault": [{"kind": "hang_after", "nth": [1]}]}, "test")
    calm, slow = agreed(tmp_path), agreed(tmp_path, scenario=hanging)
    assert calm.limits.calls_per_second == 400
    assert calm.retry.max_wait_s == 0.5
    assert calm.stop.deadline == ""
    assert (calm.api.timeout_s, slow.api.timeout_s) == (30, 5)
    told = terms(tmp_path / "real.toml", {}).told
    for words in (
        "calls_per_second 7 -> 400",
        "max_wait_s 60 -> 0.5",
        "timeout_s 5 where answers never come",
        "no deadline",
    ):
        assert words in told
    quick = terms(tmp_path / "real.toml", {"ONBOARD_LIMITS__CALLS_PER_SECOND": "900"})
    assert "calls_per_second" not in quick.told


def test_a_limit_of_a_phase_does_not_hold_a_rehearsal_up(tmp_path: Path) -> None:
    """It is for the real bank; the user is told."""
    slow = {"ONBOARD_LIMITS__REGISTRATION": "2"}
    assert agreed(tmp_path, slow).limits.by_phase == {}
    assert "time of day" not in terms(tmp_path / "real.toml", slow).told
    assert "no limit of registration" in terms(tmp_path / "real.toml", slow).told


def test_deliveries_are_searched_where_they_would_be(tmp_path: Path) -> None:
    """With a webhook subscription of theirs the rehearsal's bank has one too."""
    settings = agreed(tmp_path, {"ONBOARD_API__WEBHOOK_SUBSCRIPTION_ID": "sub-42"})
    assert settings.api.webhook_subscription_id == demo.SUBSCRIPTION_ID


def test_a_wrong_configuration_is_an_error_of_theirs(tmp_path: Path) -> None:
    """Unknown keys are named as in a run; missing identifiers of the bank do not matter."""
    config = tmp_path / "half.toml"
    config.write_text('[api]\nbase_url = "https://bank.example.com"\n', encoding="utf-8")
    assert terms(config, {}).theirs.embedded
    config.write_text("[api]\nbase_ulr = 'x'\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="base_ulr"):
        terms(config, {})
