"""Diagnoses SQLite's errors: trouble of the disk, of its file system, or of the ledger's content.

SQLite reports a failed read (EIO) as a malformed file. Promise: a ledger is called damaged only if it was opened again
and SQLite's own check failed repeatedly, while the system read every byte without an error; until then the message is
about the disk, and no backup is advised. The checks are limited in time. Knows no table.
"""

import errno
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from enum import Enum
from pathlib import Path

_MOST_S = 20.0
"""The time limit of the checks: calls are in flight while the caller waits."""
_LOOKS = 3
_PAGE = 4096
_STEPS = 10_000
_LONGEST_PATH = 500
"""SQLite accepts 512 bytes, including what it appends to the name."""
_CODE = re.compile(r"error code=(\d+)")
_AGAIN = "the same command goes on where it ended"
BACK = f"bring the file system back with the ledger and its -wal file as they were; {_AGAIN}"
_DAMAGED = "the file is damaged; restore the ledger from a backup, and see --ledger-restored"
_NO_LEDGER = "this file is not a ledger, or it is damaged; check ledger.url, or restore from a backup"
_HINTS = (
    ("readonly", "check who may write the file and its folder, and that its file system is not read-only"),
    ("unable to open", "check that the folder exists and who may write it"),
    ("full", f"make room on the disk; {_AGAIN}"),
    ("locked", "another program holds the ledger; close it and run again"),
    ("no such", _NO_LEDGER),
    ("already exists", _NO_LEDGER),
)
"""Words in SQLite's messages, and a hint for each."""
_FAILED = "look for trouble of the disk and its file system (the system's log), and at the room and any quota on it"
_opened: dict[tuple[int, int], int] = {}
"""Files that were read here. They stay open: closing one releases SQLite's locks on it for the whole process."""


class Found(Enum):
    """The result of examining the file."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"


def explained(path: Path, error: sqlite3.Error) -> tuple[str, str]:
    """The meaning of SQLite's error about the ledger at ``path``, and a hint."""
    text = _said(error)
    code = _code(error) & 0xFF
    if trouble := system_says(path):
        return f"{text}: {trouble}", BACK
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _suspected(path, text, _NO_LEDGER if code == sqlite3.SQLITE_NOTADB else _DAMAGED)
    hint = next((hint for word, hint in _HINTS if word in text), "")
    if code == sqlite3.SQLITE_CANTOPEN and len(os.fsencode(path.absolute())) > _LONGEST_PATH:
        hint = f"its path is longer than SQLite takes: name one of at most {_LONGEST_PATH} bytes in ledger.url"
    return text, hint or f"{_FAILED}; {_AGAIN}"


def odd_entry(path: Path, error: Exception) -> tuple[str, str]:
    """The message and hint for an entry that this program cannot parse."""
    text = f"an entry is not as this program writes it ({type(error).__name__})"
    altered = "another version wrote it, or it was altered: use that version, or restore the ledger from a backup"
    condition, _ = look(path)
    return text, _DAMAGED if condition is Found.DAMAGED else altered


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk is full. SQLite reports an exhausted quota as a failed write."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def system_says(path: Path) -> str:
    """The system's error for the ledger's path; empty: it is there."""
    try:
        path.stat()
    except FileNotFoundError:
        return "the file is not at its place: removed, or its file system was unmounted"
    except OSError as error:
        return f"its file system does not answer ({error.strerror})"
    return ""


def look(path: Path) -> tuple[Found, str]:
    """Examine the file: read its bytes, and run SQLite's own check through a new connection."""
    until = time.monotonic() + _MOST_S
    for _ in range(_LOOKS):
        if trouble := _unreadable(path, until):
            return Found.UNKNOWN, trouble
        condition, details = _checked(path, until)
        if condition is not Found.DAMAGED:
            return condition, details
    return Found.DAMAGED, details


def _suspected(path: Path, text: str, damaged: str) -> tuple[str, str]:
    condition, more = look(path)
    if condition is Found.DAMAGED:
        return f"{text}; opened anew and checked, it is so", damaged
    if condition is Found.WHOLE:
        return f"{text}, as SQLite calls a read that failed; opened anew and checked, the file is whole", (
            f"{_FAILED}; {_AGAIN}"
        )
    return f"{text}, which a read that failed looks like: {more}", (
        f"{_FAILED}; then ask `sqlite3 {path} 'PRAGMA integrity_check'`, and {_AGAIN} if it says ok"
    )


def _checked(path: Path, until: float) -> tuple[Found, str]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=2)) as db:
            db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            row = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        if _code(error) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return Found.DAMAGED, str(error)
        return Found.UNKNOWN, f"it could not be checked ({error})"
    if row == "ok":
        return Found.WHOLE, row
    code = _CODE.search(row)
    if code and int(code[1]) & 0xFF == sqlite3.SQLITE_IOERR:
        return Found.UNKNOWN, f"it could not be checked ({os.strerror(errno.EIO)})"
    return Found.DAMAGED, row


def _unreadable(path: Path, until: float) -> str:
    """The system's error where it cannot read every byte of the ledger and its journal; empty: it can."""
    try:
        for file in (path, path.with_name(f"{path.name}-wal")):
            for _ in _pages(file):
                if time.monotonic() > until:
                    return f"it could not be read within {_MOST_S:g} s"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return ""


def _pages(file: Path) -> Iterator[bytes]:
    """Read a file page by page, as SQLite does."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return
    key = status.st_dev, status.st_ino
    if key not in _opened:
        _opened[key] = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    place = 0
    while page := os.pread(_opened[key], _PAGE, place):
        yield page
        place += len(page)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _said(error: sqlite3.Error) -> str:
    """SQLite's own words, and their meaning where a full disk prevents any write."""
    code = _code(error)
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return f"the disk is full ({error})"
    name = getattr(error, "sqlite_errorname", "")
    return f"{error} ({name})" if code & 0xFF == sqlite3.SQLITE_IOERR and name else str(error)
