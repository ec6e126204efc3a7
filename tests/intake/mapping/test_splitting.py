from pathlib import Path

import pytest

from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows as all_rows
from finhub_onboard.model.columns import REQUIRED_COLUMNS
from tests.intake.helpers import a_row, rules, write
from tests.intake.mapping.support import mapped, profile


@pytest.mark.parametrize(
    ("order", "name", "first", "last"),
    [
        ("last, first", "Lee, Ann", "Ann", "Lee"),
        ("last, first", " van der Berg ,\u00a0Ann Mary ", "Ann Mary", "van der Berg"),
        ("last, first", "Lee, Ann, Dr.", "Ann, Dr.", "Lee"),
        ("last, first", "Ann Lee", "", "Ann Lee"),
        ("last, first", "Lee,", "", "Lee"),
        ("last, first", ", Ann", "Ann", ""),
        ("last, first", "", "", ""),
        ("first last", "Ann Lee", "Ann", "Lee"),
        ("first last", " Ann  Mary\tLee ", "Ann  Mary", "Lee"),
        ("first last", "Ann Ann", "Ann", "Ann"),
        ("first last", "Žofie\u00a0Šťastná", "Žofie", "Šťastná"),
        ("first last", "Lee", "", "Lee"),
        ("first last", "Lee, Ann", "", "Lee, Ann"),
        ("first last", " ", "", ""),
        ("last first", "Lee Ann Mary", "Ann Mary", "Lee"),
        ("last first", "Lee Lee", "Lee", "Lee"),
        ("last first", "李 娜", "娜", "李"),
        ("last first", "李娜", "", "李娜"),
        ("last first", "Ann, Lee", "", "Ann, Lee"),
    ],
)
def test_names_are_cut_by_their_order(order: str, name: str, first: str, last: str) -> None:
    """A name that the order does not fit is all last name: the row is a reject, nobody is renamed."""
    by = profile(split={"column": "name", "order": order})
    frame = mapped(by, {"name": [name, "x"]})
    assert frame.select("first_name", "last_name").row(0) == (first, last)


@pytest.mark.parametrize(("order", "doubtful"), [("first last", [2, 3]), ("last first", [2, 3]), ("last, first", [])])
def test_a_name_of_more_than_two_words_that_is_cut_at_a_blank_is_told(
    tmp_path: Path, order: str, doubtful: list[int]
) -> None:
    """Where VAN DEN BERG Lucas or Ana Maria Silva is to be cut only a person knows: a warning, and no reject."""
    names = ["Berg Lucas", "VAN DEN BERG Lucas", " Ana Maria\u00a0Silva "]
    names = [name.strip().replace(" ", ", ", 1) for name in names] if order == "last, first" else names
    rows = [a_row(number) | {"name": name} for number, name in enumerate(names, 1)]
    columns = [column for column in (*REQUIRED_COLUMNS, "name") if column not in ("first_name", "last_name")]
    path = write(tmp_path / "x.csv", [{key: row[key] for key in columns} for row in rows], columns)
    own = profile(split={"column": "name", "order": order})
    found = survey([path], batch_rows=9, reading=Reading(profile=own))
    judged_rows = [row for batch in all_rows(found, rules(), batch_rows=9) for row in batch]
    assert all(row.customer for row in judged_rows)
    told = [row.row_number for row in judged_rows if "name_split_doubtful" in [one.code for one in row.findings]]
    assert told == doubtful
