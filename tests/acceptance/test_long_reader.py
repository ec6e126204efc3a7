"""Somebody reads the ledger all the time that a run writes it, with the real command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head
from tests.acceptance.test_stopping import WAIT_S
from tests.ledger.sqlite.test_journal import another_program_reads

SMALL = """
from finhub_onboard.cli import main
from finhub_onboard.ledger.sqlite import journal
journal._BOUND, journal._EVERY_S = 100_000, 0.0
main.main()
"""


@pytest.mark.exhaustive  # the journal's units say so, too
def test_a_journal_that_grows_under_a_reader_is_said_with_its_size(desk: Desk, tmp_path: Path) -> None:
    """The run finishes; the next one, with the reader gone, leaves no journal. The bound is a small one here."""
    ledger, source = tmp_path / "ledger.db", head(SAMPLE, 60, tmp_path / "customers.csv")
    assert desk.run(source, "--limit", "1").returncode == 0
    words = ["run", source, "--config", desk.config, "--out", desk.out]
    with another_program_reads(ledger):
        done = subprocess.run(
            [sys.executable, "-c", SMALL, *map(str, words)],
            cwd=tmp_path,
            env=desk.environment(),
            capture_output=True,
            text=True,
            timeout=WAIT_S * 4,
            check=False,
        )
        assert_no_traceback(done)
        assert done.returncode == 0, done.stderr
        assert "cannot be emptied: another program reads the ledger" in done.stderr
        assert "is left with" in done.stderr
        assert ledger.with_name("ledger.db-wal").stat().st_size > 100_000
    again = desk.run(source)
    assert (again.returncode, "ledger's journal" in again.stderr) == (0, False), again.stderr
    assert not ledger.with_name("ledger.db-wal").exists()
