"""One private address for all customers is worth a word."""

from typing import TYPE_CHECKING

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import forwarding

if TYPE_CHECKING:
    from finhub_onboard.events import Event


def settings_of(base_url: str, address: str) -> Settings:
    """Return settings of a bank, and of the address of calls."""
    tenant = dict.fromkeys(("tenant_id", "organization_id", "user_id"), "x")
    return Settings.model_validate({"api": {"base_url": base_url, "forwarded_for": address, **tenant}})


@pytest.mark.parametrize(
    ("base_url", "address", "told"),
    [
        ("https://bank.example.com", "10.1.2.3", True),
        ("https://bank.example.com", "fd00::1", True),
        ("https://bank.example.com", "93.184.215.14", False),
        ("https://bank.example.com", "gateway", False),
        ("http://127.0.0.1:9", "192.168.1.2", True),
        ("http://127.0.0.1:9", "", False),
        ("sandbox:", "10.1.2.3", False),
    ],
)
def test_a_private_address_is_told_unless_the_bank_is_on_this_machine(base_url: str, address: str, told: bool) -> None:  # noqa: FBT001
    """A stated one always; a name is not looked up."""
    settings = settings_of(base_url, address)
    events: list[Event] = []
    forwarding.say_if_private(settings, events.append)
    assert bool(events) is bool(forwarding.doubt(settings)) is told


def test_this_machines_own_address_counts_where_none_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what would be sent."""
    monkeypatch.setattr(forwarding, "own_address", lambda _: "172.16.0.4")
    assert forwarding.doubt(settings_of("https://bank.example.com", ""))
