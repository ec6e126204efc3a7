"""Reads the ledger: current and former journeys, calls, and what runs noted.

Knows nothing of phases: it keeps ``Journey`` and ``CallRecord`` as they are. The statements are in ``sql/reading.sql``.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from finhub_onboard.errors import ConfigurationError, LedgerError, OnboardError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import CallCounts, Finished, RunCounts, RunRecord
from finhub_onboard.ledger.sqlite.calls import by_bucket, changes, last_change, mean_latency_s, records, totals
from finhub_onboard.ledger.sqlite.database import Connections, plainly
from finhub_onboard.ledger.sqlite.kinds import Kinds
from finhub_onboard.ledger.sqlite.lease import read_holder
from finhub_onboard.ledger.sqlite.packs import Pack
from finhub_onboard.ledger.sqlite.process import Life
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Live, Recent
from finhub_onboard.ledger.sqlite.rows import read_finished, read_journey, read_run
from finhub_onboard.model import CallRecord, Journey, Standing

_KEYS_PER_QUERY = 500
_NO_RUN = 2**62
"""Above every run's number."""
_T = TypeVar("_T")


class SqliteReader:
    """An open ledger, for reading (``ledger.ports.Reader``), with one connection per thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection, keys: Keys | None) -> None:
        self.path = path
        self._keys = keys
        self._connections = Connections(path, connection)
        self._live = Live()

    @property
    def name(self) -> str:
        """Where the file is."""
        return str(self.path)

    @property
    def keys(self) -> Keys:
        """The keys that the seed has in this ledger; only of one that was opened with its seed."""
        assert self._keys is not None
        return self._keys

    @property
    def ledger_id(self) -> str:
        """The random name that this ledger got when it was made."""
        return self._meta("ledger_id", ConfigurationError)

    @property
    def bank(self) -> str:
        """The address of the bank whose customers these are; empty if no run has told it yet."""
        return self._meta("bank", ConfigurationError)

    def noted(self, name: str) -> str:
        """What was noted under this name; empty if nothing."""
        return self._meta(f"note_{name}", LedgerError)

    def find(self, keys: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, Journey]:
        """Journeys by key, as they stand now or stood when run ``as_of`` ended."""
        journeys = self._recent_journeys(keys) if as_of is None else {}
        for some in _chunks([key for key in keys if key not in journeys]):
            name, values = ("journeys", some) if as_of is None else ("journeys_as_of", [*some, as_of, *some, as_of])
            for journey in self._all(
                name, values, read_journey, places=len(some), as_of=as_of, skip=self._writes(as_of)
            ):
                other = journeys.get(journey.key)
                if other is None or other.last_run < journey.last_run:
                    journeys[journey.key] = journey
        return journeys

    def finished(self, keys: Sequence[bytes]) -> set[bytes]:
        """Who of these customers is finished and lacks no identity hash."""
        recent = self._recent_journeys(keys)
        finished = {
            key for key, journey in recent.items() if journey.standing is Standing.COMPLETE and journey.sealed_id
        }
        for some in _chunks([key for key in keys if key not in recent]):
            finished.update(key for (key,) in self._all("finished", some, tuple, places=len(some), skip=self._writes()))
        return finished

    def states(self, key: bytes) -> list[Journey]:
        """How each run that took a customer up left it, the oldest first; the last one is how it stands."""
        return list(self._all("states", (key, key), read_journey))

    def finished_last(self, count: int) -> list[Journey]:
        """The customers whose journeys were completed last, at most ``count``."""
        return list(self._all("finished_last", (Standing.COMPLETE, count), read_journey))

    def standings(self) -> dict[Standing, int]:
        """How many customers have each standing."""
        return dict(self._all("standings", (), lambda row: (Standing(row[0]), row[1])))

    def finished_before(self, keys: Sequence[bytes], run: int) -> dict[bytes, Finished]:
        """What lines of reports tell of those whose journeys were complete before run ``run``; 0: are complete now."""
        finished: dict[bytes, Finished] = {}
        for some in _chunks(keys):
            found = self._all("finished_before", [*some, run or _NO_RUN], read_finished, places=len(some))
            finished.update((each.key, each) for each in found)
        return finished

    def sharing(self, hashes: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, set[bytes]]:
        """Keys of the customers whom each identity hash identifies, now or when run ``as_of`` ended."""
        changes = self._recent_owners(hashes) if as_of is None else {}
        customers: dict[bytes, set[bytes]] = {}
        for some in _chunks(hashes):
            name, when = ("owners_of_marks", []) if as_of is None else ("owners_of_marks_as_of", [as_of, as_of])
            rows = self._all(name, [*some, *when], tuple, places=len(some), as_of=as_of, skip=self._writes(as_of))
            for identity, key in rows:
                customers.setdefault(identity, set()).add(key)
        for identity, keys in changes.items():
            known = customers.get(identity, set())
            customers[identity] = {key for key in known | keys.keys() if keys.get(key, True)}
        return {identity: keys for identity, keys in customers.items() if keys}

    def unresolved(self, *, as_of: int | None = None) -> set[bytes]:
        """Keys of the customers who may have a call without a known outcome, now or when run ``as_of`` ended."""
        name, when = ("unresolved", []) if as_of is None else ("unresolved_as_of", [as_of, as_of])
        return {key for (key,) in self._all(name, when, tuple)}

    def calls(self, keys: Sequence[bytes], *, run: int | None = None) -> Iterator[CallRecord]:
        """Requests of these customers, of one run or of all; those of a customer in the order of sending."""
        for some in _chunks(keys):
            name, values = ("packs", some) if run is None else ("packs_in_run", [*some, run])
            with plainly(self.path):
                yield from records(self._all(name, values, Pack._make, places=len(some)), self._kinds)

    def call_totals(self, run: int) -> dict[str, CallCounts]:
        """The requests of one run by phase."""
        return self._of_packs(totals, "packs_of_run", run)

    def counts(self, run: int) -> RunCounts:
        """What must agree with what the rows of a run tell (promise 1)."""
        (customers,) = self._one("customers_of_run", (run, run))
        intents, outcomes = self._of_packs(changes, "packs_of_run", run)
        return RunCounts(customers=customers, intents=intents, outcomes=outcomes)

    def knows_until(self, run: int) -> float:
        """When the last change before run ``run`` was made at the bank, in seconds since the epoch; 1 if none was."""
        last = self._of_packs(last_change, "packs_before", run)
        return 1.0 if last is None else last

    def timeline(self, run: int, *, since: float, bucket_s: float) -> Iterator[tuple[float, float, bool, str]]:
        """Each request of a run: bucket start in seconds since ``since``, latency in seconds, refused, phase."""
        with plainly(self.path):
            packs = self._all("packs_of_run", (run,), Pack._make)
            yield from by_bucket(packs, self._kinds, since=since, bucket_s=bucket_s)

    def latency_s(self) -> float | None:
        """Seconds that the bank took on average of late; ``None`` if nobody has called it yet."""
        return self._of_packs(mean_latency_s, "latest_packs")

    def runs(self, *, acts: bool = False) -> list[RunRecord]:
        """All runs, the newest first; if asked for, with the interventions between them."""
        with plainly(self.path):  # they are never among what is recent, which takes longer to read
            runs = [read_run(row) for row in self._db.execute(sql("runs"))]
        return [run for run in runs if acts or run.command == "run"]

    def locked_by(self) -> str:
        """Who holds the lease now, since when, and the last sign of life; empty if nobody does."""
        with plainly(self.path):
            holder = read_holder(self._db)
        return "" if holder is None or holder.life is Life.DEAD else str(holder)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Context manager: read a consistent snapshot, whatever a run writes meanwhile."""
        with plainly(self.path):
            tail = self._connections.tail()
            tail.begin_snapshot()
        try:
            yield
        finally:
            tail.end_snapshot()

    def renew(self) -> None:
        """Read through a new connection from now on: the file system may have been away in between."""
        self._connections.renew()

    @property
    def _db(self) -> sqlite3.Connection:
        return self._connections.own()

    def _meta(self, key: str, error: type[OnboardError]) -> str:
        with plainly(self.path, error):
            row = self._db.execute(sql("meta"), (key,)).fetchone()
        return str(row[0]) if row else ""

    def _one(self, name: str, values: Sequence[Any]) -> Any:
        with plainly(self.path), self._connections.tail().shown() as db:
            return db.execute(sql(name), values).fetchone()

    def _all(
        self,
        name: str,
        values: Sequence[Any],
        read: Callable[[Any], _T],
        *,
        places: int = 0,
        as_of: int | None = None,
        skip: bool = False,
    ) -> Iterator[_T]:
        """The rows of a statement, each parsed by ``read``; an unreadable row is an error with a hint.

        ``as_of`` and ``skip`` are those of ``Tail.shown``.
        """
        with plainly(self.path), self._connections.tail().shown(as_of=as_of, skip=skip) as db:
            yield from map(read, db.execute(sql(name, places=places), values))

    def _of_packs(self, read: Callable[[Iterator[Pack], Kinds], _T], name: str, *values: int) -> _T:
        """What ``read`` makes of the packs of a statement."""
        with plainly(self.path):
            return read(self._all(name, values, Pack._make), self._kinds)

    @property
    def _kinds(self) -> Kinds:
        return self._connections.tail().kinds

    def _writes(self, as_of: int | None = None) -> bool:
        """Whether this process writes the run, and need not read from the file what is recent."""
        return as_of is None and self._recent() is not None

    def _recent(self) -> Recent | None:
        with plainly(self.path):
            return None if self._connections.tail().is_snapshot else self._live.recent

    def _recent_journeys(self, keys: Sequence[bytes]) -> dict[bytes, Journey]:
        recent = self._recent()
        known = recent.journeys if recent else {}
        return {key: known[key] for key in keys if key in known}

    def _recent_owners(self, hashes: Sequence[bytes]) -> dict[bytes, dict[bytes, bool]]:
        recent = self._recent()
        known = recent.owners if recent else {}
        return {identity: known[identity] for identity in hashes if identity in known}


def _chunks(values: Sequence[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(values), _KEYS_PER_QUERY):
        yield list(values[start : start + _KEYS_PER_QUERY])
