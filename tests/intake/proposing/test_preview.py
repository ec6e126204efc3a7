from pathlib import Path

import pytest

from finhub_onboard.config.profile import Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.proposing.preview import preview


def test_only_the_beginning_is_read(tmp_path: Path) -> None:
    """However many rows a file has, a thousand are looked at; a header below a title is found by its names."""
    path = tmp_path / "book.csv"
    path.write_text("Customers of 2025\nE-Mail;Phone\n" + "a@example.com;+37061231001\n" * 5000, encoding="utf-8")
    frame, detected = preview(path, path.name, Source())
    assert frame.columns == ["E-Mail", "Phone"]
    assert frame.height == 1000
    assert (detected.delimiter, detected.skip_lines) == (";", 1)


def test_a_file_without_rows_has_columns(tmp_path: Path) -> None:
    """A header alone is enough for a proposal."""
    path = tmp_path / "book.csv"
    path.write_text("email,phone\n", encoding="utf-8")
    frame, _ = preview(path, path.name, Source())
    assert (frame.columns, frame.height) == (["email", "phone"], 0)


def test_a_file_of_one_column_is_refused(tmp_path: Path) -> None:
    """It is no table, and the hint says why that may be."""
    path = tmp_path / "book.csv"
    path.write_text("email\na@example.com\n", encoding="utf-8")
    with pytest.raises(UnreadableInputError, match="one column"):
        preview(path, path.name, Source())
