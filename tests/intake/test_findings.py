import json
from pathlib import Path

from finhub_onboard.model import Severity
from tests.intake.helpers import a_row, judged, told, write
from tests.intake.reported_values import read


def test_findings_cost_no_row_and_hold_no_value(tmp_path: Path) -> None:
    """Warnings and notices are severities of their own, and say nothing of the person."""
    secret = "Zx\u00c3\u00a9q"
    (row,) = read(
        tmp_path, a_row(1, first_name=secret, last_name="Q\u200ezx", pincode="'0Q1", phone="+370 (0) 61231001")
    )
    assert row.customer is not None
    assert {one.severity for one in row.findings} == {Severity.WARNING, Severity.NOTICE}
    said = json.dumps([f"{one.message} {one.hint}" for one in row.findings], ensure_ascii=False)
    assert all(part not in said for part in (secret, "zx", "0Q1", "61231001"))


def test_a_batch_is_judged_alike_whatever_stands_beside(tmp_path: Path) -> None:
    """The few cells that get the slow treatment are chosen one by one."""
    odd = [a_row(n, external_id=f"'{n:05}", pincode='="08014"', date_of_birth=f"19{n}-01-01") for n in range(50, 60)]
    usual = [a_row(n, date_of_birth=f"19{n}-01-01") for n in range(60, 90)]
    _, found = judged(write(tmp_path / "a.csv", [*usual, *odd]), batch_rows=7)
    assert told(found) == []
    assert [row.external_id for row in found[-10:]] == [f"{n:05}" for n in range(50, 60)]
