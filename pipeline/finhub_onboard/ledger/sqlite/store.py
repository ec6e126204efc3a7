"""The open ledger: its parts, and the entries of runs."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

from finhub_onboard.errors import ConfigurationError, LedgerError
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.ledger.sqlite.copies import only_copy
from finhub_onboard.ledger.sqlite.create import open_or_create
from finhub_onboard.ledger.sqlite.database import plainly
from finhub_onboard.ledger.sqlite.lease import SqliteLease, hold
from finhub_onboard.ledger.sqlite.looking import open_to_look
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.reading import SqliteReader
from finhub_onboard.ledger.sqlite.reserve import Reserve, describe_room, reserved
from finhub_onboard.ledger.sqlite.rows import facts_values

_RANGES = "call_ranges"
"""Entry of ``meta``: how many ranges of call numbers were given to writers."""
_RANGE_BITS = 32


class SqliteLedger(SqliteReader):
    """An open ledger that may be written (``ledger.ports.Ledger``)."""

    @classmethod
    def open(
        cls, path: Path, *, tenant_id: str, seed: str, create: bool = True, say: Callable[[str], None] = lambda _: None
    ) -> Self:
        """Open or create the ledger at ``path`` for one tenant and seed; to look at an existing one needs no seed.

        ``say`` is told before a ledger of an older version is converted: that can take minutes.
        Raises :class:`ConfigurationError` if it cannot be used or belongs to others: nothing was sent yet.
        """
        place, db, keys = open_or_create(path, tenant_id=tenant_id, seed=seed, create=create and bool(seed), say=say)
        return cls(place, db, keys)

    @classmethod
    @contextmanager
    def open_to_look(
        cls, path: Path, *, tenant_id: str, seed: str, say: Callable[[str], None] = lambda _: None
    ) -> Iterator[Self]:
        """Open an existing ledger for reading, also where it may not be written.

        Raises :class:`ConfigurationError` if there is none or it belongs to others.
        """
        with open_to_look(path, tenant_id=tenant_id, seed=seed, say=say) as (place, db, keys):
            yield cls(place, db, keys)

    def close(self) -> None:
        """Close the connections; nobody reads any more."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def note(self, name: str, value: str) -> None:
        """Store a value under a name for later runs, replacing the former one; an empty one deletes it."""
        with plainly(self.path), self._db:
            self._db.execute(sql("forget_meta"), (f"note_{name}",))
            if value:
                self._db.execute(sql("set_meta"), (f"note_{name}", value))

    def reserve_call_numbers(self) -> int:
        """Reserve ``2 ** 32`` call numbers and return the first.

        Earlier versions numbered all calls from 1: the first range begins after those, and a ledger that an earlier
        version has written to in between continues after its last call.
        """
        with plainly(self.path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            given = int(self._meta(_RANGES, LedgerError) or 0)
            (used,) = self._one("last_call_range", (_RANGE_BITS,))
            number: int = max(given, used) + 1
            self._db.execute(sql("set_meta"), (_RANGES, str(number)))
        return number << _RANGE_BITS

    def start_run(self, run_id: str, facts: dict[str, Any]) -> RunRecord:
        """Enter a new run; durable on return. Raises :class:`ConfigurationError`: nothing was sent yet."""
        now = time.time()
        with plainly(self.path, ConfigurationError), self._db:
            self._db.execute(
                sql("start_run"),
                (run_id, socket.gethostname(), os.getpid(), now, now, json.dumps(facts)),
            )
        return self.runs()[0]

    def note_run(self, number: int, facts: dict[str, Any]) -> None:
        """Replace what is known of a run and send a heartbeat; while it writes, its writer does so."""
        with plainly(self.path), self._db:
            self._db.execute(sql("note_run"), facts_values(number, facts, time.time()))

    def finish_run(self, number: int, *, exit_code: int, stopped_because: str, at: float | None = None) -> None:
        """Close the run, as of ``at`` or now."""
        with plainly(self.path), self._db:
            self._db.execute(
                sql("finish_run"),
                (time.time() if at is None else at, exit_code, stopped_because, number),
            )

    def acquire_lease(self) -> AbstractContextManager[SqliteLease]:
        """Context manager: the lease. Raises :class:`LockedError` with its holder and since when."""
        return hold(self.path, self._live)

    def only_copy(self) -> AbstractContextManager[None]:
        """Refuse to work beside a copy of the file. Raises :class:`LockedError` that names it."""
        return only_copy(self.ledger_id, self.path)

    def room(self, calls: int, *, say: Callable[[str], None]) -> AbstractContextManager[Reserve]:
        """Context manager: reserve disk space for so many calls; ``say`` is called if it is less than they may need."""
        return reserved(self.path, calls, say)

    def describe_room(self, calls: int) -> str:
        """Describe the free space. Raises :class:`ConfigurationError` if it is too little for so many calls."""
        return describe_room(self.path, calls)
