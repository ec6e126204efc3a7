"""A table that a person filled in is read whole, however it was saved."""

from pathlib import Path

import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.small_table import Line, lines

KNOWN = ("external_id", "answer", "note")
TEXT = 'external_id,note,answer\nC-1,"Åse\nØ",exists\nC-2,short\n\nC-3,,\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whatever_a_spreadsheet_makes_of_it(delimiter: str, encoding: str, end: str, tmp_path: Path) -> None:
    """Delimiter, mark and line ends are told; broken records are numbered like the others.

    An encoding that cannot be told does not matter where names are not looked at.
    """
    path = tmp_path / "filled.csv"
    path.write_bytes(TEXT.replace(",", delimiter).replace("\n", end).encode(encoding))
    first, second, third = lines(path, path.name, KNOWN)
    assert first.cells is not None
    assert (first.number, first.cells["external_id"], first.cells["answer"]) == (1, "C-1", "exists")
    assert first.cells["note"] == f"Åse{end}Ø" or encoding == "cp1252"
    assert second == Line(number=2, cells=None)
    assert third == Line(number=3, cells={"external_id": "C-3", "note": "", "answer": ""})


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """As everywhere."""
    path = tmp_path / "filled.csv"
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(UnreadableInputError):
        list(lines(path, path.name, KNOWN))
