"""How many names a ledger's file has, where the file system tells from memory."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger.sqlite import create
from tests.ledger.support import opened


def remembered(path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Let the file system tell of a second name so many times more."""
    told: list[str] = []
    stat = Path.stat

    def tells(self: Path, **options: bool) -> object:
        found = stat(self, **options)
        if self != path or len(told) >= times:
            return found
        told.append("2 names")
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**fields | {"st_nlink": 2})

    monkeypatch.setattr(Path, "stat", tells)
    return told


def test_a_second_name_that_passes_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FUSE remembers for a second what a new ledger was called before it had its name."""
    monkeypatch.setattr(create, "_LOOK_S", 0.001)
    told = remembered(tmp_path / "l.db", monkeypatch, 10)
    opened(tmp_path / "l.db").close()
    assert len(told) == 10, "it was asked again"


def test_a_second_name_that_stays_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hard link is no memory."""
    monkeypatch.setattr(create, "_NAMES_S", 0.05)
    opened(tmp_path / "l.db").close()
    os.link(tmp_path / "l.db", tmp_path / "other.db")
    with pytest.raises(ConfigurationError, match="2 names"):
        opened(tmp_path / "l.db")


@pytest.mark.parametrize("length", [1, 200, 247])
def test_a_ledger_of_any_name_that_its_journal_can_have(tmp_path: Path, length: int) -> None:
    """What is made before it has its name has a short one."""
    path = tmp_path / ("l" * length)
    opened(path).close()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("length", [248, 255, 256])
def test_a_name_that_its_journal_cannot_have_is_refused(tmp_path: Path, length: int) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match="cannot open the ledger"):
        opened(tmp_path / ("l" * length))
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_sqlite_does_not_take_is_said(tmp_path: Path) -> None:
    """It calls it a file that cannot be opened, whoever may write the folder."""
    folder = tmp_path / ("d" * 200) / ("e" * 200) / ("f" * 200)
    with pytest.raises(ConfigurationError) as caught:
        opened(folder / "l.db")
    assert "its path is longer than SQLite takes" in caught.value.hint
