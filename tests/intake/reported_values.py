"""What tests of values share: rows read under a profile, and what is said of them."""

from pathlib import Path

from finhub_onboard.config.profile import Profile
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.model import IntakeRow
from tests.intake.helpers import rules, write

Told = list[tuple[int, str, str, str]]


def findings(found: list[IntakeRow]) -> Told:
    """What is told of rows that it costs nothing: row, field, code, severity."""
    return [(one.row_number, one.field, one.code, one.severity.value) for row in found for one in row.findings]


def read(folder: Path, *table: dict[str, str], profile: dict[str, object] | None = None) -> list[IntakeRow]:
    """Judge rows of a file, by a profile if there is one."""
    reading = Reading(profile=Profile.model_validate(profile or {}))
    found = survey([write(folder / "book.csv", table)], batch_rows=3, reading=reading)
    return [row for batch in judge_rows(found, rules(), batch_rows=3) for row in batch]


def sent(row: IntakeRow, column: str) -> str:
    """The value that would be sent."""
    assert row.customer is not None, row.violations
    return str(getattr(row.customer, column))
