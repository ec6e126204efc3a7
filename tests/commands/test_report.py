"""``onboard report`` shows how far it is: it reads an input twice, and may take minutes."""

from pathlib import Path

import pytest

from finhub_onboard.commands import report
from tests.commands.support import a_job, recorded_stages, run_once


def test_each_pass_over_the_rows_is_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the survey and of the reports, each of as many rows as the run had."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    order, settings = a_job(tmp_path)
    run_once(order, settings)
    told = recorded_stages(report, monkeypatch)
    report.report(settings, lambda _: None, run_id=None, out=None)
    assert {name: (rows, reached[-1]) for name, (rows, *reached) in told.items()} == {
        "survey": (9, 9),
        "reports": (9, 9),
    }
