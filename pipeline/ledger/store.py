"""Opening, reading and locking the ledger: SQLite in WAL mode with ``synchronous=FULL``.

Promises: a ledger that cannot be trusted (another tenant or seed, a newer schema, damage) is refused with one plain
message before anything is sent; one run at a time holds the lock, and the lock of a dead run is free at once (the
operating system gives it back). Knows nothing of phases: it keeps ``Journey`` and ``CallRecord`` as they are.
"""

import fcntl
import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from pipeline.errors import ConfigurationError, LedgerError, LockedError
from pipeline.model import CallRecord, Journey, Standing

SCHEMA_VERSION = 1
_MIGRATIONS: dict[int, str] = {}
"""Schema version -> statements that lead from it to the next one."""
_KEYS_PER_QUERY = 500
_JOURNEY_COLUMNS = tuple(column.name for column in fields(Journey))
_CALL_COLUMNS = tuple(column.name for column in fields(CallRecord))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One execution of a job as the ledger keeps it; ``facts`` is what the reports need to be written again."""

    number: int
    run_id: str
    host: str
    pid: int
    started_at: float
    heartbeat_at: float
    finished_at: float | None
    exit_code: int | None
    stopped_because: str
    facts: dict[str, Any]


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence with what to do."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        hints = (
            ("readonly", "check who may write the file and its folder"),
            ("unable to open", "check that the folder exists and who may write it"),
            ("full", "make room on the disk; the same command goes on where it ended"),
            ("locked", "another program holds the ledger; close it and run again"),
            ("not a database", "this file is not a ledger; check ledger.url"),
            ("malformed", "the file is damaged; restore the ledger from a backup"),
        )
        hint = next((hint for word, hint in hints if word in said), "check the disk; restore from a backup if it stays")
        raise LedgerError(f"ledger {path}: {said}", hint=hint) from None


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
        with plainly(path):
            _touch(path)
            db = connect(path)
            try:
                _prepare(db, path)
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
        names = ", ".join(_JOURNEY_COLUMNS)
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
                    journey = _journey(row)
                    found[journey.key] = journey
        return found

    def calls(self, keys: Sequence[bytes], *, run: int | None = None) -> Iterator[CallRecord]:
        """Requests of these customers in order, of one run or of all."""
        names = ", ".join(_CALL_COLUMNS)
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            chunk = list(keys[start : start + _KEYS_PER_QUERY])
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT {names} FROM call WHERE key IN ({marks})"  # noqa: S608 - only our own names
            arguments: list[Any] = chunk
            if run is not None:
                sql, arguments = f"{sql} AND run = ?", [*chunk, run]
            with plainly(self.path):
                for row in self._db.execute(f"{sql} ORDER BY key, number", arguments):
                    yield _call(row)

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

    def standings(self) -> dict[Standing, int]:
        """How many customers stand how."""
        with plainly(self.path):
            rows = self._db.execute("SELECT standing, count(*) FROM customer GROUP BY standing")
            return {Standing(standing): count for standing, count in rows}

    def runs(self) -> list[RunRecord]:
        """All runs, the newest first."""
        with plainly(self.path):
            rows = self._db.execute(
                "SELECT number, run_id, host, pid, started_at, heartbeat_at, finished_at, exit_code, stopped_because,"
                " facts FROM run ORDER BY number DESC"
            )
            return [_run(row) for row in rows]

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

    def finish_run(self, number: int, *, exit_code: int, stopped_because: str) -> None:
        """The run is over."""
        with plainly(self.path), self._db:
            self._db.execute(
                "UPDATE run SET finished_at = ?, exit_code = ?, stopped_because = ? WHERE number = ?",
                (time.time(), exit_code, stopped_because, number),
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the one run's lock. Raises :class:`LockedError` that says who holds it and since when."""
        path = self.path.with_name(self.path.name + ".lock")
        with plainly(self.path):
            handle = _open_lock(path)
        with closing(handle):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                holder = handle.read().strip() or "another run"
                raise LockedError(
                    f"another run holds the ledger {self.path}: {holder}",
                    hint="wait until it ends, or stop it; `onboard status` shows it",
                ) from None
            handle.truncate(0)
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            handle.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
            handle.flush()
            yield
            handle.truncate(0)

    def locked_by(self) -> str:
        """Who holds the lock now; empty if nobody does."""
        path = self.path.with_name(self.path.name + ".lock")
        if not path.exists():
            return ""
        with plainly(self.path), closing(_open_lock(path)) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                return handle.read().strip() or "another run"
        return ""


def connect(path: Path) -> sqlite3.Connection:
    """A connection with this ledger's settings; the caller closes it."""
    db = sqlite3.connect(path, timeout=10, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _open_lock(path: Path) -> Any:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise LedgerError(
            f"cannot make the lock {path}: {error.strerror}", hint="check that the folder exists and who may write it"
        ) from None


def _touch(path: Path) -> None:
    """Create the file for its owner only before SQLite would create it for everybody."""
    if path.parent.name and not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(
            f"cannot open the ledger {path}: {error.strerror}",
            hint="check that the folder exists and who may write it",
        ) from None


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Create the schema, or lead an older one here."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"ledger {path} was written by a newer version (schema {version}, this program knows {SCHEMA_VERSION})",
            hint="use that version",
        )
    if version == 0 and tables:
        raise LedgerError(f"{path} is a database but not a ledger", hint="check ledger.url")
    if version == 0:
        sql = files("pipeline.ledger").joinpath("schema.sql").read_text(encoding="utf-8")
        db.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;")
    for step in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
        db.executescript(f"BEGIN;\n{_MIGRATIONS[step]}\nPRAGMA user_version = {step + 1};\nCOMMIT;")


def _claim(db: sqlite3.Connection, path: Path, wanted: dict[str, str]) -> None:
    """Bind a new ledger to its tenant and seed, and refuse that of another."""
    known = dict(db.execute("SELECT key, value FROM meta"))
    if not known:
        with db:
            db.executemany("INSERT INTO meta VALUES (?, ?)", [*wanted.items(), ("ledger_id", os.urandom(8).hex())])
        return
    for key, said in (("tenant_id", "tenant"), ("seed_check", "seed")):
        if wanted[key] and known.get(key) != wanted[key]:
            raise ConfigurationError(
                f"ledger {path} belongs to another {said}",
                hint=f"give the {said} it was made with, or name another file in ledger.url",
            )


def journey_values(journey: Journey) -> tuple[Any, ...]:
    """A journey as a row of ``customer``."""
    return tuple(
        None
        if value is None
        else json.dumps(value)
        if isinstance(value, tuple)
        else str(value)
        if isinstance(value, str)
        else value
        for value in (getattr(journey, name) for name in _JOURNEY_COLUMNS)
    )


def call_values(call: CallRecord) -> tuple[Any, ...]:
    """A call as a row of ``call``."""
    return tuple(str(value) if isinstance(value, str) else value for value in (getattr(call, n) for n in _CALL_COLUMNS))


UPSERT_CUSTOMER = (
    f"INSERT INTO customer ({', '.join(_JOURNEY_COLUMNS)}) VALUES ({', '.join('?' * len(_JOURNEY_COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (key) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in _JOURNEY_COLUMNS[1:])}"
)
UPSERT_CALL = f"INSERT OR REPLACE INTO call ({', '.join(_CALL_COLUMNS)}) VALUES ({', '.join('?' * len(_CALL_COLUMNS))})"  # noqa: S608


def _journey(row: Sequence[Any]) -> Journey:
    values = dict(zip(_JOURNEY_COLUMNS, row, strict=True))
    for name in ("required", "uploaded", "consented"):
        values[name] = None if values[name] is None else tuple(json.loads(values[name]))
    return Journey(**values | {"standing": Standing(values["standing"]), "final": bool(values["final"])})


def _call(row: Sequence[Any]) -> CallRecord:
    values = dict(zip(_CALL_COLUMNS, row, strict=True))
    return CallRecord(**values | {name: bool(values[name]) for name in ("changes", "sent", "retriable")})


def _run(row: Sequence[Any]) -> RunRecord:
    number, run_id, host, pid, started, heartbeat, finished, exit_code, because, facts = row
    return RunRecord(
        number=number,
        run_id=run_id,
        host=host,
        pid=pid,
        started_at=started,
        heartbeat_at=heartbeat,
        finished_at=finished,
        exit_code=exit_code,
        stopped_because=because,
        facts=json.loads(facts),
    )
