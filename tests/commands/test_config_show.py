"""``onboard config show``: what is in force, and where it came from."""

from pathlib import Path

import pytest

from finhub_onboard.commands.config_show import Setting, as_json, as_rows, config_show
from finhub_onboard.errors import ConfigurationError

BANK = """[api]
base_url = "https://bank.example.com/api"
tenant_id = "tenant-1"
organization_id = "org-1"
user_id = "user-1"
[limits]
calls_per_second = 7
max_in_flight = 9
"""


def shown(folder: Path, text: str = BANK) -> dict[str, Setting]:
    """The settings in force by key, with a rate as a flag, two variables and a secret."""
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    environ = {"ONBOARD_LIMITS__MAX_IN_FLIGHT": "11", "ONBOARD_CREDENTIALS__PASSWORD": "canary"}
    return {each.key: each for each in config_show(path, {"limits.calls_per_second": 50}, environ=environ)}


def test_each_value_names_its_origin(tmp_path: Path) -> None:
    """Flags win over the environment, the environment over the file, the file over defaults; each is said."""
    every = shown(tmp_path)
    assert (every["limits.calls_per_second"].value, every["limits.calls_per_second"].origin) == (50, "flag")
    assert every["limits.max_in_flight"] == Setting(
        key="limits.max_in_flight", value=11, origin="environment", given_by="ONBOARD_LIMITS__MAX_IN_FLIGHT"
    )
    assert (every["api.tenant_id"].origin, every["api.tenant_id"].given_by) == ("file", str(tmp_path / "my.toml"))
    assert every["retry.max_attempts"].origin == "default"


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """A secret is set or not set; the variable of one that is missing is named."""
    every = shown(tmp_path)
    text = as_json(list(every.values())) + str(list(as_rows(list(every.values()))))
    assert "canary" not in text
    assert every["credentials.password"].value == "set (hidden)"
    assert every["credentials.seed"].value == "not set (ONBOARD_CREDENTIALS__SEED)"


def test_practice_has_its_own(tmp_path: Path) -> None:
    """What the embedded sandbox replaces is not said to come from the file."""
    every = shown(tmp_path, BANK.replace("https://bank.example.com/api", "sandbox:"))
    assert every["api.tenant_id"].origin == "practice"
    assert every["api.tenant_id"].value != "tenant-1"
    assert every["credentials.password"].origin == "practice"


def test_one_section_or_one_setting() -> None:
    """A name chooses; one that does not exist is answered with the nearest."""
    assert {each.key.partition(".")[0] for each in config_show(None, {}, environ={}, only="retry")} == {"retry"}
    assert [each.key for each in config_show(None, {}, environ={}, only="stop.grace_s")] == ["stop.grace_s"]
    with pytest.raises(ConfigurationError) as caught:
        config_show(None, {}, environ={}, only="limit")
    assert "limits" in caught.value.hint
