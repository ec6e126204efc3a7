"""Two copies of one ledger on one machine."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from finhub_onboard.errors import LockedError
from finhub_onboard.ledger.sqlite.copies import only_copy

ROOT = Path(__file__).resolve().parents[3]
_HOLD = """
import sys
from pathlib import Path
from finhub_onboard.ledger.sqlite.copies import only_copy
with only_copy(sys.argv[1], Path("/first/ledger.db")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files of this test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_the_second_copy_is_refused_by_name_until_the_first_process_is_gone() -> None:
    """Another process holds it: exit 6 with its path; killed, it is free at once. Another ledger is none of it."""
    command = [sys.executable, "-c", _HOLD, "abc"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=r"/first/ledger\.db"), only_copy("abc", Path("/second/ledger.db")):
            pass
        with only_copy("another", Path("/third.db")):
            pass
        with only_copy("abc", Path("/first/../first/ledger.db")):
            pass  # the same file: the ledger's own lock decides
        process.kill()
    with only_copy("abc", Path("/second/ledger.db")):
        pass


def test_a_folder_that_cannot_be_used_refuses_nobody(own_folder: Path) -> None:
    """A file, a link or others' access in its place: no lock, and no failure."""
    (own_folder / f"finhub-onboard-ledgers-{os.getuid()}").write_text("x", encoding="utf-8")
    with only_copy("abc", Path("/a.db")), only_copy("abc", Path("/b.db")):
        pass
