import os
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake.duplicates import exact
from finhub_onboard.intake.first_pass import survey
from tests.intake.helpers import a_row, csv_text, judged, told, write


def test_copies_are_found_over_all_inputs(tmp_path: Path) -> None:
    """With several inputs a companion is named with its file."""
    one = write(tmp_path / "one.csv", [a_row(1), a_row(2)])
    two = write(tmp_path / "two.csv", [a_row(3), a_row(4, email="c2@example.com")])
    found = judged(one, two)[1]
    assert [(row.source, row.row_number) for row in found] == [
        ("one.csv", 1),
        ("one.csv", 2),
        ("two.csv", 1),
        ("two.csv", 2),
    ]
    assert found[1].violations[0].message.endswith("in row 2 of two.csv")
    assert found[3].violations[0].message.endswith("in row 2 of one.csv")


def test_a_collision_of_hashes_rejects_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal hashes are only a suspicion; the real values decide."""
    monkeypatch.setattr(exact, "hash_values", lambda keys, seed: pl.repeat(7, keys.len(), dtype=pl.UInt64, eager=True))  # noqa: ARG005
    table = [a_row(1), a_row(2), a_row(3), a_row(4, email="c2@example.com")]
    _, found = judged(write(tmp_path / "x.csv", table), batch_rows=3)
    assert told(found) == [(2, "email", "duplicate_email"), (4, "email", "duplicate_email")]


def test_broken_records_and_empty_keys_are_no_copies(tmp_path: Path) -> None:
    """A malformed record has no key, and neither has an absent value."""
    path = tmp_path / "x.csv"
    path.write_text(
        csv_text([a_row(1, external_id=""), a_row(2, external_id="")]) + "C-1,short\nC-1,short\n", encoding="utf-8"
    )
    assert {code for _, _, code in told(judged(path)[1])} == {"required_missing", "record_short"}


def test_a_limit_counts_over_all_inputs(tmp_path: Path) -> None:
    """Only the first records are read; copies beyond them do not matter."""
    one = write(tmp_path / "one.csv", [a_row(number) for number in range(1, 4)])
    two = write(tmp_path / "two.csv", [a_row(number) for number in range(4, 7)] + [a_row(7, external_id="C-1")])
    for limit, split in ((2, [2, 0]), (3, [3, 0]), (5, [3, 2]), (100, [3, 4])):
        found, judgement = judged(one, two, limit=limit, batch_rows=3)
        assert [source.rows for source in found.sources] == split
        assert found.rows == len(judgement) == min(limit, 7)
    assert told(judged(one, two, limit=6)[1]) == []


def test_inputs_with_one_name_are_shown_as_given(tmp_path: Path) -> None:
    """Reports can tell two files of the same name apart; the same file twice is a mistake."""
    (tmp_path / "a").mkdir()
    one = write(tmp_path / "x.csv", [a_row(1)])
    two = write(tmp_path / "a" / "x.csv", [a_row(2)])
    assert [source.name for source in survey([one, two], batch_rows=9).sources] == [str(one), str(two)]
    with pytest.raises(ConfigurationError, match="given twice"):
        survey([one, tmp_path / "a" / ".." / "x.csv"], batch_rows=9)


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "loop.csv"])
def test_paths_that_lead_nowhere_are_said_plainly(tmp_path: Path, name: str) -> None:
    """A name that is too long and a link to itself are inputs that cannot be read."""
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(UnreadableInputError, match=r"cannot be read|does not exist"):
        survey([tmp_path / name], batch_rows=9)


def test_names_that_are_no_text_are_told_apart(tmp_path: Path) -> None:
    """Two file names that differ in bytes only that are no text are two inputs in the reports."""
    paths = [tmp_path / os.fsdecode(name) for name in (b"\xff.csv", b"\xfe.csv")]
    try:
        for number, path in enumerate(paths):
            write(path, [a_row(number)])
    except OSError:
        pytest.skip("this file system takes names of text only")
    assert [source.name for source in survey(paths, batch_rows=9).sources] == ["\\xff.csv", "\\xfe.csv"]
