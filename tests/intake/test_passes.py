import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading import stamps
from finhub_onboard.intake.second_pass import judge_rows
from tests.intake.helpers import a_row, csv_text, rules, write


def test_an_input_that_changes_is_refused(tmp_path: Path) -> None:
    """Row numbers of a survey mean nothing in another file."""
    path = write(tmp_path / "x.csv", [a_row(1)])
    found = survey([path], batch_rows=6)
    write(path, [a_row(2)])
    with pytest.raises(UnreadableInputError, match="changed"):
        list(judge_rows(found, rules(), batch_rows=6))


def test_an_input_that_grows_while_it_is_counted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted and what was hashed are the same bytes, or rows could be missed in silence."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(9)])
    digest = stamps.sha256

    def late(path: Path, name: str) -> str:
        write(path, [a_row(number) for number in range(10)])
        return digest(path, name)

    monkeypatch.setattr(stamps, "sha256", late)
    with pytest.raises(UnreadableInputError, match="changed"):
        survey([path], batch_rows=2)


@pytest.mark.parametrize("later", ["external_id\n1\n", "", csv_text([a_row(1)])])
def test_an_input_that_changes_before_copies_are_proven_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    """Whatever stands in the file then, it is said plainly."""
    path = write(tmp_path / "x.csv", [a_row(1), a_row(1)])
    prove = identity.prove

    def late(
        suspects: Mapping[str, pl.Series], frames: Callable[[pl.Series], Iterator[pl.DataFrame]]
    ) -> tuple[dict[str, identity.Companions], bool]:
        path.write_text(later, encoding="utf-8")
        return prove(suspects, frames)

    monkeypatch.setattr(identity, "prove", late)
    with pytest.raises(UnreadableInputError, match="changed"):
        survey([path], batch_rows=2)


def test_an_input_that_is_cut_off_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Rows that are missing at the end are not passed over."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(40_000)])
    found = survey([path], batch_rows=10_000)
    batches = judge_rows(found, rules(), batch_rows=10_000)
    assert next(batches)
    os.truncate(path, path.stat().st_size * 3 // 4)
    with pytest.raises(UnreadableInputError, match="changed"):
        list(batches)


def test_an_input_that_is_only_touched_is_read_on(tmp_path: Path) -> None:
    """A backup that links a file, or a chmod, is no change."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(9)])
    found = survey([path], batch_rows=2)
    batches = judge_rows(found, rules(), batch_rows=2)
    read = len(next(batches))
    (tmp_path / "link").hardlink_to(path)
    path.chmod(0o600)
    assert read + sum(map(len, batches)) == 9
