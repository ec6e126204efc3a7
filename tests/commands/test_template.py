import csv
from pathlib import Path

from finhub_onboard.commands.template import describe, fields, header_csv
from finhub_onboard.intake.checking.schema import LONGEST
from finhub_onboard.model.columns import CANONICAL_COLUMNS, REQUIRED_COLUMNS
from tests.intake.helpers import judged, told, write


def test_the_template_is_one_line_with_the_canonical_header() -> None:
    """Who fills it has the columns in their order, and no row that must be removed."""
    assert header_csv().count("\n") == 1
    assert next(csv.reader([header_csv()])) == list(CANONICAL_COLUMNS)


def test_every_column_is_described_once() -> None:
    """Names and whether they are required are those of the model; the table has them in the same order."""
    assert [field.name for field in fields()] == list(CANONICAL_COLUMNS)
    assert [field.name for field in fields() if field.required] == list(REQUIRED_COLUMNS)
    rows = [line.split()[:2] for line in describe().splitlines()[2:] if not line.startswith(" ")]
    assert rows == [[field.name, "yes" if field.required else "no"] for field in fields()]


def test_the_table_fits_a_terminal() -> None:
    """At most 100 columns, no trailing space, and nothing of rule or example is cut off."""
    lines = describe().splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    words = describe().split()
    assert all(field.example in words for field in fields())
    assert all(set(field.rule.split()) <= set(words) for field in fields())


def test_rules_state_the_limits_of_the_schema() -> None:
    """A limit that changes there changes here."""
    for field in fields():
        assert (f"at most {LONGEST.get(field.name)} characters" in field.rule) == (field.name in LONGEST)


def test_the_examples_are_accepted(tmp_path: Path) -> None:
    """A row of all examples is a good row."""
    path = write(tmp_path / "examples.csv", [{field.name: field.example for field in fields()}])
    _, found = judged(path)
    assert told(found) == []
    assert [row.external_id for row in found] == ["C-1001"]
