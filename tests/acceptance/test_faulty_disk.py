"""I/O errors below the ledger, with the real command and the real SQLite: trouble of a disk is no damaged ledger."""

import shlex
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.faulty_disk import is_possible
from tests.acceptance.processes import Process
from tests.acceptance.support import SAMPLE, Desk, disagreements, head
from tests.acceptance.test_stopping import SLOW, WAIT_S, registered, until
from tests.support import typical

pytestmark = pytest.mark.skipif(not is_possible(), reason="SQLite is part of the interpreter itself")
PRELOADED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int strikes(const char *call) {
    char line[64] = "", *found = NULL;
    FILE *control = fopen(getenv("FAULTS"), "r");
    if (control) { found = fgets(line, sizeof line, control); fclose(control); }
    return found && strstr(line, call) != NULL;
}
int fsync(int fd) {
    if (strikes("fsync")) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
    if (strikes("fsync")) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk below a run of ``desk``."""

    desk: Desk
    more: Mapping[str, str]

    @property
    def ledger(self) -> Path:
        """The file on it."""
        return self.desk.folder / "ledger.db"

    @property
    def said(self) -> str:
        """What the run has said so far on stderr."""
        return (self.desk.folder / "stderr.txt").read_text(encoding="utf-8")

    def fails(self, faults: str) -> None:
        """From now on these calls fail; another program has written as well, so that the run must read again."""
        (self.desk.folder / "FAULTS").write_text(faults, encoding="ascii")
        with closing(sqlite3.connect(self.ledger)) as db, db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('note_test', 'x')")

    def struck(self) -> bool:
        """Whether a call has failed."""
        return (self.desk.folder / "FAULTS.log").exists()

    def works(self) -> None:
        """No call fails any more."""
        (self.desk.folder / "FAULTS").unlink()

    @contextmanager
    def run(self, source: Path) -> Iterator[Process]:
        """Start a run on it."""
        words: list[str | Path] = ["run", source, "--config", self.desk.config, "--out", self.desk.out]
        faults = {"FAULTS": str(self.desk.folder / "FAULTS"), "FAULTS_LEDGER": str(self.ledger)}
        with (self.desk.folder / "stderr.txt").open("w", encoding="utf-8") as stderr:
            process = Process(
                [sys.executable, "-m", "tests.acceptance.faulty_disk", *words],
                cwd=self.desk.folder,
                env=self.desk.environment({**faults, **self.more}),
                stderr=stderr,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def disk(desk: Desk) -> Disk:
    """A disk that works."""
    desk.configure(SLOW)
    return Disk(desk=desk, more={})


@pytest.fixture
def preloaded(desk: Desk) -> Disk:
    """A disk whose fsync can fail: SQLite calls that one directly, so a library must stand before the system's."""
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs a C compiler and LD_PRELOAD")
    (desk.folder / "faulty.c").write_text(PRELOADED, encoding="ascii")
    library = desk.folder / "faulty.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, desk.folder / "faulty.c", "-ldl"], check=True)
    desk.configure(SLOW)
    return Disk(desk=desk, more={"LD_PRELOAD": str(library)})


def assert_no_alarm(disk: Disk) -> None:
    """Nobody is sent to a backup, and what happened is said plainly."""
    said = disk.said
    assert "Traceback" not in said
    assert "backup" not in said, said
    assert "is damaged" not in said, said
    assert "hint: " in said, said


def assert_resumed(disk: Disk, source: Path) -> None:
    """The same command finishes: nobody twice, nobody lost."""
    desk = disk.desk
    assert desk.bank is not None
    done = desk.run(source, "--rate", "400")
    assert done.returncode in (0, 3), done.stderr
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
    assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
    assert {customer["registrations"] for customer in desk.bank.record()["customers"]} == {1}


GONE, ALL = "pread+pwrite+open+stat ENOTCONN", "pread+pwrite+open+stat EIO"


@pytest.mark.parametrize("faults", typical(["pread EIO", "pwrite EIO", GONE], GONE))
def test_an_error_that_passes_stops_the_run_and_leaves_reports(disk: Disk, tmp_path: Path, faults: str) -> None:
    """Exit 4 with the reports, once the ledger can be read again; the same command goes on."""
    bank = disk.desk.bank
    assert bank is not None
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with disk.run(source) as run:
        until(lambda: registered(bank) >= 3, run)
        disk.fails(f"{faults} -1")
        until(lambda: "stopping" in disk.said, run)
        disk.works()
        assert run.wait(WAIT_S) == 4, disk.said
    assert disk.struck()
    assert_no_alarm(disk)
    assert disk.desk.summary()["exit_code"] == 4
    assert disagreements(bank.record(), disk.desk.table("results.csv"), source) == []
    assert_resumed(disk, source)


@pytest.mark.parametrize("faults", typical(["pread ESTALE", "pwrite EROFS", ALL], "pwrite EROFS"))
def test_an_error_that_lasts_names_the_command_for_later(disk: Disk, tmp_path: Path, faults: str) -> None:
    """Exit 4 without reports; the command that is named writes them once the disk works."""
    bank = disk.desk.bank
    assert bank is not None
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with disk.run(source) as run:
        until(lambda: registered(bank) >= 3, run)
        disk.fails(f"{faults} -1")
        assert run.wait(WAIT_S) == 4, disk.said
    assert_no_alarm(disk)
    if "pread" in faults:
        assert not (disk.desk.out / "summary.json").exists()
        (command,) = [line.split("`")[-2] for line in disk.said.splitlines() if "`onboard report" in line]
        done = disk.desk.onboard(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    assert disagreements(bank.record(), disk.desk.table("results.csv"), source) == []
    assert_resumed(disk, source)


def test_a_read_that_fails_once_is_checked_and_the_file_is_whole(disk: Disk, tmp_path: Path) -> None:
    """SQLite calls it malformed; the file is opened anew, checked, and found whole."""
    bank = disk.desk.bank
    assert bank is not None
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with disk.run(source) as run:
        until(lambda: registered(bank) >= 3, run)
        disk.fails("pread EIO 1")
        until(disk.struck, run)
        for _ in range(20):  # a heartbeat may meet it, and goes on
            disk.fails("pread EIO 1")
            until(lambda: disk.struck() or run.poll() is not None)
            if run.poll() is not None or "stopping" in disk.said:
                break
            (disk.desk.folder / "FAULTS").write_text("", encoding="ascii")
            (disk.desk.folder / "FAULTS.log").unlink()
        assert run.wait(WAIT_S) in (0, 4), disk.said
    assert "backup" not in disk.said, disk.said
    assert disagreements(bank.record(), disk.desk.table("results.csv"), source) == []
    assert_resumed(disk, source)


def test_reports_wait_for_a_file_system_that_comes_back(disk: Disk, tmp_path: Path) -> None:
    """Everybody is onboarded and then the ledger cannot be read for a moment: exit 0 with all reports."""
    bank = disk.desk.bank
    assert bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    with disk.run(source) as run:
        until(lambda: registered(bank) >= 3, run)
        until(lambda: all(customer["status"] == "ACTIVE" for customer in bank.record()["customers"]), run)
        (tmp_path / "FAULTS").write_text("pread+open EIO 6", encoding="ascii")
        assert run.wait(WAIT_S) in (0, 4), disk.said
    assert disk.desk.counts() == {"onboarded": 3}
    assert "backup" not in disk.said


@pytest.mark.parametrize("faults", ["pread EIO -1", "stat ENOTCONN -1"])
def test_an_error_before_the_run_is_no_damage_either(disk: Disk, tmp_path: Path, faults: str) -> None:
    """Exit 2 before anything is sent, and nobody is sent to a backup."""
    bank = disk.desk.bank
    assert bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert disk.desk.run(source).returncode == 0
    before = bank.record()["calls"]
    (tmp_path / "FAULTS").write_text(faults, encoding="ascii")
    with disk.run(source) as run:
        assert run.wait(WAIT_S) == 2, disk.said
    assert_no_alarm(disk)
    assert bank.record()["calls"] == before
    disk.works()
    assert_resumed(disk, source)


def test_a_sync_that_fails_stops_the_run(preloaded: Disk, tmp_path: Path) -> None:
    """What was not made durable is not taken for done: exit 4, and the same command goes on."""
    disk, bank = preloaded, preloaded.desk.bank
    assert bank is not None
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with disk.run(source) as run:
        until(lambda: registered(bank) >= 3, run)
        disk.fails("fsync EIO -1")
        assert run.wait(WAIT_S) == 4, disk.said
    assert_no_alarm(disk)
    assert "`onboard report" in disk.said
    disk.works()
    assert_resumed(disk, source)
