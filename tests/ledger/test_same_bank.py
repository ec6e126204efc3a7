"""Which bank a ledger is of: addresses that mean the same, and what another one comes to."""

import asyncio
from pathlib import Path

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.ledger.same_bank import address_of, recognise
from tests.ledger.support import opened, writing


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://bank.example.com/api/v2.1", "bank.example.com/api/v2.1"),
        ("https://BANK.Example.com:443/api/v2.1/", "bank.example.com/api/v2.1"),
        ("http://bank.example.com:80/api/v2.1", "bank.example.com/api/v2.1"),
        ("https://bank.example.com./api/v2.1", "bank.example.com/api/v2.1"),
        ("https://bank.example.com:8443/API", "bank.example.com:8443/API"),
        ("http://bank.example.com:443", "bank.example.com:443"),
        ("http://[::1]:8080/api", "[::1]:8080/api"),
        ("sandbox:", "sandbox:"),
    ],
)
def test_an_address_has_one_name_however_it_is_written(base_url: str, address: str) -> None:
    """Letters of the host, the usual port and a slash at the end make no other bank; host, port and path do."""
    assert address_of(base_url) == address


def at(base_url: str) -> Settings:
    """Settings that lead there."""
    identity = {"tenant_id": "t", "organization_id": "o", "user_id": "u"}
    return Settings.model_validate({"api": {"base_url": base_url} | identity})


def told(path: Path, base_url: str) -> Ledger:
    """A ledger that a run told where its bank is."""
    ledger = opened(path)

    async def tell() -> None:
        async with writing(ledger) as writer:
            writer.belong(recognise(ledger, at(base_url)).address)

    asyncio.run(tell())
    return ledger


def test_a_ledger_is_refused_for_another_bank(tmp_path: Path) -> None:
    """Both addresses and both ways out are named, and the ledger stays as it is."""
    with told(tmp_path / "l.db", "https://one.example.com/api") as ledger:
        assert not recognise(ledger, at("https://one.example.com/api")).is_news
        with pytest.raises(ConfigurationError) as caught:
            recognise(ledger, at("https://two.example.com/api"))
        said = f"{caught.value} {caught.value.hint}"
        assert all(word in said for word in ("one.example.com/api", "two.example.com/api", "ledger.url", "--same-bank"))
        assert ledger.bank == "one.example.com/api"


def test_a_bank_that_moved_is_news(tmp_path: Path) -> None:
    """Who says so is believed, and the message names both addresses."""
    with told(tmp_path / "l.db", "https://one.example.com/api") as ledger:
        moved = recognise(ledger, at("https://two.example.com/api"), moved=True)
        assert moved.is_news
        assert "from one.example.com/api to two.example.com/api" in moved.message


def test_a_ledger_that_was_never_told_takes_any_bank(tmp_path: Path) -> None:
    """New ledgers and those of older versions learn it."""
    with opened(tmp_path / "l.db") as ledger:
        assert ledger.bank == ""
        assert recognise(ledger, at("sandbox:")).is_news
