from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.config import config_context

from finhub_onboard.intake.checking import elementwise, schema
from finhub_onboard.intake.checking.normalise import JUDGED_COLUMNS, VERDICT
from finhub_onboard.intake.checking.schema import BrokenRule
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model.columns import REQUIRED_COLUMNS, ROW_COLUMNS
from tests.intake.helpers import NOW

SPECIFICATION = schema.specification(now=NOW, min_age=18)


def batch(rows: int, **columns: list[str | None]) -> pl.DataFrame:
    """Return a normalised batch of good rows, some columns of it replaced."""
    good = {**dict.fromkeys(REQUIRED_COLUMNS, "x"), "phone": "+3706", "date_of_birth": "1990-10-03"}
    values = {column: [good.get(column, "")] * rows for column in ROW_COLUMNS}
    verdicts = {column + VERDICT: [None] * rows for column in JUDGED_COLUMNS}
    names = (*values, *verdicts)
    return pl.DataFrame(values | verdicts | columns, schema=dict.fromkeys(names, pl.String))


def test_every_check_is_named_by_a_violation_code() -> None:
    """The rules read as the list of codes; a verdict names its code itself."""
    checks = {name for conditions in SPECIFICATION.rules.values() for name in conditions}
    assert len(checks) > 15
    assert checks - {"verdict"} <= set(ViolationCode)
    assert set(SPECIFICATION.rules) == set(SPECIFICATION.columns.columns)


@pytest.mark.parametrize("bad", [{}, {"email:verdict": [None, "email_invalid", None]}])
def test_pandera_judges_every_row(monkeypatch: pytest.MonkeyPatch, bad: dict[str, list[str | None]]) -> None:
    """The whole batch goes through ``DataFrameSchema.validate``, each column that has rules, whatever is in it."""
    given: list[pl.DataFrame] = []
    validate = pa.DataFrameSchema.validate

    def record(self: pa.DataFrameSchema, frame: Any, **options: Any) -> Any:
        given.append(frame)
        assert options["lazy"]
        return validate(self, frame, **options)

    monkeypatch.setattr(pa.DataFrameSchema, "validate", record)
    frame = batch(3, **bad)
    found = schema.validate(SPECIFICATION, frame)
    assert found == [BrokenRule(place=1, column="email", code=ViolationCode.EMAIL_INVALID)] * len(bad)
    assert given[0].equals(frame)
    assert set(SPECIFICATION.columns.columns) <= set(given[0].columns)


def test_the_environment_cannot_switch_the_judge_off() -> None:
    """What pandera's own switches say (``PANDERA_VALIDATION_ENABLED=False``) does not let a bad row pass."""
    with config_context(validation_enabled=False):
        found = schema.validate(SPECIFICATION, batch(2, last_name=["x", ""]))
    assert found == [BrokenRule(place=1, column="last_name", code=ViolationCode.REQUIRED_MISSING)]


def test_a_batch_that_cannot_be_judged_is_no_good_batch() -> None:
    """A column that is not there stops the pass; the message holds no value."""
    with pytest.raises(RuntimeError, match="could not be made") as caught:
        schema.validate(SPECIFICATION, batch(2, last_name=["Canary", ""]).drop("first_name"))
    assert "Canary" not in str(caught.value)


def test_rules_are_told_by_row_then_column() -> None:
    """All rules that a row breaks, in the order of the columns; only the rows that break one."""
    frame = batch(3, last_name=["x", "", "x"], first_name=["x", "\t1", "x"], risk_level=["", "?", "?"])
    assert [(rule.place, rule.column, rule.code) for rule in schema.validate(SPECIFICATION, frame)] == [
        (1, "first_name", "control_characters"),
        (1, "first_name", "name_without_letter"),
        (1, "last_name", "required_missing"),
        (1, "risk_level", "risk_level_unknown"),
        (2, "risk_level", "risk_level_unknown"),
    ]


@pytest.mark.parametrize("few", [0, 1000])
def test_columns_of_few_values_and_of_many_are_judged_alike(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Every bad value among thousands of good ones is found, once per row and rule, whether values repeat or not."""
    monkeypatch.setattr(elementwise, "_MAX_DISTINCT", few)
    codes = {
        "1990-2-3": "birth_date_format",
        "1999-02-29": "birth_date_impossible",
        "1899-12-31": "birth_date_before_1900",
        "2026-03-02": "birth_date_future",
        "2008-03-02": "birth_date_under_age",
    }
    values = [*codes, "1900-01-01", "2000-02-29", "2008-03-01"] * 200
    found = schema.validate(SPECIFICATION, batch(len(values), date_of_birth=list(values)))
    expected = [(place, codes[value]) for place, value in enumerate(values) if value in codes]
    assert [(rule.place, rule.code) for rule in found] == expected
