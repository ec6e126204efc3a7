"""Files what is recent into the tables, step by step: between two steps more can be appended.

Each step is short enough for a run to wait for, and sorted, so that it writes each page once. Who calls removes the
lines in the end. Promise: a death between two steps leaves every line where it was, and what is filed already may be
filed again.
"""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any

from finhub_onboard.ledger.sqlite.calls import write_calls
from finhub_onboard.ledger.sqlite.kinds import KindNumbers
from finhub_onboard.ledger.sqlite.queries import ROWS, slices, sql
from finhub_onboard.ledger.sqlite.recent import Group, HashChange, Recent, write_hashes, write_journeys
from finhub_onboard.model import CallRecord, Journey

_CUSTOMERS, _HASHES = ROWS, 4 * ROWS
"""So many are one step, each on a page of its own at worst."""
_identity_of = attrgetter("identity")


class Filing:
    """Files the entries of ``recent``; ``since`` are those that come meanwhile, lines of the next ``generation``.

    Unless ``whole``, customers under way stay and are carried into that generation: they change soon again, and all
    calls of a customer become one row. But not a second time, those who ``stayed`` before. Identity hashes stay where
    they are without ``hashes``.
    """

    def __init__(
        self,
        recent: Recent,
        kinds: KindNumbers,
        *,
        generation: int = 0,
        whole: bool = True,
        hashes: bool = True,
        stayed: Collection[bytes] = (),
    ) -> None:
        self._recent, self._kinds = recent, kinds
        self.since = Recent(recent.run, generation)
        self.files_hashes = hashes
        self.staying = set() if whole else recent.under_way().difference(stayed)
        self._calls: dict[bytes, list[CallRecord]] = defaultdict(list)
        for call in recent.calls.values():
            self._calls[call.key].append(call)
        journeys = [recent.journeys[key] for key in sorted(recent.journeys.keys() - self.staying)]
        # In the order of their last calls their rows are appended.
        calls = sorted((self._calls[key] for key in self._calls.keys() - self.staying), key=_last_number)
        self._steps = deque[Callable[[sqlite3.Connection], Group | None]]()
        self._steps += [partial(self._write_journeys, some) for some in slices(journeys, _CUSTOMERS)]
        self._steps += [partial(self._write_hashes, some) for some in _near(recent.hashes if hashes else (), _HASHES)]
        self._steps += [partial(self._write_calls, some) for some in slices(calls, _CUSTOMERS)]
        self._steps += [partial(self._carried, some) for some in slices(sorted(self.staying), _CUSTOMERS)]

    @property
    def is_filed(self) -> bool:
        """Whether only the lines remain to be removed."""
        return not self._steps

    def step(self, db: sqlite3.Connection) -> Group | None:
        """File some more entries; what is returned must be appended in the same transaction."""
        return self._steps.popleft()(db)

    def _write_journeys(self, journeys: list[Journey], db: sqlite3.Connection) -> None:
        write_journeys(db, journeys)

    def _write_hashes(self, changes: list[HashChange], db: sqlite3.Connection) -> None:
        write_hashes(db, sorted(changes, key=_identity_of), self._recent.run)

    def _write_calls(self, customers: list[list[CallRecord]], db: sqlite3.Connection) -> None:
        write_calls(db, chain.from_iterable(customers), self._kinds)

    def _carried(self, keys: list[bytes], _db: sqlite3.Connection) -> Group:
        """What customers have who stay, but for newer entries, which are in the next generation already."""
        known = self.since
        calls = (call for key in keys for call in self._calls.get(key, ()))
        return Group(
            {key: self._recent.journeys[key] for key in keys if key not in known.journeys},
            {call.number: call for call in calls if call.number not in known.calls},
            [],
        )


def file_left(db: sqlite3.Connection, transaction: Callable[[], AbstractContextManager[Any]]) -> None:
    """File what a run that died left."""
    left = Recent.read(db.execute(sql("recent")))
    filing = Filing(left, KindNumbers())
    while not filing.is_filed:
        with transaction():
            filing.step(db)
    with transaction():
        db.execute(sql("forget_recent"))


def _last_number(calls: list[CallRecord]) -> int:
    return calls[-1].number


def _near(changes: Iterable[HashChange], size: int) -> Iterator[list[HashChange]]:
    """Slices that have about ``size`` changes of neighbouring hashes; those of a hash stay in their order."""
    parts: dict[bytes, list[HashChange]] = defaultdict(list)
    for change in changes:
        parts[change.identity[:1]].append(change)
    some: list[HashChange] = []
    for first in sorted(parts):
        some += parts[first]
        if len(some) >= size:
            yield some
            some = []
    if some:
        yield some
