import os
import tomllib
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from finhub_onboard.commands.profile import proposed_profile, write_new
from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.profile import Profile
from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from tests.intake.helpers import ROOT, SAMPLES, a_row, csv_text, write

PARTNER = SAMPLES / "partner_de.csv"
PROFILE = ROOT / "configs" / "profiles" / "partner_de.toml"


def proposed(path: Path, *, encoding: str = "", sheet: str = "") -> Profile:
    """Load the profile that is proposed for a file."""
    return Profile.model_validate(tomllib.loads(proposed_profile(path, encoding=encoding, sheet=sheet)))


def test_the_partners_profile_is_proposed() -> None:
    """All that the finished profile says of dialect, columns and dates is proposed; two lines are left open."""
    found, finished = proposed(PARTNER), load_profile(PROFILE)
    assert (found.name, found.source, found.columns) == (finished.name, finished.source, finished.columns)
    assert found.formats == finished.formats.model_copy(update={"time_zone": ""})
    assert found.nulls == finished.nulls
    text = proposed_profile(PARTNER, encoding="", sheet="")
    assert sum("# OPEN" in line for line in text.splitlines()) == 2


def test_a_proposal_for_a_canonical_file_can_be_used(tmp_path: Path) -> None:
    """The input that a template asks for needs no more than its own columns."""
    source = write(tmp_path / "people.csv", [a_row(number) for number in range(1, 20)])
    found = proposed(source)
    assert found.name == "people"
    assert all(name == column for name, column in found.columns.items())
    assert survey([source], batch_rows=100).rows == 19


def test_a_proposal_holds_no_value_of_a_person(tmp_path: Path) -> None:
    """Examples are masked."""
    text = proposed_profile(write(tmp_path / "people.csv", [a_row(n) for n in range(1, 20)]), encoding="", sheet="")
    assert not any(value in text for value in ("Rūta", "Neill", "c7@example.com", "1990-10-03", "61231007", "C-7"))


def test_a_stated_encoding_counts(tmp_path: Path) -> None:
    """What the user knows is not detected, and stands in the proposal."""
    source = tmp_path / "people.csv"
    source.write_bytes(csv_text([a_row(n, first_name="Łucja") for n in range(1, 20)]).encode("cp1257"))
    assert proposed(source, encoding="cp1257").source.encoding.replace("-", "") == "cp1257"


def test_an_unknown_encoding_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    """A word that names no encoding is a fault of the command, not of the file."""
    with pytest.raises(ConfigurationError, match="cp12525") as caught:
        proposed(tmp_path / "nobody.csv", encoding="cp12525")
    assert caught.value.hint


@pytest.mark.parametrize("encoding", ["base64", "rot13", "hex"])
def test_a_codec_that_is_no_encoding_is_refused(encoding: str) -> None:
    """Python calls some things codecs that turn no bytes into text."""
    with pytest.raises(ConfigurationError, match=encoding):
        proposed(PARTNER, encoding=encoding)


def test_parquet_has_no_dialect(tmp_path: Path) -> None:
    """Its columns are matched, and nothing is said of encoding or delimiter."""
    pl.DataFrame([a_row(n) for n in range(1, 20)]).write_parquet(tmp_path / "people.parquet")
    found = proposed(tmp_path / "people.parquet")
    assert found.columns["email"] == "email"
    assert found.source == Profile().source


def test_the_sheet_of_a_workbook_is_proposed(tmp_path: Path) -> None:
    """The sheet that was named is the one that is read, and stands in the proposal."""
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("notes").write_string(0, 0, "nothing")
        sheet = book.add_worksheet("people")
        for place, cells in enumerate([list(a_row()), *(list(a_row(n).values()) for n in range(1, 20))]):
            sheet.write_row(place, 0, cells)
    found = proposed(path, sheet="people")
    assert found.source.sheet == "people"
    assert found.columns["email"] == "email"


@pytest.mark.parametrize("content", [None, b"", b"%PDF-1.7 no table", b"a^b^c\n1^2^3\n"])
def test_what_is_no_table_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """A file that is not there, an empty one, a PDF and a single column are refused as by a run."""
    path = tmp_path / "people.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableInputError, match=r"people\.csv") as caught:
        proposed(path)
    assert caught.value.hint


def test_a_new_file_is_written(tmp_path: Path) -> None:
    """The text arrives as UTF-8."""
    path = tmp_path / "partner.toml"
    write_new(path, 'name = "Müller"\n')
    assert path.read_bytes() == 'name = "Müller"\n'.encode()


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Somebody may have worked on it; also a link that leads nowhere is there."""
    path, link = tmp_path / "partner.toml", tmp_path / "link.toml"
    path.write_text("mine", encoding="utf-8")
    link.symlink_to(tmp_path / "nowhere.toml")
    for taken in (path, link):
        with pytest.raises(ConfigurationError, match="is there already") as caught:
            write_new(taken, "yours")
        assert caught.value.hint
    assert path.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nowhere.toml").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """No folder is made for a typing error."""
    with pytest.raises(ConfigurationError, match="No such file or directory") as caught:
        write_new(tmp_path / "profils" / "partner.toml", "text")
    assert caught.value.hint
    assert not (tmp_path / "profils").exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"bad\xff.csv", r"bad\xff"), ("a\u202eb.csv".encode(), r"a\u202eb"), (b"a\x1b[2J.csv", r"a\x1b[2J")],
)
def test_a_name_that_is_no_text_or_moves_a_terminal(tmp_path: Path, name: bytes, shown: str) -> None:
    """The proposal has it in printable letters, and can be written as a file."""
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118 - a name in bytes
    path.write_text("external_id,first_name\nL-1,Ana\n", encoding="utf-8")
    text = proposed_profile(path, encoding="", sheet="")
    write_new(tmp_path / "p.toml", text)
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert shown in text.replace("\\\\", "\\")
