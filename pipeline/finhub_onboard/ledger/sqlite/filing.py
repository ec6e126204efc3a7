"""Files what is recent into the tables, step by step: between two steps more can be appended.

Each step is short enough for a run to wait for, and sorted, so that it writes each page once. Only the last one removes
the lines; what was appended meanwhile is then one new line. Promise: a death between two steps leaves every line where
it was, and what is filed already may be filed again.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import Any

from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.ledger.sqlite.recent import Group, Recent, write_calls, write_hashes, write_journeys
from finhub_onboard.model import Standing

_JOURNEYS, _HASHES = 256, 1024
"""So many are one step, each on a page of its own at worst. The calls are one step: by time, their index is not."""


class Filing:
    """Files the entries of ``recent``; ``since`` are those that come meanwhile.

    Unless ``whole``, journeys under way stay where they are, among those: they change soon again. So do identity hashes
    without ``hashes``.
    """

    def __init__(self, recent: Recent, *, whole: bool = True, hashes: bool = True) -> None:
        stay = {} if whole else {key: each for key, each in recent.journeys.items() if each.standing is Standing.OPEN}
        self.since = Recent(recent.run)
        self.since.take(Group(stay, {}, [] if hashes else recent.hashes))
        journeys = [recent.journeys[key] for key in sorted(recent.journeys.keys() - stay.keys())]
        changes = sorted(recent.hashes, key=lambda change: change.identity) if hashes else []
        calls = [recent.calls[number] for number in sorted(recent.calls)]
        self._steps = deque[Callable[[sqlite3.Connection], None]]()
        self._steps += [partial(write_journeys, journeys=some) for some in _slices(journeys, _JOURNEYS)]
        self._steps += [partial(write_hashes, changes=some, run=recent.run) for some in _slices(changes, _HASHES)]
        self._steps += [partial(write_calls, calls=calls)] if calls else []

    @property
    def is_filed(self) -> bool:
        """Whether only the lines remain to be removed."""
        return not self._steps

    def step(self, db: sqlite3.Connection) -> None:
        """File some more entries; if it fails, it can be tried again."""
        self._steps[0](db)
        self._steps.popleft()

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
    filing = Filing(left)
    while not filing.is_filed:
        with transaction():
            filing.step(db)
    with transaction():
        filing.finish(db, 0)


def _slices(entries: list[Any], size: int) -> list[list[Any]]:
    left = iter(entries)
    return list(iter(lambda: list(islice(left, size)), []))
