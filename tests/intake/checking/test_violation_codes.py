from pathlib import Path

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model import IntakeRow
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests.intake.checking.support import judge_values
from tests.intake.helpers import judged, write


def test_the_hint_names_the_nearest_category(tmp_path: Path) -> None:
    """A typing error in a category is told with the known name."""
    violation = judge_values(tmp_path, "category", ["Individual Stadnard"])[0].violations[0]
    assert violation.hint.endswith("the nearest is Individual Standard")


def test_messages_hold_no_value_of_the_row(tmp_path: Path) -> None:
    """No cell stands in a message or a hint, whatever the fault; the external_id has its own place."""
    canary = "Zz9canary"
    table = [dict.fromkeys(CANONICAL_COLUMNS, canary + ("\t" if kind else "") * 300 + canary) for kind in range(2)]
    _, found = judged(write(tmp_path / "x.csv", table))
    said = [violation for row in found for violation in row.violations]
    assert len(said) > 20
    assert all(canary not in violation.message + violation.hint for violation in said)
    assert canary not in repr(IntakeRow(source="", row_number=1, external_id="", customer=None))


def test_every_code_has_words_without_a_line_break() -> None:
    """The table of codes is complete: a sentence and a hint for each."""
    assert all(words.message and words.hint and "\n" not in words.message + words.hint for words in ViolationCode)
