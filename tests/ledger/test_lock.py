"""One run at a time: who is refused learns why, and a dead holder holds nothing."""

import fcntl
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import ExitCode, LedgerError, LockedError
from pipeline.ledger import lock
from tests.ledger.support import opened

ROOT = Path(__file__).resolve().parent.parent.parent
_HOLD = """
import sys
from pathlib import Path
from tests.ledger.support import opened
with opened(Path(sys.argv[1])) as ledger, ledger.lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holds(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Let a process of its own hold the lock; the caller may kill it."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    environment = os.environ | {"PYTHONPATH": "."}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(10)


def test_a_second_process_is_told_who_holds_the_lock_and_since_when(tmp_path: Path) -> None:
    """Exit 6 with process, host and instant; when the holder ends, the lock is free."""
    path = tmp_path / "l.db"
    with another_process_holds(path) as holder, opened(path) as ledger:
        with pytest.raises(LockedError) as caught, ledger.lock():
            pytest.fail("two runs hold one lock")
        said = str(caught.value)
        assert f"process {holder.pid} on {socket.gethostname()} since " in said
        assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said)
        assert str(path) in said
        assert caught.value.exit_code is ExitCode.LOCKED
        assert caught.value.hint
        assert f"process {holder.pid}" in ledger.locked_by()
    with opened(path) as ledger:
        assert ledger.locked_by() == ""
        with ledger.lock():
            assert f"process {os.getpid()}" in ledger.locked_by()
        assert ledger.locked_by() == ""


def test_the_lock_of_a_killed_run_is_free_at_once(tmp_path: Path) -> None:
    """SIGKILL leaves words in the file but no lock: the next run takes over and writes its own."""
    path = tmp_path / "l.db"
    with another_process_holds(path) as holder:
        holder.kill()
        holder.wait(10)
        assert str(holder.pid) in (tmp_path / "l.db.lock").read_text(encoding="utf-8")
        with opened(path) as ledger:
            assert ledger.locked_by() == ""
            with ledger.lock():
                assert (tmp_path / "l.db.lock").read_text(encoding="utf-8").startswith(f"process {os.getpid()} on ")


def test_a_run_that_fails_gives_the_lock_back(tmp_path: Path) -> None:
    """An exception inside frees the lock."""
    with opened(tmp_path / "l.db") as ledger:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError), ledger.lock():
                raise ZeroDivisionError
        assert ledger.locked_by() == ""


def test_somebody_who_only_looks_does_not_keep_a_run_out(tmp_path: Path) -> None:
    """`onboard status` shares the lock for a moment; a run that starts just then waits that moment."""
    path = tmp_path / "l.db"
    looked, entered = threading.Event(), threading.Event()

    def look() -> None:
        with (tmp_path / "l.db.lock").open("r+", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            looked.set()
            entered.wait(0.1)

    with opened(path) as ledger:
        with ledger.lock():
            pass
        thread = threading.Thread(target=look)
        thread.start()
        assert looked.wait(10)
        with ledger.lock():
            entered.set()
        thread.join()


def test_somebody_who_looks_for_ever_is_named_as_a_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for those who look is bounded."""
    monkeypatch.setattr(lock, "_LOOK_S", 0.05)
    with opened(tmp_path / "l.db") as ledger:
        with ledger.lock():
            pass
        with (tmp_path / "l.db.lock").open("r+", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            with pytest.raises(LockedError, match="another run"), ledger.lock():
                pytest.fail("the lock was shared")


def test_a_ledger_that_nobody_locked_is_held_by_nobody(tmp_path: Path) -> None:
    """Looking makes no lock file."""
    with opened(tmp_path / "l.db") as ledger:
        assert ledger.locked_by() == ""
    assert not (tmp_path / "l.db.lock").exists()


def test_a_lock_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    """A folder in the lock's place is named, with a hint."""
    (tmp_path / "l.db.lock").mkdir()
    with opened(tmp_path / "l.db") as ledger:
        with pytest.raises(LedgerError, match="cannot make the lock") as caught, ledger.lock():
            pytest.fail("a folder is no lock")
        assert caught.value.hint
