"""Opening and reading the ledger; what a run says about itself.

Promises: a ledger that cannot be trusted (another tenant or seed, a newer schema, damage) is refused with one plain
message before anything is sent. Knows nothing of phases: it keeps ``Journey`` and ``CallRecord`` as they are.
"""

import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pipeline.errors import ConfigurationError, LedgerError
from pipeline.ledger import lock
from pipeline.ledger.database import connect, plainly
from pipeline.ledger.entries import CALL_COLUMNS, JOURNEY_COLUMNS, RunRecord, read_call, read_journey, read_run
from pipeline.model import CallRecord, Journey, Standing

__all__ = ["SCHEMA_VERSION", "Ledger", "RunRecord"]

SCHEMA_VERSION = 2
_MIGRATIONS = {
    1: "CREATE TABLE identity (mark BLOB NOT NULL, key BLOB NOT NULL, PRIMARY KEY (mark, key)) STRICT, WITHOUT ROWID;",
}
"""Schema version -> statements that lead from it to the next one."""
_KEYS_PER_QUERY = 500


class Ledger:
    """An open ledger. Reads go through one connection of its own; writes of a run through ``writer.Writer``."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection

    @classmethod
    def open(cls, path: Path, *, tenant_id: str, seed_check: str, create: bool = True) -> Self:
        """Open or create the ledger at ``path`` for one tenant and seed.

        Raises :class:`LedgerError` if it cannot be used, :class:`ConfigurationError` if it belongs to others.
        """
        if not create and not path.exists():
            raise ConfigurationError(f"there is no ledger at {path}", hint="check ledger.url and the current folder")
        path = path.resolve()  # one ledger has one lock, by whatever links it is named
        with plainly(path):
            _touch(path)
            db = connect(path, check=lambda db: _check(db, path))
            try:
                _prepare(db)
                _claim(db, path, {"tenant_id": tenant_id, "seed_check": seed_check})
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    def close(self) -> None:
        """Close the reading connection."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ledger_id(self) -> str:
        """A random name that this ledger got when it was made."""
        return str(self._db.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()[0])

    def next_call(self) -> int:
        """The number after the last call's."""
        with plainly(self.path):
            return int(self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM call").fetchone()[0])

    def find(self, keys: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, Journey]:
        """Journeys by key, as they stand now or stood when run ``as_of`` ended."""
        found: dict[bytes, Journey] = {}
        names = ", ".join(JOURNEY_COLUMNS)
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            chunk: list[Any] = list(keys[start : start + _KEYS_PER_QUERY])
            marks = ",".join("?" * len(chunk))
            select = f"SELECT {names} FROM {{}} WHERE key IN ({marks})"  # noqa: S608 - only our own names
            sql, arguments = select.format("customer"), chunk
            if as_of is not None:
                # Of all states up to that run the newest comes last and stays.
                both = " UNION ALL ".join(
                    select.format(table) + " AND last_run <= ?" for table in ("history", "customer")
                )
                sql, arguments = f"{both} ORDER BY last_run", [*chunk, as_of, *chunk, as_of]
            with plainly(self.path):
                for row in self._db.execute(sql, arguments):
                    journey = read_journey(row)
                    found[journey.key] = journey
        return found

    def sharing(self, marks: Sequence[bytes]) -> dict[bytes, set[bytes]]:
        """Keys of the customers that would be known by each mark."""
        found: dict[bytes, set[bytes]] = {}
        for start in range(0, len(marks), _KEYS_PER_QUERY):
            chunk = list(marks[start : start + _KEYS_PER_QUERY])
            sql = f"SELECT mark, key FROM identity WHERE mark IN ({','.join('?' * len(chunk))})"  # noqa: S608 - only marks
            with plainly(self.path):
                for mark, key in self._db.execute(sql, chunk):
                    found.setdefault(mark, set()).add(key)
        return found

    def calls(self, keys: Sequence[bytes], *, run: int | None = None) -> Iterator[CallRecord]:
        """Requests of these customers in order, of one run or of all."""
        names = ", ".join(CALL_COLUMNS)
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            chunk = list(keys[start : start + _KEYS_PER_QUERY])
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT {names} FROM call WHERE key IN ({marks})"  # noqa: S608 - only our own names
            arguments: list[Any] = chunk
            if run is not None:
                sql, arguments = f"{sql} AND run = ?", [*chunk, run]
            with plainly(self.path):
                for row in self._db.execute(f"{sql} ORDER BY key, number", arguments):
                    yield read_call(row)

    def call_totals(self, run: int) -> dict[str, tuple[int, int, int]]:
        """Per phase of one run: requests that left, of them repeats, of them refused for rate."""
        with plainly(self.path):
            rows = self._db.execute(
                "SELECT phase, sum(sent), sum(sent AND attempt > 1), sum(http_status IS 429) FROM call"
                " WHERE run = ? GROUP BY phase",
                (run,),
            )
            return {phase: (sent, retried, refused) for phase, sent, retried, refused in rows}

    def timeline(self, run: int, *, since: float, bucket_s: float) -> Iterator[tuple[float, float, bool]]:
        """Each request of a run: bucket start in seconds since ``since``, latency in seconds, refused for rate."""
        with plainly(self.path):
            for at, seconds, status in self._db.execute(
                "SELECT outcome_at, seconds, http_status FROM call WHERE run = ? AND sent AND outcome_at > 0"
                " ORDER BY outcome_at",
                (run,),
            ):
                yield (at - since) // bucket_s * bucket_s, seconds, status == 429  # noqa: PLR2004

    def latency_s(self) -> float | None:
        """Seconds that the bank took on average of late; ``None`` if nobody has called it yet."""
        newest = "SELECT seconds FROM call WHERE sent AND outcome_at > 0 ORDER BY number DESC LIMIT 10000"
        with plainly(self.path):
            found = self._db.execute(f"SELECT avg(seconds) FROM ({newest})").fetchone()[0]  # noqa: S608 - our own words
            return None if found is None else float(found)

    def standings(self) -> dict[Standing, int]:
        """How many customers stand how."""
        with plainly(self.path):
            rows = self._db.execute("SELECT standing, count(*) FROM customer GROUP BY standing")
            return {Standing(standing): count for standing, count in rows}

    def states(self, key: bytes) -> list[Journey]:
        """How each run that took a customer up left it, the oldest first; the last one is how it stands."""
        names = ", ".join(JOURNEY_COLUMNS)
        both = " UNION ALL ".join(f"SELECT {names} FROM {table} WHERE key = ?" for table in ("history", "customer"))  # noqa: S608
        with plainly(self.path):
            return [read_journey(row) for row in self._db.execute(f"{both} ORDER BY last_run", (key, key))]

    def runs(self, *, acts: bool = False) -> list[RunRecord]:
        """All runs, the newest first; if asked for, with what persons did between them."""
        with plainly(self.path):
            rows = self._db.execute(
                "SELECT number, run_id, host, pid, started_at, heartbeat_at, finished_at, exit_code, stopped_because,"
                " facts FROM run ORDER BY number DESC"
            )
            return [run for run in map(read_run, rows) if acts or run.command == "run"]

    def start_run(self, run_id: str, facts: dict[str, Any]) -> RunRecord:
        """Enter a new run; durable on return."""
        now = time.time()
        with plainly(self.path), self._db:
            self._db.execute(
                "INSERT INTO run (run_id, host, pid, started_at, heartbeat_at, facts) VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, socket.gethostname(), os.getpid(), now, now, json.dumps(facts)),
            )
        return self.runs()[0]

    def note_run(self, number: int, facts: dict[str, Any]) -> None:
        """Replace what is known of a run and show that it lives."""
        with plainly(self.path), self._db:
            self._db.execute(
                "UPDATE run SET facts = ?, heartbeat_at = ? WHERE number = ?", (json.dumps(facts), time.time(), number)
            )

    def finish_run(self, number: int, *, exit_code: int, stopped_because: str, at: float | None = None) -> None:
        """The run is over, since ``at`` or now."""
        with plainly(self.path), self._db:
            self._db.execute(
                "UPDATE run SET finished_at = ?, exit_code = ?, stopped_because = ? WHERE number = ?",
                (time.time() if at is None else at, exit_code, stopped_because, number),
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the one run's lock. Raises :class:`LockedError` that says who holds it and since when."""
        with lock.hold(self.path):
            yield

    def locked_by(self) -> str:
        """Who holds the lock now; empty if nobody does."""
        return lock.holder(self.path)


def _touch(path: Path) -> None:
    """Create the file for its owner only before SQLite would create it for everybody."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(
            f"cannot open the ledger {path}: {error.strerror}",
            hint="check that the folder exists and who may write it",
        ) from None


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not a ledger that this program knows."""
    version, tables = _version(db)
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"ledger {path} was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
            hint="use that version",
        )
    if version == 0 and tables:
        raise LedgerError(f"{path} is a database but not a ledger", hint="check ledger.url")


def _version(db: sqlite3.Connection) -> tuple[int, int]:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return version, tables


def _prepare(db: sqlite3.Connection) -> None:
    """Create the schema, or lead an older one here; each step is one transaction with its version."""
    version, _ = _version(db)
    if version == 0:
        try:
            _create(db)
        except sqlite3.OperationalError:
            # Another first run may have been quicker; whoever it was, the lock decides who goes on.
            if _version(db)[0] != SCHEMA_VERSION:
                raise
    for step in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
        _script(db, _MIGRATIONS[step], step + 1)


def _create(db: sqlite3.Connection) -> None:
    _script(db, files("pipeline.ledger").joinpath("schema.sql").read_text(encoding="utf-8"), SCHEMA_VERSION)


def _script(db: sqlite3.Connection, sql: str, version: int) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;")
    except BaseException:
        db.rollback()
        raise


def _claim(db: sqlite3.Connection, path: Path, wanted: dict[str, str]) -> None:
    """Bind a new ledger to its tenant and seed, and refuse that of another."""
    known = dict(db.execute("SELECT key, value FROM meta"))
    if not known:
        with db:
            identity = [*wanted.items(), ("ledger_id", os.urandom(8).hex())]
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", identity)
        known = dict(db.execute("SELECT key, value FROM meta"))
    for key, said in (("tenant_id", "tenant"), ("seed_check", "seed")):
        if wanted[key] and known.get(key) != wanted[key]:
            raise ConfigurationError(
                f"ledger {path} belongs to another {said}",
                hint=f"give the {said} it was made with, or name another file in ledger.url",
            )
