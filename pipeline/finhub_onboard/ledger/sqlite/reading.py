"""Reading the ledger: where journeys stand and stood, what was sent, what runs say about themselves.

Knows nothing of phases: it keeps ``Journey`` and ``CallRecord`` as they are.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import RunCounts, RunRecord
from finhub_onboard.ledger.sqlite.database import Connections, plainly
from finhub_onboard.ledger.sqlite.lease import read_holder
from finhub_onboard.ledger.sqlite.process import Life
from finhub_onboard.ledger.sqlite.rows import CALL_COLUMNS, JOURNEY_COLUMNS, read_call, read_journey, read_run
from finhub_onboard.model import CallRecord, Journey, Standing

_KEYS_PER_QUERY = 500


class SqliteReader:
    """An open ledger, for reading (``ledger.ports.Reader``): each thread reads through a connection of its own."""

    def __init__(self, path: Path, connection: sqlite3.Connection, keys: Keys | None) -> None:
        self.path = path
        self._keys = keys
        self._connections = Connections(path, connection)

    @property
    def name(self) -> str:
        """Where the file is."""
        return str(self.path)

    @property
    def keys(self) -> Keys:
        """The keys that the seed has in this ledger; only of one that was opened with its seed."""
        assert self._keys is not None
        return self._keys

    def renew(self) -> None:
        """Look through a new connection from now on: the file system may have been away in between."""
        self._connections.renew()

    @property
    def _db(self) -> sqlite3.Connection:
        return self._connections.own()

    @property
    def ledger_id(self) -> str:
        """A random name that this ledger got when it was made."""
        with plainly(self.path, ConfigurationError):
            return str(self._db.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()[0])

    def noted(self, name: str) -> str:
        """What was noted under this name; empty: nothing."""
        with plainly(self.path):
            found = self._db.execute("SELECT value FROM meta WHERE key = ?", (f"note_{name}",)).fetchone()
        return str(found[0]) if found else ""

    @property
    def bank(self) -> str:
        """Where the bank is whose customers these are; empty: no run has told yet."""
        with plainly(self.path, ConfigurationError):
            found = self._db.execute("SELECT value FROM meta WHERE key = 'bank'").fetchone()
            return str(found[0]) if found else ""

    def knows_until(self, run: int) -> float:
        """When the last thing before run ``run`` was done at the bank, in seconds since the epoch; 1 if nothing was."""
        sql = "SELECT max(intent_at) FROM call WHERE run < ? AND changes AND outcome = 'done'"
        with plainly(self.path):
            found = self._db.execute(sql, (run,)).fetchone()[0]
        return 1.0 if found is None else float(found)

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

    def sharing(self, marks: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, set[bytes]]:
        """Keys of the customers that would be known by each mark, now or when run ``as_of`` ended."""
        valid = "until IS NULL" if as_of is None else "since <= ? AND (until IS NULL OR until > ?)"
        when = () if as_of is None else (as_of, as_of)
        found: dict[bytes, set[bytes]] = {}
        for start in range(0, len(marks), _KEYS_PER_QUERY):
            chunk = list(marks[start : start + _KEYS_PER_QUERY])
            sql = f"SELECT mark, key FROM identity WHERE mark IN ({','.join('?' * len(chunk))}) AND {valid}"  # noqa: S608
            with plainly(self.path):
                for mark, key in self._db.execute(sql, [*chunk, *when]):
                    found.setdefault(mark, set()).add(key)
        return found

    def unresolved(self, *, as_of: int | None = None) -> set[bytes]:
        """Keys of the customers of whom a call may be without a known outcome, now or when run ``as_of`` ended.

        One look at every customer. Some of those named had an unresolved call in an earlier run only.
        """
        sql, arguments = "SELECT key FROM customer WHERE doubts > 0", []
        if as_of is not None:
            before = f"{sql} AND last_run <= ?"
            sql, arguments = f"{before} UNION {before.replace('customer', 'history')}", [as_of, as_of]
        with plainly(self.path):
            return {key for (key,) in self._db.execute(sql, arguments)}

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

    def counts(self, run: int) -> RunCounts:
        """What must agree with what the rows of a run tell (promise 1)."""
        with plainly(self.path):
            (customers,) = self._db.execute(
                "SELECT (SELECT count(*) FROM customer WHERE last_run = ?) + (SELECT count(*) FROM history"
                " WHERE last_run = ?)",
                (run, run),
            ).fetchone()
            intents, outcomes = self._db.execute(
                "SELECT count(*), count(nullif(outcome, '')) FROM call WHERE run = ? AND changes", (run,)
            ).fetchone()
            return RunCounts(customers=customers, intents=intents, outcomes=outcomes)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the ledger as it is now, whatever a run writes meanwhile: reports agree in themselves."""
        with plainly(self.path):
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.rollback()

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

    def locked_by(self) -> str:
        """Who holds the lease now, since when, and the last sign of life; empty if nobody does."""
        with plainly(self.path):
            holder = read_holder(self._db)
        return "" if holder is None or holder.life is Life.DEAD else str(holder)
