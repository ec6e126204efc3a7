from pathlib import Path

import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.wrong_file import ENOUGH
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests.intake.helpers import a_row, csv_text

BAD = "no record\n"


def write_lines(path: Path, *, bad: int, good: int = 1) -> Path:
    """Write malformed records, then good ones."""
    header, line = csv_text([a_row()]).splitlines(keepends=True)
    path.write_text(header + BAD * bad + line * good, encoding="utf-8")
    return path


def test_a_file_of_malformed_records_is_a_wrong_file(tmp_path: Path) -> None:
    """The error says which file, how many of how many, an example, what to check, and the setting."""
    path = write_lines(tmp_path / "x.csv", bad=ENOUGH + 500, good=0)
    with pytest.raises(UnreadableInputError) as caught:
        survey([path], batch_rows=6667)  # a batch has 2,000
    assert str(caught.value).startswith("x.csv seems to be a wrong file: 10,000 of its first 10,000 records")
    assert f"the record on line 8002 has 1 fields, the header has {len(CANONICAL_COLUMNS)}" in str(caught.value)
    assert "[source]" in caught.value.hint
    assert "intake.max_malformed_percent (50;" in caught.value.hint


@pytest.mark.parametrize(("bad", "good"), [(ENOUGH - 1, 0), (ENOUGH // 2, ENOUGH // 2), (10, ENOUGH)])
def test_few_records_or_a_small_share_are_reported_row_by_row(tmp_path: Path, bad: int, good: int) -> None:
    """Fewer records than count, half of the records and a few of many are no wrong file."""
    path = write_lines(tmp_path / "x.csv", bad=bad, good=good)
    assert survey([path], batch_rows=100_000).rows == bad + good


@pytest.mark.parametrize(("percent", "bad", "refused"), [(10, 1000, False), (10, 1001, True), (100, ENOUGH, False)])
def test_the_share_is_a_setting(tmp_path: Path, percent: float, bad: int, *, refused: bool) -> None:
    """Only a larger share than the setting is refused, so that 100 refuses none."""
    path = write_lines(tmp_path / "x.csv", bad=bad, good=ENOUGH - bad)
    reading = Reading(max_malformed_percent=percent)
    if not refused:
        assert survey([path], batch_rows=100_000, reading=reading).rows == ENOUGH
        return
    with pytest.raises(UnreadableInputError, match="wrong file"):
        survey([path], batch_rows=100_000, reading=reading)


def test_a_limit_below_the_number_that_counts_reads_any_file(tmp_path: Path) -> None:
    """The first rows of a wrong file can still be looked at."""
    path = write_lines(tmp_path / "x.csv", bad=ENOUGH + 500)
    assert survey([path], batch_rows=100_000, limit=ENOUGH - 1).rows == ENOUGH - 1


def test_the_share_is_of_each_input(tmp_path: Path) -> None:
    """Good inputs before it do not hide a wrong one."""
    good = write_lines(tmp_path / "good.csv", bad=0, good=3 * ENOUGH)
    bad = write_lines(tmp_path / "bad.csv", bad=ENOUGH)
    with pytest.raises(UnreadableInputError, match=r"^bad\.csv"):
        survey([good, bad], batch_rows=100_000)


def test_one_malformed_record_long_ago_can_be_too_many(tmp_path: Path) -> None:
    """With a share of 0 the error tells of the record, although it is in an earlier batch."""
    path = write_lines(tmp_path / "x.csv", bad=1, good=ENOUGH)
    with pytest.raises(UnreadableInputError, match=r": 1 of its first 10,001 records .* line 2 has 1 fields"):
        survey([path], batch_rows=3000, reading=Reading(max_malformed_percent=0))
