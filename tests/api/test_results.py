"""Results: how they print themselves, their frames, and when they raise."""

from pathlib import Path

import polars as pl
import pytest

from finhub_onboard import Answer, NotAllDoneError, OnboardError, Result
from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition
from finhub_onboard.reports.outcome import Written


def result(folder: Path, code: ExitCode = ExitCode.NEEDS_SOMEBODY, **rows: int) -> Result:
    """A result of so many rows by disposition."""
    counts = {Disposition(name): count for name, count in rows.items()}
    reason = "the deadline came" if code is ExitCode.STOPPED_EARLY else ""
    return Result(Written(exit_code=code, dispositions=counts, out=folder, stopped_because=reason))


def test_it_raises_unless_what_is_left_is_allowed(tmp_path: Path) -> None:
    """Rows that need somebody raise with the run's exit code, those that are allowed do not; a stop always does."""
    parked = result(tmp_path, onboarded=2, parked=1)
    assert parked.raise_for_status(allow={"parked"}) is parked
    assert parked.raise_for_status(allow="parked") is parked
    with pytest.raises(NotAllDoneError, match="1 parked") as raised:
        parked.raise_for_status()
    assert raised.value.exit_code == 3
    with pytest.raises(NotAllDoneError, match="1 failed"):
        result(tmp_path, parked=1, failed=1).raise_for_status(allow={"parked"})
    with pytest.raises(NotAllDoneError, match="deadline") as raised:
        result(tmp_path, ExitCode.STOPPED_EARLY, pending=1).raise_for_status(allow={"pending"})
    assert raised.value.exit_code == 4
    with pytest.raises(OnboardError, match="no disposition"):
        parked.raise_for_status(allow={"parkd"})


def test_frames_have_numbers_and_no_escapes(tmp_path: Path) -> None:
    """Numbers are numbers, an empty cell is null, and an id that a spreadsheet would compute is as it was."""
    (tmp_path / "results.csv").write_text(
        "source,row_number,external_id,code,attempts\na.csv,1,'-17,,3\na.csv,2,'t Hooft,refused,0\n", encoding="utf-8"
    )
    frame = result(tmp_path, failed=2).rows()
    assert frame.schema["row_number"] == frame.schema["attempts"] == pl.Int64
    assert frame["external_id"].to_list() == ["-17", "'t Hooft"]
    assert frame["code"].to_list() == [None, "refused"]


def test_frames_of_reports_that_are_gone_say_so(tmp_path: Path) -> None:
    """With the path, and never as a traceback of the library."""
    with pytest.raises(OnboardError, match=r"errors\.csv is not there"):
        result(tmp_path).errors()


def test_it_prints_itself(tmp_path: Path) -> None:
    """In lines for a terminal, and as a table that escapes what it shows for a notebook."""
    stopped = result(tmp_path / "<b>", ExitCode.STOPPED_EARLY, pending=1)
    assert "stopped: the deadline came" in str(stopped)
    assert "&lt;b&gt;" in stopped._repr_html_()
    answer = Answer.of('{"rows": 3}', [("rows", "3"), ("", "<more>")])
    assert str(answer) == "rows  3\n      <more>"
    assert "&lt;more&gt;" in answer._repr_html_()
    assert answer["rows"] == 3
