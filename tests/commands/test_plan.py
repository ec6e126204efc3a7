"""``onboard plan`` shows how far it is."""

from pathlib import Path

import pytest

from finhub_onboard.commands import plan
from tests.commands.support import a_job, recorded_stages, run_once


@pytest.mark.parametrize("is_new", [True, False])
def test_the_pass_over_the_rows_is_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_new: bool) -> None:
    """Beside that of the survey, with a ledger and without one."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    order, settings = a_job(tmp_path)
    if not is_new:
        run_once(order, settings)
    told = recorded_stages(plan, monkeypatch)
    plan.plan(order, settings, lambda _: None)
    assert told == {"plan": [9, 9]}
