"""One run at a time: a lease inside the ledger itself, so that every writer of the ledger meets it.

The holder sends a heartbeat every second. Its lease is taken over at once if its process is provably dead, and
otherwise after a candidate has watched for ``STALE_S`` seconds and seen no heartbeat. Clocks of two processes are never
compared for that: the watcher counts its own seconds.

Promises: a live holder keeps its lease, whatever clocks do and whatever files are removed; one that was taken over (it
was suspended, or hung) writes and sends nothing more: every transaction of a holder renews the lease or fails, and
``SqliteLease.is_valid``, which is asked before each call, is true only while nobody can have taken it over.
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from finhub_onboard.errors import ConfigurationError, LedgerError, LockedError
from finhub_onboard.ledger.ports import Room
from finhub_onboard.ledger.records import FileSizes
from finhub_onboard.ledger.sqlite.compacting import compact
from finhub_onboard.ledger.sqlite.database import connect, plainly
from finhub_onboard.ledger.sqlite.filing import file_left
from finhub_onboard.ledger.sqlite.interventions import SqliteInterventions
from finhub_onboard.ledger.sqlite.process import Life, Process, life_of, this_process
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Live
from finhub_onboard.ledger.sqlite.trouble import BACK
from finhub_onboard.ledger.sqlite.writer import SqliteWriter

STALE_S = 10.0
VALID_S = 6.0
"""Shorter than ``STALE_S`` by the time that a request may need to be sent."""
_HEARTBEAT_S = 1.0
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The holder of the lease, as stored in the ledger; ``beats`` counts heartbeats."""

    nonce: str
    process: Process
    since: float
    heartbeat_at: float
    beats: int

    def __str__(self) -> str:
        """The process, since when, and the last heartbeat."""
        owner = f"process {self.process.pid} on {self.process.host} since {_instant(self.since)}"
        return f"{owner}, last sign of life {_instant(self.heartbeat_at)}"

    @property
    def life(self) -> Life:
        """Whether the process is dead or alive; unknown if it is there without a recent heartbeat: it may hang."""
        life = life_of(self.process)
        fresh = abs(time.time() - self.heartbeat_at) < STALE_S
        return Life.UNKNOWN if life is Life.ALIVE and not fresh else life


class SqliteLease:
    """The lease of the ledger at ``path``, as its holder has it (``ledger.ports.Lease``)."""

    def __init__(self, path: Path, live: Live | None = None) -> None:
        self._path = path
        self._live = live
        try:
            self._file = _identity(path)
        except OSError:  # then its next write fails
            self._file = None
        self._nonce = secrets.token_hex(8)
        self._valid_until = self._heartbeat_at = float("-inf")
        self.lost: LockedError | LedgerError | None = None

    def is_valid(self) -> bool:
        """Whether nobody can have taken over the lease; only then may a call be sent."""
        return _clock() < self._valid_until

    @contextmanager
    def transaction(self, db: sqlite3.Connection) -> Iterator[None]:
        """Context manager: commit and renew the lease, or write nothing and raise the new holder."""
        at = _clock()
        with db:
            db.execute("BEGIN IMMEDIATE")
            self._confirm(db)
            if due := at - self._heartbeat_at >= _HEARTBEAT_S / 2:
                db.execute(sql("heartbeat"), (time.time(),))
            yield
        if due:
            self._renewed(at)

    def writer(
        self,
        *,
        run: int,
        room: Room | None = None,
        on_full: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> SqliteWriter:
        """The writer of run ``run``."""
        return SqliteWriter(self._path, self, run=run, live=self._live, room=room, on_full=on_full, say=say)

    def interventions(self) -> AbstractContextManager[SqliteInterventions]:
        """Open the interventions for reading and writing."""
        return SqliteInterventions.opened(self._path, self)

    def compact(self) -> FileSizes:
        """File what a run that died left, and write the file again. Nobody writes meanwhile, not even heartbeats."""
        with plainly(self._path), closing(connect(self._path)) as db:
            file_left(db, lambda: self.transaction(db))
            with self.transaction(db):
                pass  # the lease is still held
            return compact(db, self._path)

    def acquire(self, db: sqlite3.Connection) -> None:
        """Acquire the lease if it is free, or its holder is dead or silent. Raises :class:`LockedError`."""
        first, since = None, time.monotonic()  # not ``_clock``: time that this machine slept was not watched
        while True:
            at = _clock()
            with db:
                try:
                    db.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    if holder := read_holder(db):
                        raise self._refused(holder, "; it stands still in the middle of a write") from None
                    raise
                holder = read_holder(db)
                silent = holder == first and time.monotonic() - since >= STALE_S
                if holder is None or silent or holder.life is Life.DEAD:
                    self._enter(db, this_process())
                    break
            if holder.life is Life.ALIVE or holder != (first or holder):
                raise self._refused(holder)
            first = holder
            time.sleep(_LOOK_S)
        self._renewed(at)

    def heartbeat(self, ended: threading.Event) -> None:
        """Send heartbeats until ``ended``, whatever else is written."""
        while not ended.wait(_HEARTBEAT_S) and self.lost is None:
            if _clock() - self._heartbeat_at < _HEARTBEAT_S / 2:
                continue
            # The disk may accept the write later; until then nothing is sent.
            with (
                suppress(LockedError, LedgerError, sqlite3.Error),
                closing(connect(self._path)) as db,
                self.transaction(db),
            ):
                pass

    def release(self, db: sqlite3.Connection) -> None:
        """Release the lease. If that fails, the process is dead soon anyway."""
        with suppress(sqlite3.Error), db:
            db.execute(sql("release"), (self._nonce,))

    def _enter(self, db: sqlite3.Connection, process: Process) -> None:
        now = time.time()
        db.execute(
            sql("acquire"),
            (self._nonce, process.host, process.pid, process.machine, process.start, now, now),
        )

    def _renewed(self, at: float) -> None:
        self._heartbeat_at, self._valid_until = at, at + VALID_S

    def _refused(self, holder: Holder, how: str = "") -> LockedError:
        return LockedError(
            f"another run holds the ledger {self._path}: {holder}{how}",
            hint="wait until it ends, or stop it; `onboard status` shows it",
        )

    def _confirm(self, db: sqlite3.Connection) -> None:
        self.lost = self.lost or self._loss(read_holder(db))
        if self.lost is not None:
            self._valid_until = float("-inf")
            raise self.lost

    def _loss(self, now: Holder | None) -> LockedError | LedgerError | None:
        try:
            is_other = _identity(self._path) != self._file
        except OSError as error:  # it may come back
            message = f"ledger {self._path}: its file system does not answer ({error.strerror})"
            raise LedgerError(message, hint=BACK) from None
        if is_other:
            return LedgerError(
                f"ledger {self._path}: the file was removed or replaced during the run, or its file system unmounted",
                hint="put the ledger back as it was, with its -wal file, before anything else is run",
            )
        if now is None or now.nonce != self._nonce:
            return LockedError(
                f"this run showed no sign of life, and another one took the ledger {self._path} over:"
                f" {now or 'it has ended by now'}",
                hint="this run has sent nothing since; the other one goes on where it stood",
            )
        return None


@contextmanager
def hold(path: Path, live: Live | None = None) -> Iterator[SqliteLease]:
    """Context manager: hold the lease of the ledger at ``path``. Raises :class:`LockedError` with its holder."""
    with plainly(path, ConfigurationError):
        db = connect(path)
    lease, ended = SqliteLease(path, live), threading.Event()
    with closing(db):
        with plainly(path, ConfigurationError):
            lease.acquire(db)
        thread = threading.Thread(target=lease.heartbeat, args=(ended,), name="ledger-heartbeat", daemon=True)
        thread.start()
        try:
            yield lease
        finally:
            ended.set()
            thread.join()
            lease.release(db)


def read_holder(db: sqlite3.Connection) -> Holder | None:
    """The holder of the lease, as stored in the ledger."""
    row = db.execute(sql("holder")).fetchone()
    if row is None:
        return None
    nonce, host, pid, machine, start, since, heartbeat_at, beats = row
    process = Process(host=host, pid=pid, machine=machine, start=start)
    return Holder(nonce=nonce, process=process, since=since, heartbeat_at=heartbeat_at, beats=beats)


def _clock() -> float:
    """Seconds that include the sleep of this machine, where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _identity(path: Path) -> tuple[int, int] | None:
    """The identity of the file at this path. Raises :class:`OSError` if it cannot be read."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
