import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.sqlite import trouble
from finhub_onboard.ledger.sqlite.database import plainly
from finhub_onboard.ledger.sqlite.trouble import Found, explained, look

PAGE = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database of some pages."""
    path = tmp_path / "l.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (a BLOB)")
        db.executemany("INSERT INTO t VALUES (randomblob(500))", [()] * 100)
    return path


def damage(path: Path) -> None:
    """Break a page in the middle."""
    with path.open("r+b") as stream:
        stream.seek(3 * PAGE)
        stream.write(b"\xff" * PAGE)


def error(name: str, said: str = "database disk image is malformed") -> sqlite3.DatabaseError:
    """An error as SQLite gives it."""
    made = sqlite3.DatabaseError(said)
    made.sqlite_errorcode = getattr(sqlite3, name)
    made.sqlite_errorname = name
    return made


def test_a_file_is_whole_or_damaged_by_sqlites_own_check(file: Path) -> None:
    """A new connection tells, whatever was said before."""
    assert look(file)[0] is Found.WHOLE
    damage(file)
    assert look(file)[0] is Found.DAMAGED


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_NOTADB"])
def test_a_backup_is_advised_for_a_damaged_file_only(file: Path, name: str) -> None:
    """The same words of SQLite lead to the disk as long as the file is whole."""
    said, hint = explained(file, error(name))
    assert "the file is whole" in said
    assert "backup" not in said + hint
    damage(file)
    said, hint = explained(file, error(name))
    assert "opened anew and checked, it is so" in said
    assert "backup" in hint


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENOTCONN])
def test_a_file_that_cannot_be_read_is_not_called_damaged(
    file: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Also where SQLite's check finds fault: it reads through the same disk."""
    damage(file)

    def fails(*_: int) -> bytes:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "pread", fails)
    said, hint = explained(file, error("SQLITE_CORRUPT"))
    assert os.strerror(code) in said
    assert "backup" not in said + hint
    assert "integrity_check" in hint


def test_a_read_that_fails_within_the_check_is_no_damage(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's check reports it as a row, with the code of the error."""
    row = f"*** in database main ***\nPage 3: unable to get the page. error code={sqlite3.SQLITE_IOERR_CORRUPTFS}"
    cursor = SimpleNamespace(fetchone=lambda: (row,))
    db = SimpleNamespace(set_progress_handler=lambda *_: None, execute=lambda _: cursor, close=lambda: None)
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: db)
    assert look(file)[0] is Found.UNKNOWN


def test_a_check_that_takes_too_long_tells_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the file is not called damaged, and the words say how to find out."""
    damage(file)
    monkeypatch.setattr(trouble, "_MOST_S", -1.0)
    said, hint = explained(file, error("SQLITE_CORRUPT"))
    assert "backup" not in said + hint
    assert "integrity_check" in hint


def test_a_file_that_is_gone_is_said(file: Path) -> None:
    """Whatever SQLite says of it."""
    file.unlink()
    said, hint = explained(file, error("SQLITE_IOERR_READ", "disk I/O error"))
    assert "not at its place" in said
    assert "bring the file system back" in hint


@pytest.mark.parametrize("name", ["SQLITE_IOERR_READ", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMMAP", "SQLITE_PROTOCOL"])
def test_no_error_of_the_disk_leads_to_a_backup(file: Path, name: str) -> None:
    """The kind of the error is named, and where to look."""
    with pytest.raises(LedgerError) as caught, plainly(file):
        raise error(name, "disk I/O error")
    assert "backup" not in caught.value.hint
    assert "the same command goes on" in caught.value.hint
    assert name in str(caught.value) or "IOERR" not in name


def test_a_look_does_not_take_locks_away(file: Path) -> None:
    """The system drops a process's locks on a file when it closes it once: a look never does."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES (x'00')")
        assert look(file)[0] is Found.WHOLE
        writes = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        other = subprocess.run(
            [sys.executable, "-c", writes, str(file)], capture_output=True, text=True, timeout=60, check=False
        )
        assert "database is locked" in other.stderr


def test_an_entry_that_cannot_be_read_is_said(file: Path) -> None:
    """A file that is whole may still hold what this program did not write."""
    with pytest.raises(LedgerError, match="an entry is not as this program writes it") as caught, plainly(file):
        raise KeyError
    assert "another version wrote it" in caught.value.hint
    damage(file)
    with pytest.raises(LedgerError) as caught, plainly(file):
        raise KeyError
    assert caught.value.hint.startswith("the file is damaged")
