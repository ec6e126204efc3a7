"""A table that a person filled in is read whole, however it was saved."""

from pathlib import Path

import openpyxl
import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.small_table import FilledRow, read_rows

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
    first, second, third = read_rows(path, path.name, KNOWN)
    assert first.cells is not None
    assert (first.number, first.cells["external_id"], first.cells["answer"]) == (1, "C-1", "exists")
    assert first.cells["note"] == f"Åse{end}Ø" or encoding == "cp1252"
    assert second == FilledRow(number=2, cells=None)
    assert third == FilledRow(number=3, cells={"external_id": "C-3", "note": "", "answer": ""})


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """As everywhere."""
    path = tmp_path / "filled.csv"
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(UnreadableInputError):
        list(read_rows(path, path.name, KNOWN))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_header_is_found_by_the_names_that_are_given(kind: str, tmp_path: Path) -> None:
    """Below a title and a line of other cells: neither need be the names of customers' columns."""
    path = tmp_path / f"filled.{kind}"
    table = [["Email", "Phone", "Gender"], ["question", "verdict", "remark"], ["1", "yes", ""]]
    if kind == "csv":
        path.write_text("".join(",".join(cells) + "\n" for cells in table), encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        for cells in table:
            book.active.append(cells)
        book.save(path)
    (row,) = read_rows(path, path.name, ("question", "verdict", "remark"))
    assert row == FilledRow(number=1, cells={"question": "1", "verdict": "yes", "remark": ""})
