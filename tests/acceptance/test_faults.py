"""Every shipped scenario and both answer shapes: the bank's own record agrees with the results, row by row."""

from itertools import cycle
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.support import typical

SCENARIOS = sorted(path.stem for path in (ROOT / "configs" / "scenarios").glob("*.toml"))
ALWAYS = (
    *(("activated_on_approval", "runner"), ("calm", "older"), ("everything", "older"), ("everything", "runner")),
    *(("mixed_up", "older"), ("refusals", "runner")),
)
"""Trouble on the line, false answers, refusals, and all at once; the faults have tests of their own."""
OFTEN = {scenario for scenario, _ in ALWAYS}
"""All others are run with one answer shape: every fault of every call meets both in `test_fault_matrix`."""
ROWS = 24


@pytest.mark.parametrize(
    ("scenario", "shapes"), typical([*ALWAYS, *zip(sorted({*SCENARIOS} - OFTEN), cycle(("runner", "older")))], *ALWAYS)
)
def test_the_bank_and_the_results_agree(scenario: str, shapes: str, tmp_path: Path) -> None:
    """Whatever goes wrong at the bank: nobody is registered twice, nothing is lost, the results tell the truth."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    options = ("--scenario", str(ROOT / "configs" / "scenarios" / f"{scenario}.toml"), "--shapes", shapes)
    with sandbox(*options) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, timeout_s="1.5")
        for _ in range(2):
            done = desk.run(source)
            assert_no_traceback(done)
            assert done.returncode in (0, 3, 4), done.stderr
            assert sum(desk.counts().values()) == ROWS
            assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize("path", ["customer", "verifications"])
def test_both_verification_paths_lead_to_the_end(path: str, tmp_path: Path) -> None:
    """`api.verification_path` picks either documented call; both end onboarded."""
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, verification_path=path)
        assert desk.run(source).returncode == 0
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
        calls = bank.record()["calls"]
        assert ("createVerification" in calls) is (path == "verifications")
