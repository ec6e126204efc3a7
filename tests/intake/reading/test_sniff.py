import zipfile
from pathlib import Path

import pytest

from finhub_onboard.intake.reading.sniff import foreign, is_workbook


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"%PDF-1.4", "PDF"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"  <!DOCTYPE html><html>", "HTML page"),
        (b"<html><table border=1>", "HTML table"),
        (b'{"customers": []}', "JSON"),
        (b"CREATE TABLE customers (", "SQL script"),
        (bytes(257) + b"ustar", "TAR archive"),
        (bytes(range(1, 9)), "binary file"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(head: bytes, words: str) -> None:
    """By its first bytes, with a hint what to do about it."""
    found = foreign(head)
    assert found
    assert words in found[0]
    assert found[1]


@pytest.mark.parametrize("head", [b"external_id,email\n", b"ORC,external_id\n", b"\xef\xbb\xbfa;b\n", b"a,b\x1a"])
def test_what_may_be_csv_is_left_alone(head: bytes) -> None:
    """Also a header that begins with the letters of a signature."""
    assert foreign(head) is None


def test_a_workbook_is_told_by_its_parts(tmp_path: Path) -> None:
    """A ZIP archive is one when it has a spreadsheet's parts, whatever its name."""
    for member, expected in (("xl/workbook.xml", True), ("word/document.xml", False)):
        with zipfile.ZipFile(tmp_path / "x", "w") as archive:
            archive.writestr(member, "")
        assert is_workbook(tmp_path / "x") is expected
    (tmp_path / "x").write_bytes(b"a,b\n")
    assert not is_workbook(tmp_path / "x")
