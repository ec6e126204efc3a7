"""What a person does to customers between runs: answers for unresolved steps, and ``retry``.

An intervention is numbered among the runs, so that ``history`` keeps the customers' states before it and the reports of
earlier runs can be written again. Promises: an intervention and all its changes are one transaction, durable on return;
memory does not grow with the number of customers.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from finhub_onboard.ledger.sqlite.database import Transactions, connect, plainly
from finhub_onboard.ledger.sqlite.filing import file_left
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.rows import journey_values, read_journey
from finhub_onboard.model import Journey, Standing

_SLICE = 1000
_IDS = ("customer_id", "user_id", "verification_id")


class SqliteInterventions:
    """Interventions (``ledger.ports``) on a connection of their own, written as the holder of ``lease``."""

    def __init__(self, path: Path, lease: Transactions) -> None:
        self._path = path
        self._lease = lease
        with plainly(path):
            self._db = connect(path)
            file_left(self._db, lambda: lease.transaction(self._db))

    @classmethod
    @contextmanager
    def opened(cls, path: Path, lease: Transactions) -> Iterator[Self]:
        """Open for the length of a block."""
        interventions = cls(path, lease)
        with closing(interventions._db):
            yield interventions

    def standing(self, standing: Standing) -> Iterator[Journey]:
        """Yield all customers of this status; concurrent writes are allowed."""
        after = b""
        while True:
            with plainly(self._path):
                rows = self._db.execute(sql("customers_of_standing"), (standing, after, _SLICE))
                journeys = [read_journey(row) for row in rows]
            yield from journeys
            if len(journeys) < _SLICE:
                return
            after = journeys[-1].key

    def owners(self, ids: Collection[str]) -> dict[tuple[str, str], set[bytes]]:
        """The owners of these ids at the bank: (column, id) -> keys. Reads every customer."""
        wanted = set(ids)
        keys: dict[tuple[str, str], set[bytes]] = {}
        if not wanted:
            return keys
        with plainly(self._path):
            for key, *ids_ in self._db.execute(sql("ids")):
                for name, value in zip(_IDS, ids_, strict=True):
                    if value in wanted:
                        keys.setdefault((name, value), set()).add(key)
        return keys

    def enter(
        self,
        run_id: str,
        command: str,
        customers: int,
        change: Callable[[int], Iterable[Journey]],
        *,
        hashes: Iterable[tuple[bytes, bytes]] = (),
        corrected: Iterable[tuple[bytes, bytes]] = (),
        ended: Collection[bytes] = (),
    ) -> None:
        """Write the intervention ``run_id`` and the journeys that ``change`` yields for its number, all or nothing.

        ``customers`` is how many they are.
        ``hashes`` are identity hashes (hash, key) that are valid from it on; those ``corrected``, and all of the
        customers ``ended``, are valid no more.
        """
        now = time.time()
        facts = {"customers": customers, "command": command, "inputs": [], "out": ""}
        with plainly(self._path), self._lease.transaction(self._db):
            number = self._db.execute(
                sql("enter_intervention"),
                (run_id, socket.gethostname(), os.getpid(), now, now, now, json.dumps(facts)),
            ).lastrowid
            assert number is not None
            self._db.executemany(sql("upsert_customer", table="customer"), map(journey_values, change(number)))
            self._db.executemany(sql("end_mark", table="identity"), [(number, *identity) for identity in corrected])
            if ended:
                self._db.execute(sql("end_marks_of"), (number, json.dumps([key.hex().upper() for key in ended])))
            self._db.executemany(sql("add_mark", table="identity"), [(number, *identity) for identity in hashes])
