"""Documents whose disk goes away in mid-run, with the real command: nobody's fault, reports, and on from there."""

from pathlib import Path

import pytest

from tests.acceptance.support import ROOT, SAMPLE, Desk, disagreements, head
from tests.acceptance.test_stopping import registered, until

ROWS = 30
PACE = '[limits]\ncalls_per_second = 60\nmax_in_flight = 8\n[approval]\nmode = "auto"\n'


@pytest.mark.waits
def test_a_root_that_goes_away_in_mid_run_stops_it_and_fails_nobody(desk: Desk, tmp_path: Path) -> None:
    """Exit 4 with the cause and all rows in the reports; when it is back the same command onboards them."""
    assert desk.bank is not None
    bank = desk.bank
    documents = tmp_path / "documents"
    documents.symlink_to(ROOT / "sample_data" / "documents")
    desk.configure(PACE)
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace(str(ROOT / "sample_data" / "documents"), str(documents)), encoding="utf-8")
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with desk.start(source) as process:
        until(lambda: registered(bank) >= 3, process)
        documents.unlink()
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert f"the documents below {documents} cannot be read" in stderr
    assert desk.counts().keys() <= {"onboarded", "pending"}, desk.counts()
    assert sum(desk.counts().values()) == ROWS
    documents.symlink_to(ROOT / "sample_data" / "documents")
    again = desk.run(source)
    assert again.returncode == 0, again.stderr
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []
