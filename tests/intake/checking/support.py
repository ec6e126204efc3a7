"""What tests of the rules share: good rows that differ in one column."""

from datetime import datetime
from pathlib import Path

from finhub_onboard.model import IntakeRow
from tests.intake.helpers import NOW, a_row, judged, rules, write


def judge_values(folder: Path, column: str, values: list[str], now: datetime = NOW) -> list[IntakeRow]:
    """Judge good rows that differ in one column."""
    # Rows that share a phone number must not share the birth date.
    table = [a_row(n, **{"date_of_birth": f"{1950 + n}-10-03", column: v}) for n, v in enumerate(values, start=1)]
    return judged(write(folder / "input.csv", table), by=rules(now=now))[1]
