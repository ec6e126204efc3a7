"""A ledger is that of one bank: another address is refused before anything is sent, unless the bank moved."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head, sandbox


def test_another_bank_is_refused_before_anything_is_sent(desk: Desk, tmp_path: Path) -> None:
    """Exit 2 with both addresses, also of a dry run; `--same-bank` says that it moved, once and for all."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    first = urlsplit(desk.bank.base_url).netloc
    with sandbox() as other:
        desk.configure(FAST, base_url=other.base_url)
        second = urlsplit(other.base_url).netloc
        for words in ((), ("--dry-run",)):
            done = desk.run(source, *words)
            assert_no_traceback(done)
            assert done.returncode == 2, done.stderr
            assert all(word in done.stderr for word in (first, second, "--same-bank", "ledger.url")), done.stderr
        assert other.record()["calls"] == {}
        checked = desk.onboard("check", "--config", desk.config)
        assert (checked.returncode, first in checked.stdout, "category" in checked.stdout) == (2, True, True)
        planned = desk.onboard("plan", source, "--config", desk.config)
        assert (planned.returncode, "a run would be refused" in planned.stderr) == (0, True)
        moved = desk.run(source, "--same-bank")
        assert moved.returncode == 0, moved.stderr
        assert f"moved from {first}" in moved.stderr
        assert desk.counts() == {"unchanged": 3}
        again = desk.run(source)
        assert (again.returncode, "moved" in again.stderr) == (0, False), again.stderr


def test_a_ledger_of_an_older_version_learns_its_bank(desk: Desk, tmp_path: Path) -> None:
    """Its next run tells it and says so; from then on another address is refused."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db, db:
        db.execute("DELETE FROM meta WHERE key = 'bank'")
    done = desk.run(source)
    assert (done.returncode, "from now on that of the bank at" in done.stderr) == (0, True), done.stderr
    desk.configure(FAST, base_url="http://127.0.0.1:9/api/v2.1")
    assert desk.run(source).returncode == 2


def test_an_address_that_nobody_could_log_in_to_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    """A slip in the first run's address does not bind the ledger to it."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.configure("[retry]\nmax_attempts = 1\n", base_url="http://127.0.0.1:9/api/v2.1")
    assert desk.run(source).returncode == 4
    desk.configure(FAST)
    done = desk.run(source)
    assert done.returncode == 0, done.stderr
