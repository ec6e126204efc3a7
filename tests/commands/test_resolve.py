"""From the operator's file to what it says."""

from pathlib import Path

import pytest

from finhub_onboard.commands.resolve import read_answers
from finhub_onboard.commands.resolve_rules import AnswerRow
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.reports.files.rows import as_cell


def test_cells_are_read_as_they_were_meant(tmp_path: Path) -> None:
    """Apostrophes before formulas go, outer space too, ids are composed as in the input; other columns are ignored."""
    path = tmp_path / "in_doubt.csv"
    header, first, second = "External_ID,answer,customer_id,phase,extra", as_cell("=1+1"), as_cell("-c1")
    text = f"{header}\n{first}, exists ,{second},,x\nA\u030a-2,,,,\n"
    path.write_text(text, encoding="utf-8")
    assert list(read_answers(path)) == [
        AnswerRow(row=1, external_id="=1+1", answer="exists", customer_id="-c1"),
        AnswerRow(row=2, external_id="\u00c5-2"),
    ]


@pytest.mark.parametrize(("header", "missing"), [("external_id,note", "answer"), ("answer,note", "external_id")])
def test_a_file_without_the_columns_is_named(header: str, missing: str, tmp_path: Path) -> None:
    """It says which column is missing and which file to give."""
    path = tmp_path / "in_doubt.csv"
    path.write_text(f"{header}\na,b\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"no column {missing}") as raised:
        list(read_answers(path))
    assert "in_doubt.csv of a run" in raised.value.hint
