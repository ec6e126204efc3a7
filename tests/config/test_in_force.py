from finhub_onboard.config.credentials import Credentials
from finhub_onboard.config.in_force import in_force
from finhub_onboard.config.settings import Settings


def test_settings_are_told_by_name_without_secrets() -> None:
    """Every key has its full name and its value as a configuration writes it; credentials are left out."""
    settings = Settings.model_validate(
        {
            "api": {
                "base_url": "https://bank.example.com/v1",
                "tenant_id": "t",
                "organization_id": "o",
                "user_id": "u",
            },
            "limits": {"calls_per_second": 50},
            "credentials": Credentials.model_validate({"password": "geheim", "seed": "s" * 32}),
        }
    )
    told = in_force(settings)
    assert told["limits.calls_per_second"] == "50"
    assert told["reports.keep_days"] == "0"
    assert told["journey.until"] == "activation"
    assert told["approval.auto_levels"] == "LOW, MEDIUM"
    assert not [name for name, value in told.items() if "credentials" in name or "geheim" in value or "s" * 32 in value]
