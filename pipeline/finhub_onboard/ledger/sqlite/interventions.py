"""What a person does to customers between runs: answers for steps in doubt, redrives.

An act is numbered like a run and stands among the runs, so that ``history`` keeps how the customers stood before it and
the reports of earlier runs can be written again. Promises: an act and all that it changes are one transaction, durable
on return; memory does not grow with the customers it concerns. Whoever acts holds the ledger's lock.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from finhub_onboard.ledger.sqlite.database import connect, plainly
from finhub_onboard.ledger.sqlite.lock import Held
from finhub_onboard.ledger.sqlite.rows import (
    ADD_MARK,
    END_MARK,
    END_MARKS_OF,
    JOURNEY_COLUMNS,
    UPSERT_CUSTOMER,
    journey_values,
    read_journey,
)
from finhub_onboard.model import Journey, Standing

_SLICE = 1000
_IDS = ("customer_id", "user_id", "verification_id")


class Acts:
    """Reads whom a person may concern, and writes what was done; a connection of its own to the ledger.

    ``held`` is the lock that whoever acts holds: what is written while it is lost is not.
    """

    def __init__(self, path: Path, held: Held) -> None:
        self._path = path
        self._held = held
        with plainly(path):
            self._db = connect(path)

    @classmethod
    @contextmanager
    def of(cls, path: Path, held: Held) -> Iterator[Self]:
        """Open for the length of a block."""
        acts = cls(path, held)
        with closing(acts._db):
            yield acts

    def standing(self, standing: Standing) -> Iterator[Journey]:
        """Yield all customers who stand so; what is written meanwhile does not disturb."""
        names = ", ".join(JOURNEY_COLUMNS)
        after = b""
        sql = f"SELECT {names} FROM customer WHERE standing = ? AND key > ? ORDER BY key LIMIT {_SLICE}"  # noqa: S608
        while True:
            with plainly(self._path):
                found = [read_journey(row) for row in self._db.execute(sql, (standing, after))]
            yield from found
            if len(found) < _SLICE:
                return
            after = found[-1].key

    def owners(self, ids: Collection[str]) -> dict[tuple[str, str], set[bytes]]:
        """Who has these ids at the bank: (column, id) -> keys. One look at every customer."""
        wanted = set(ids)
        found: dict[tuple[str, str], set[bytes]] = {}
        if not wanted:
            return found
        with plainly(self._path):
            for key, *held in self._db.execute(f"SELECT key, {', '.join(_IDS)} FROM customer"):  # noqa: S608
                for name, value in zip(_IDS, held, strict=True):
                    if value in wanted:
                        found.setdefault((name, value), set()).add(key)
        return found

    def enter(
        self,
        run_id: str,
        command: str,
        facts: dict[str, Any],
        change: Callable[[int], Iterable[Journey]],
        *,
        marks: Iterable[tuple[bytes, bytes]] = (),
        corrected: Iterable[tuple[bytes, bytes]] = (),
        ended: Collection[bytes] = (),
    ) -> None:
        """Write the act ``run_id`` and the journeys that ``change`` yields for its number.

        ``marks`` are identity hashes (mark, key) that are valid from the act on; those ``corrected``, and all of the
        customers ``ended``, are valid no more.
        """
        now = time.time()
        facts = facts | {"command": command, "inputs": [], "out": ""}
        with plainly(self._path), self._held.transaction(self._db):
            number = self._db.execute(
                "INSERT INTO run (run_id, host, pid, started_at, heartbeat_at, finished_at, exit_code, facts)"
                " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                (run_id, socket.gethostname(), os.getpid(), now, now, now, json.dumps(facts)),
            ).lastrowid
            assert number is not None
            self._db.executemany(UPSERT_CUSTOMER, map(journey_values, change(number)))
            self._db.executemany(END_MARK, [(number, *mark) for mark in corrected])
            if ended:
                self._db.execute(END_MARKS_OF, (number, json.dumps([key.hex().upper() for key in ended])))
            self._db.executemany(ADD_MARK, [(*mark, number, *mark) for mark in marks])
