"""What is no file is refused before anything of it is opened."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from finhub_onboard.config.profile import Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.proposing.preview import preview
from finhub_onboard.intake.reading.files import Reading, open_table


def refused(path: Path) -> str:
    """Return the sentence that refuses an input, and its hint; a proposal for it is refused as well."""
    for read in (lambda: survey([path], batch_rows=10), lambda: preview(path, path.name, Source())):
        with pytest.raises(UnreadableInputError) as caught:
            read()
    return f"{caught.value} | {caught.value.hint}"


def a_socket(path: Path) -> None:
    """Bind a socket to a path."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [os.mkfifo, a_socket], ids=["pipe", "socket"])
def test_what_can_be_read_once_only_is_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe without a writer would hold the run up for ever; the way out is said."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make(tmp_path / "p")
    said = refused(tmp_path / "p")
    assert "is a pipe, a socket or a device" in said
    assert "write it to a file first" in said


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_devices_are_not_read(device: str) -> None:
    """One of them never ends."""
    assert "write it to a file first" in refused(Path(device))


def test_the_standard_input_is_no_file() -> None:
    """Nor is its other name, when a pipe or a terminal is behind it."""
    assert "write it to a file first" in refused(Path("-"))


@pytest.mark.parametrize("address", ["s3://bucket/a.csv", "https://user:secret@host/a.csv?key=secret", "gs://b/a*.csv"])
def test_addresses_are_told_as_such(address: str) -> None:
    """With what fetches the file; what may be a secret in it is not repeated."""
    said = refused(Path(address))
    assert f"{address.partition(':')[0]}://" in said
    assert "fetch it first" in said
    assert "secret" not in said


def test_the_files_of_a_folder_are_named_by_a_pattern(tmp_path: Path) -> None:
    """One that can be given."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "_SUCCESS").touch()
    (tmp_path / "book" / "a.csv").touch()
    assert f"'{tmp_path}/book/*.csv'" in refused(tmp_path / "book")


def test_values_in_the_names_of_folders_are_told(tmp_path: Path) -> None:
    """They are in no file, so that reading the files alone would lose them in silence."""
    inner = tmp_path / "book" / "country=LT" / "year=2026"
    inner.mkdir(parents=True)
    (inner / "part-0.parquet").touch()
    said = refused(tmp_path / "book")
    assert "country=…" in said
    assert f"'{tmp_path}/book/*/*/*.parquet'" in said


def test_a_file_that_is_not_there_is_named_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path begins where the command was given, which under cron is another folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnreadableInputError) as caught:
        open_table(Path("night/none.csv"), "none.csv", Reading())
    assert str(tmp_path / "night" / "none.csv") in caught.value.hint
