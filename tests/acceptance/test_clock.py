"""A machine whose clock is behind what its ledger has seen, with the real command."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.support import SAMPLE, Desk, head
from tests.support import typical


def from_the_future(ledger: Path, seconds: float) -> None:
    """Let the ledger's last run have been so much later: seen from there this clock is behind."""
    with closing(sqlite3.connect(ledger)) as db, db:
        later = time.time() + seconds
        db.execute("UPDATE run SET started_at = ?, heartbeat_at = ?, finished_at = ?", (later, later, later))


HOURS = [(24 * 365 * 30, True), (24, True), (1, True), (0.05, False)]
"""How far the clock is behind, and whether that is said."""


@pytest.mark.parametrize(("hours", "is_said"), typical(HOURS, (1, True), (0.05, False)))
def test_a_clock_that_is_behind_is_said_before_anything_is_judged(
    desk: Desk, tmp_path: Path, hours: float, *, is_said: bool
) -> None:
    """The run goes on: it may have been the other clock that was wrong; a few minutes are nothing."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    from_the_future(tmp_path / "ledger.db", hours * 3600)
    done = desk.run(source, "--json-logs")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    texts = [json.dumps(line) for line in told]
    (opened,) = [place for place, text in enumerate(texts) if "RunOpened" in text or "run_opened" in text.lower()]
    said = [place for place, text in enumerate(texts) if "this machine's clock says" in text]
    assert bool(said) is is_said, done.stderr
    assert all(place < opened for place in said)


@pytest.mark.parametrize("command", ["plan", "run --dry-run"])
def test_who_only_looks_is_told_as_well(desk: Desk, tmp_path: Path, command: str) -> None:
    """They judge rows by the same clock."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    from_the_future(tmp_path / "ledger.db", 7200)
    done = desk.onboard(*command.split(), source, "--config", desk.config)
    assert done.returncode in (0, 3), done.stderr
    assert "2.0 h later" in done.stderr
