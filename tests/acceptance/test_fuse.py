"""A ledger on a file system of a process (FUSE), with the real command and a real mount; needs root and /dev/fuse."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, disagreements, head
from tests.acceptance.test_ledger_trouble import at
from tests.acceptance.test_stopping import SLOW, WAIT_S, registered, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="needs root and /dev/fuse")


@contextmanager
def shown(below: Path, place: Path) -> Iterator["subprocess.Popen[str]"]:
    """Show the folder ``below`` at ``place``, by a process that may be killed."""
    below.mkdir(exist_ok=True)
    place.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.acceptance.fuse_disk", str(below), str(place)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            if server.stdout.readline() != "mounted\n":
                pytest.skip("this machine lets nobody mount FUSE")
            yield server
        finally:
            subprocess.run(["umount", "-l", place], capture_output=True, check=False)
            server.kill()


def test_a_new_ledger_is_made_there(desk: Desk, tmp_path: Path) -> None:
    """The kernel remembers the name that it had while it was made: that is no hard link. The next run goes on."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    with shown(tmp_path / "below", tmp_path / "fuse"):
        for disposition in ("onboarded", "unchanged"):
            done = desk.run(source, env=at(tmp_path / "fuse" / "ledger.db"))
            assert_no_traceback(done)
            assert done.returncode == 0, done.stderr
            assert desk.counts() == {disposition: 3}


def test_a_file_system_that_goes_away_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    """Its process is killed: exit 4, no word of damage or a backup, and the named command writes the reports later."""
    assert desk.bank is not None
    bank, place, below = desk.bank, tmp_path / "fuse", tmp_path / "below"
    desk.configure(SLOW)
    source, env = head(SAMPLE, 40, tmp_path / "customers.csv"), at(place / "ledger.db")
    with shown(below, place) as server, desk.start(source, env=env) as run:
        until(lambda: registered(bank) >= 3, run)
        server.kill()
        _, stderr = run.communicate(timeout=WAIT_S * 2)
    assert "Traceback" not in stderr
    assert run.returncode == 4, stderr
    assert "its file system does not answer" in stderr
    assert "backup" not in stderr
    assert "damaged" not in stderr
    with shown(below, place):
        (command,) = [line.split("`")[-2] for line in stderr.splitlines() if "`onboard report" in line]
        told = desk.onboard(*shlex.split(command)[1:], env=env)
        assert told.returncode == 0, told.stderr
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
        again = desk.run(source, "--rate", "400", env=env)
        assert again.returncode in (0, 3), again.stderr
        assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
        assert {customer["registrations"] for customer in bank.record()["customers"]} == {1}
