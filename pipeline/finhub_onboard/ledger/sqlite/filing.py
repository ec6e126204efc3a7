"""Files what is recent into the tables, step by step: between two steps more can be appended.

Each step is short enough for a run to wait for, and sorted, so that it writes each page once. Only the last one removes
the lines; what was appended meanwhile is then one new line. Promise: a death between two steps leaves every line where
it was, and what is filed already may be filed again.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain, islice
from typing import Any

from finhub_onboard.ledger.sqlite.calls import write_calls
from finhub_onboard.ledger.sqlite.kinds import KindNumbers
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Group, Recent, write_hashes, write_journeys
from finhub_onboard.model import CallRecord

_CUSTOMERS, _HASHES = 128, 512
"""So many are one step, each on a page of its own at worst."""


class Filing:
    """Files the entries of ``recent``; ``since`` are those that come meanwhile.

    Unless ``whole``, customers under way stay where they are, among those: they change soon again, and all calls of a
    customer become one row. But not a second time, those who ``stayed`` before. Identity hashes stay without
    ``hashes``.
    """

    def __init__(
        self,
        recent: Recent,
        kinds: KindNumbers,
        *,
        whole: bool = True,
        hashes: bool = True,
        stayed: Collection[bytes] = (),
    ) -> None:
        self._kinds = kinds
        self.staying = set() if whole else recent.under_way().difference(stayed)
        self.since = Recent(recent.run)
        self.since.take(
            Group(
                {key: recent.journeys[key] for key in self.staying},
                {number: call for number, call in recent.calls.items() if call.key in self.staying},
                [] if hashes else recent.hashes,
            )
        )
        journeys = [recent.journeys[key] for key in sorted(recent.journeys.keys() - self.staying)]
        calls = [call for number, call in recent.calls.items() if number not in self.since.calls]
        changes = sorted(recent.hashes, key=lambda change: change.identity) if hashes else []
        self._steps = deque[Callable[[sqlite3.Connection], None]]()
        self._steps += [partial(write_journeys, journeys=some) for some in _slices(journeys, _CUSTOMERS)]
        self._steps += [partial(write_hashes, changes=some, run=recent.run) for some in _slices(changes, _HASHES)]
        self._steps += [partial(self._write_calls, some) for some in _slices(_by_customer(calls), _CUSTOMERS)]

    @property
    def is_filed(self) -> bool:
        """Whether only the lines remain to be removed."""
        return not self._steps

    def step(self, db: sqlite3.Connection) -> None:
        """File some more entries; if it fails, it can be tried again."""
        self._steps[0](db)
        self._steps.popleft()

    def _write_calls(self, customers: list[list[CallRecord]], db: sqlite3.Connection) -> None:
        write_calls(db, chain.from_iterable(customers), self._kinds)

    def finish(self, db: sqlite3.Connection, number: int) -> None:
        """Replace all lines by one, ``number``, of what came meanwhile."""
        since = Group(self.since.journeys, self.since.calls, self.since.hashes)
        db.execute(sql("forget_recent"))
        if any(since):
            db.execute(sql("add_recent"), (number, self.since.run, Recent(self.since.run).pack(since)))


def file_left(db: sqlite3.Connection, transaction: Callable[[], AbstractContextManager[Any]]) -> None:
    """File what a run that died left."""
    left = Recent.read(db.execute(sql("recent")))
    if not left:
        return
    filing = Filing(left, KindNumbers())
    while not filing.is_filed:
        with transaction():
            filing.step(db)
    with transaction():
        filing.finish(db, 0)


def _by_customer(calls: list[CallRecord]) -> list[list[CallRecord]]:
    """The calls of each customer, the customers in the order of their last calls: their rows are then appended."""
    customers: dict[bytes, list[CallRecord]] = {}
    for call in calls:
        customers.setdefault(call.key, []).append(call)
    return sorted(customers.values(), key=lambda some: max(call.number for call in some))


def _slices(entries: list[Any], size: int) -> list[list[Any]]:
    left = iter(entries)
    return list(iter(lambda: list(islice(left, size)), []))
