"""The one writer of a run: group commit without a timer.

A thread takes all queued entries, commits them in one transaction and completes their futures. While it waits for the
disk more are queued, so that groups grow with the load. Promise 3: the future that ``post`` returns completes when the
entries survive a crash; ``finhub.calls`` says per phase which entries are awaited before a call is sent.

On a full disk the reserve is freed first (``ledger.sqlite.reserve``). After an error, such as a lost lease, nothing
more is written and every caller gets the error.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec

from finhub_onboard.errors import LedgerError, OnboardError
from finhub_onboard.ledger.ports import Room
from finhub_onboard.ledger.sqlite.compacting import compact_if_quick
from finhub_onboard.ledger.sqlite.database import Transactions, connect, plainly
from finhub_onboard.ledger.sqlite.journal import Journal
from finhub_onboard.ledger.sqlite.portions import Portions
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Group, HashChange, Live
from finhub_onboard.ledger.sqlite.rows import facts_values
from finhub_onboard.ledger.sqlite.trouble import is_full
from finhub_onboard.model import CallRecord, Journey

_GROUP = 4096
_GATHER_S = 0.003
"""So far apart groups begin while several are waiting: a commit writes whole pages, however few entries it has."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that were posted together; ``done`` completes when they are durable.

    ``hashes`` are identity hashes, as (hash, key), that are valid from this run on; ``ended`` are valid no more.
    ``facts`` is a row for a run. ``bank`` is the bank's address.
    """

    journey: Journey | None = None
    calls: Sequence[CallRecord] = ()
    hashes: Sequence[tuple[bytes, bytes]] = ()
    ended: Sequence[tuple[bytes, bytes]] = ()
    facts: tuple[Any, ...] | None = None
    bank: str = ""
    done: asyncio.Future[None] | None = None


class SqliteWriter:
    """Writes journeys and calls; use as an async context manager inside the run's event loop.

    Each commit renews ``lease``. Without a lease: for tests and single callers only. ``run`` is the run's number, which
    is kept with identity hashes. ``room`` is given up when the disk is full; ``on_full`` is then called on the event
    loop: outcomes of calls in flight can still be written, but nothing new. ``say`` is called on the event loop with
    messages about the journal.
    """

    def __init__(
        self,
        path: Path,
        lease: Transactions | None = None,
        *,
        run: int = 0,
        live: Live | None = None,
        room: Room | None = None,
        on_full: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._lease = lease
        self._room = room
        self._on_full = on_full
        self._journal = Journal(path, lambda message: self._tell(say, message))
        self._portions = Portions(run, live or Live(), self._transaction)
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="ledger-writer")
        self._error: OnboardError | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        self._orders.put(None)
        await asyncio.to_thread(self._thread.join)

    @property
    def failed(self) -> bool:
        """Whether a posted entry is not in the ledger."""
        return self._error is not None

    def post(
        self,
        journey: Journey,
        calls: Sequence[CallRecord] = (),
        *,
        hashes: Sequence[tuple[bytes, bytes]] = (),
        ended: Sequence[tuple[bytes, bytes]] = (),
    ) -> "asyncio.Future[None]":
        """Post a journey, its calls, and the identity hashes (hash, key) that begin or end to be valid.

        They become durable together; the future completes when they are, or raises :class:`LedgerError`. Entries become
        durable in posting order: awaiting the last future is enough.
        """
        done = self._loop.create_future()
        self._hand_in(Order(journey=journey, calls=calls, hashes=hashes, ended=ended, done=done))
        return done

    def identify(self, hashes: Sequence[tuple[bytes, bytes]]) -> None:
        """Post identity hashes, as (hash, key), from any thread.

        They become durable before later posts.
        """
        self._hand_in(Order(hashes=hashes))

    def note(self, number: int, facts: dict[str, Any]) -> None:
        """Post what is known of run ``number``, with a heartbeat."""
        self._hand_in(Order(facts=facts_values(number, facts, time.time())))

    def belong(self, bank: str) -> None:
        """Post the bank's address; durable before later posts."""
        self._hand_in(Order(bank=bank))

    def _hand_in(self, order: Order) -> None:
        if self._closed:
            raise LedgerError(f"ledger {self._path}: the run has closed it", hint="report this: it is a defect")
        self._orders.put(order)

    def _serve(self) -> None:
        try:
            with plainly(self._path):
                db = connect(self._path)
                self._journal.begin(db)
                self._portions.begin(db)
        except LedgerError as error:
            self._error = error
            db = sqlite3.connect(":memory:")
        with closing(db):
            while True:
                first = self._orders.get()
                group, ended = self._group(first)
                began = time.monotonic()
                if group:
                    self._commit(db, group)
                self._guarded(partial(self._portions.file_all if ended else self._portions.file_some, db))
                if ended:
                    self._portions.end()
                    self._tend(db, compact_if_quick)
                    self._tend(db, self._journal.end)
                    return
                self._tend(db, partial(self._journal.watch, portions=self._portions.filed))
                if len(group) > 1:
                    time.sleep(max(0.0, began + _GATHER_S - time.monotonic()))

    def _tend(self, db: sqlite3.Connection, care: Callable[[sqlite3.Connection], None]) -> None:
        """Tend the journal or the file; a failure does not affect the entries."""
        if self._error is None:
            with suppress(sqlite3.Error):
                care(db)

    def _tell(self, hearer: Callable[[str], None], message: str) -> None:
        self._loop.call_soon_threadsafe(hearer, message)

    def _group(self, first: Order | None) -> tuple[list[Order], bool]:
        """Take the queued entries, up to a bound, without waiting for more."""
        group: list[Order] = []
        order = first
        while order is not None:
            group.append(order)
            if len(group) >= _GROUP:
                return group, False
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, db: sqlite3.Connection, group: list[Order]) -> None:
        self._guarded(lambda: self._write(db, group))
        self._loop.call_soon_threadsafe(self._wake, [order.done for order in group if order.done], self._error)

    def _guarded(self, write: Callable[[], None]) -> None:
        """Write unless it has failed before; keep the error for those who wait."""
        if self._error is not None:
            return
        try:
            with plainly(self._path):
                write()
        except OnboardError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            self._error = LedgerError(
                f"ledger {self._path}: an entry cannot be written ({type(error).__name__})",
                hint="report this: it is a defect; nothing of its group was written",
            )

    def _write(self, db: sqlite3.Connection, orders: list[Order]) -> None:
        group = _grouped(orders)
        self._portions.make_way(db, group)
        try:
            self._append(db, group, orders)
        except sqlite3.Error as error:
            if self._room is None or not is_full(error) or not self._room.give_up():
                raise
            self._append(db, group, orders)
            self._loop.call_soon_threadsafe(self._on_full)
        self._portions.take(group)

    def _append(self, db: sqlite3.Connection, group: Group, orders: list[Order]) -> None:
        """Write a group in one transaction, which renews the lease."""
        with self._transaction(db):
            self._portions.append(db, group)
            db.executemany(sql("set_bank"), [(order.bank,) for order in orders if order.bank])
            db.executemany(sql("note_run"), [order.facts for order in orders if order.facts][-1:])

    def _transaction(self, db: sqlite3.Connection) -> AbstractContextManager[Any]:
        return self._lease.transaction(db) if self._lease else db

    @staticmethod
    def _wake(waiters: list[asyncio.Future[None]], error: OnboardError | None) -> None:
        for waiter in waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(type(error)(str(error), hint=error.hint))
                waiter.exception()  # retrieved, also if nobody waits: the next caller of ``post`` gets it anyway


def _grouped(orders: Sequence[Order]) -> Group:
    """What these orders write: of the journeys of a customer, and of the entries of a call, only the newest."""
    return Group(
        {order.journey.key: order.journey for order in orders if order.journey},
        {call.number: call for order in orders for call in order.calls},
        [
            HashChange(ended, *identity)
            for order in orders
            for ended, identities in ((True, order.ended), (False, order.hashes))
            for identity in identities
        ],
    )
