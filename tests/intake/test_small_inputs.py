from pathlib import Path

import pytest

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.surveying import survey_inputs
from finhub_onboard.events import Event, Surveyed
from finhub_onboard.intake import small_inputs
from finhub_onboard.model import IntakeRow
from tests.intake.helpers import a_row, judged, write
from tests.support import typical


@pytest.mark.parametrize("together", typical([1, 3, 5_000], 1, 3))
def test_small_inputs_that_are_judged_together_are_judged_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """Rows, what is said against them and copies over several inputs are the same however many are taken at once."""
    monkeypatch.setattr(small_inputs, "TOGETHER", together)
    inputs = []
    for number in range(12):
        rows = [a_row(10 * number + place) for place in range(number % 4 + 1)]
        if number % 3 == 0:
            rows[-1]["email"] = "nobody"
        inputs.append(write(tmp_path / f"{number}.csv", rows))
    inputs.append(write(tmp_path / "copy.csv", [a_row(999), a_row(20)]))
    found, judged_rows = judged(*inputs)
    assert [source.rows for source in found.sources] == [n % 4 + 1 for n in range(12)] + [2]
    assert [(row.source, row.row_number) for row in judged_rows] == [
        (source.name, number) for source in found.sources for number in range(1, source.rows + 1)
    ]
    invalid = [(row.source, row.row_number) for row in judged_rows if "email_invalid" in codes_of(row)]
    assert invalid == [(f"{number}.csv", number % 4 + 1) for number in (0, 3, 6, 9)]
    exact = [(row.source, row.row_number) for row in judged_rows if "duplicate_external_id" in codes_of(row)]
    assert exact == [("2.csv", 1), ("copy.csv", 2)]
    assert any("row 2 of copy.csv" in violation.message for row in judged_rows for violation in row.violations)


def codes_of(row: IntakeRow) -> set[str]:
    """Return what is said against a row."""
    return {violation.code for violation in row.violations}


def test_many_inputs_are_told_in_a_tenth_of_the_lines(tmp_path: Path) -> None:
    """Ten at a time, with their rows together; a few get a line each."""
    inputs = [write(tmp_path / f"{number:02}.csv", [a_row(number)]) for number in range(25)]
    for given_inputs, lines in ((inputs, 3), (inputs[:5], 5)):
        events: list[Event] = []
        survey_inputs(
            Order(inputs=given_inputs), Settings.model_validate({"api": {"base_url": "sandbox:"}}), events.append
        )
        told_of = [event for event in events if isinstance(event, Surveyed)]
        assert len(told_of) == lines
        assert sum(event.rows for event in told_of) == len(given_inputs)
    assert [event.source for event in told_of[:1]] == ["00.csv"]
