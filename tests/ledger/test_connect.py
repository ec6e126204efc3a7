"""A ledger is opened by its URL, and only an adapter knows what is behind it."""

from pathlib import Path

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger import connect


@pytest.mark.parametrize("url", ["postgresql://db/onboard", "sqlite:ledger.db", "ledger.db"])
def test_an_address_that_no_adapter_knows_is_refused_with_those_that_are_known(url: str) -> None:
    """Whatever is asked of it; nothing was sent yet."""
    for ask in (
        lambda: connect.open_ledger(url, tenant_id="t", seed="s"),
        lambda: connect.look_into(url, tenant_id="t", seed="s"),
        lambda: connect.exists(url),
        lambda: connect.name_of(url),
        lambda: connect.elsewhere(url),
    ):
        with pytest.raises(ConfigurationError, match="sqlite:///") as caught:
            ask()
        assert "ledger.url" in caught.value.hint


def test_a_ledger_is_there_once_it_was_opened(tmp_path: Path) -> None:
    """Looking makes none; the name is the same before and after."""
    url = f"sqlite:///{tmp_path / 'l.db'}"
    assert not connect.exists(url)
    with pytest.raises(ConfigurationError, match="there is no ledger"), connect.look_into(url, tenant_id="", seed=""):
        pass
    with connect.open_ledger(url, tenant_id="t", seed="s") as ledger:
        assert connect.exists(url)
        assert ledger.name == connect.name_of(url)
        with connect.look_into(url, tenant_id="t", seed="") as seen:
            assert seen.ledger_id == ledger.ledger_id


def test_where_the_system_does_not_tell_whether_it_is_there_it_is_said(tmp_path: Path) -> None:
    """Such as a name that is too long."""
    with pytest.raises(ConfigurationError, match="cannot open the ledger"):
        connect.exists(f"sqlite:///{tmp_path / ('l' * 300)}")


def test_a_ledger_where_older_versions_looked_for_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is the very one."""
    (tmp_path / "l.db").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "l.db") in connect.elsewhere(f"sqlite:///{tmp_path / 'folder' / 'l.db'}")
    assert connect.elsewhere(f"sqlite:///{tmp_path / 'l.db'}") == ""
    assert connect.elsewhere(f"sqlite:///{tmp_path / 'other.db'}") == ""
