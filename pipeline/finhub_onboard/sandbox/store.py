"""The bank's state on disk: an SQLite file that survives the death of the process at any moment.

Promises that what ``save`` wrote is there after a SIGKILL; a power cut may lose the last moments, which practice does
not need. Does not know what the records mean. One process per file; the file is readable by its owner only.
"""

import os
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.sandbox.records import Change, Customer, Lock

_VERSION: Final = 1
_OWNER: Final = 0x46485342
"""Marks a file as a sandbox's state, so that no other database is ever taken for one."""
_CUSTOMER: Final = "INSERT OR REPLACE INTO customer (number, body) VALUES (?, ?)"
_MARK: Final = "INSERT OR REPLACE INTO mark (kind, key, body) VALUES (?, ?, ?)"
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS customer (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS mark (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)
_WAIT_FOR_LAST_OWNER_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that a state file holds."""

    customers: list[Customer]
    admin_lock: Lock | None
    ended: set[str]


class Store:
    """An open state file."""

    __slots__ = ("_connection", "_encode", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encode = msgspec.msgpack.Encoder().encode
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_FOR_LAST_OWNER_S)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(getattr(error, "strerror", None) or error) from None
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise self._unusable(error) from None

    def _unusable(self, reason: object) -> ConfigurationError:
        return ConfigurationError(
            f"cannot use the sandbox state file {self._path}: {reason}",
            hint="give another path, or end the sandbox that uses it",
        )

    def _open(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        (owner,), (version,) = run("PRAGMA application_id").fetchone(), run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (owner, version) != (_OWNER, _VERSION):
            raise sqlite3.DatabaseError("it is another program's database, or of another version of this one")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = OFF")
        run("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            run(statement)
        run(f"PRAGMA application_id = {_OWNER}")
        run(f"PRAGMA user_version = {_VERSION}")
        run("COMMIT")

    def save(self, changes: list[Change]) -> None:
        """Write records, all or none. If that fails the process ends: an answer now would be a promise broken."""
        try:
            if len(changes) == 1:
                self._write(changes[0])
                return
            self._connection.execute("BEGIN")
            for change in changes:
                self._write(change)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            sys.stderr.write(f"Error: the sandbox cannot write its state: {error}\n")
            os._exit(int(ExitCode.UNEXPECTED))

    def _write(self, change: Change) -> None:
        if isinstance(change, Customer):
            self._connection.execute(_CUSTOMER, (change.number, self._encode(change)))
        elif isinstance(change, Lock):
            self._connection.execute(_MARK, ("lock", "admin", self._encode(change)))
        else:
            self._connection.execute(_MARK, ("ended", change.session_id, b""))

    def load(self) -> Contents:
        """Read everything."""
        try:
            return self._load()
        except (sqlite3.Error, msgspec.DecodeError) as error:
            self.close()
            raise self._unusable(error) from None

    def _load(self) -> Contents:
        run, customer = self._connection.execute, msgspec.msgpack.Decoder(Customer)
        lock = run("SELECT body FROM mark WHERE kind = 'lock'").fetchone()
        return Contents(
            customers=[customer.decode(body) for (body,) in run("SELECT body FROM customer ORDER BY number")],
            admin_lock=msgspec.msgpack.decode(lock[0], type=Lock) if lock else None,
            ended={key for (key,) in run("SELECT key FROM mark WHERE kind = 'ended'")},
        )

    def clear(self) -> None:
        """Forget everything."""
        self._connection.executescript("BEGIN; DELETE FROM customer; DELETE FROM mark; COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
