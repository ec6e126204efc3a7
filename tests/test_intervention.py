"""From the operator's file to what it says, and whom a redrive wants."""

from pathlib import Path

import pytest

from pipeline.answering import Given
from pipeline.errors import ConfigurationError
from pipeline.intervention import Wanted, given_in
from pipeline.model import Journey, Phase, Standing
from pipeline.reports.rows import as_cell


def test_cells_are_read_as_they_were_meant(tmp_path: Path) -> None:
    """Apostrophes before formulas go, outer space too, ids are composed as in the input; other columns are ignored."""
    path = tmp_path / "in_doubt.csv"
    header, first, second = "External_ID,answer,customer_id,phase,extra", as_cell("=1+1"), as_cell("-c1")
    text = f"{header}\n{first}, exists ,{second},,x\nA\u030a-2,,,,\n"
    path.write_text(text, encoding="utf-8")
    assert list(given_in(path)) == [
        Given(row=1, external_id="=1+1", answer="exists", customer_id="-c1"),
        Given(row=2, external_id="\u00c5-2"),
    ]


@pytest.mark.parametrize(("header", "missing"), [("external_id,note", "answer"), ("answer,note", "external_id")])
def test_a_file_without_the_columns_is_named(header: str, missing: str, tmp_path: Path) -> None:
    """It says which column is missing and which file to give."""
    path = tmp_path / "in_doubt.csv"
    path.write_text(f"{header}\na,b\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"no column {missing}") as raised:
        list(given_in(path))
    assert "in_doubt.csv of a run" in raised.value.hint


FAILED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.FAILED, phase=Phase.SESSION, code="login_refused", last_run=3
)
DECLINED = Journey(
    key=b"k", fingerprint=b"", standing=Standing.DECLINED, phase=Phase.APPROVAL, code="verification_refused", last_run=3
)


@pytest.mark.parametrize(
    ("wanted", "run", "failed", "declined"),
    [
        (Wanted(), None, True, False),
        (Wanted(declined=True), None, True, True),
        (Wanted(run_id="r"), 3, True, False),
        (Wanted(run_id="r"), 2, False, False),
        (Wanted(phase=Phase.SESSION), None, True, False),
        (Wanted(phase=Phase.APPROVAL), None, False, False),
        (Wanted(phase=Phase.APPROVAL, declined=True), None, False, True),
        (Wanted(code="login_refused"), None, True, False),
        (Wanted(code="verification_refused"), None, False, True),
        (Wanted(code="verification_refused"), 2, False, False),
        (Wanted(code="login_refused", phase=Phase.APPROVAL), None, False, False),
    ],
)
def test_whom_a_redrive_wants(wanted: Wanted, run: int | None, failed: bool, declined: bool) -> None:  # noqa: FBT001
    """All conditions together; declined customers only by --declined or their code."""
    assert (wanted.picks(FAILED, run), wanted.picks(DECLINED, run)) == (failed, declined)
