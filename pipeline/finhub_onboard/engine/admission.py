"""Decides which rows a run takes up: judged rows are joined with the ledger and become work, or are only counted.

A joiner of keys, ledger, evidence and the journey's rules. Promise: a customer is active once at most, whatever the
input contains. Memory: one batch of rows and the active customers.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tally import Tally
from finhub_onboard.engine.work_source import Work
from finhub_onboard.journey import taking_up
from finhub_onboard.journey.identities import Identities
from finhub_onboard.journey.levels import level_of
from finhub_onboard.keys import Keys
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Customer, Disposition, IntakeRow, Journey
from finhub_onboard.reports.projection import disposition_of_row

Find = Callable[[Sequence[bytes]], dict[bytes, Journey]]
Identify = Callable[[Sequence[tuple[bytes, bytes]]], None]


@dataclass(slots=True, kw_only=True)
class Admission:
    """The work source of rows (``work_source.WorkSource``): admits them as ``batches`` are read.

    ``find`` reads the ledger, ``identify`` posts the identity hashes that it lacks. ``restored``: up to which time a
    restored ledger knows what happened; else 0.
    """

    batches: Iterator[list[IntakeRow]]
    keys: Keys
    evidence: Evidence
    identities: Identities
    tally: Tally
    find: Find
    identify: Identify
    stopper: Stopper
    run: int
    now: Callable[[], float]
    restored: float = 0.0
    _admitted: deque[Work] = field(default_factory=deque, init=False)

    async def take(self, n: int) -> list[Work]:
        """The next customers that need work, read off the event loop; empty at the end, or once the run stops."""
        while not self._admitted:
            batch = await asyncio.to_thread(next, self.batches, None)
            # None once the run stops, because taking customers up writes to the ledger.
            if batch is None or self.stopper.requested:
                return []
            self._admitted.extend(await asyncio.to_thread(self._admit, batch))
        return [self._admitted.popleft() for _ in range(min(n, len(self._admitted)))]

    def finish(self, work: Work, journey: Journey) -> Disposition:
        """Count a finished customer; return the row's disposition."""
        self.tally.forget(journey.key)
        self.tally.decided(work.customer.category, level_of(journey))
        self.identities.forget(journey.key)
        return self._count(work.row, journey, work.visit.row)

    def _admit(self, rows: Sequence[IntakeRow]) -> list[Work]:
        """The customers among these rows that this run carries; the others are counted."""
        wanted: list[Work] = []
        lacking: list[tuple[bytes, bytes]] = []
        keys = [self.keys.customer(row.external_id) if row.external_id else b"" for row in rows]
        known = self.find([key for key in keys if key])
        for key, row in zip(keys, rows, strict=True):
            journey, customer = known.get(key), row.customer
            if customer is None:
                self._count(row, journey, b"")
                continue
            if key in self.tally.under_way:
                continue  # the input changed meanwhile: no customer may be carried by two workers at once
            fingerprint = self.evidence.fingerprint(customer, journey)
            visited = taking_up.needs_visit(journey, fingerprint, restored=bool(self.restored))
            if journey:
                lacking += self.identities.lacking(journey, customer, fingerprint, visited=visited)
            if visited:
                wanted.append(self._work(key, row, customer, journey, fingerprint))
            else:
                self._count(row, journey, fingerprint)
        if lacking:
            self.identify(lacking)
        return wanted

    def _work(
        self, key: bytes, row: IntakeRow, customer: Customer, journey: Journey | None, fingerprint: bytes
    ) -> Work:
        if journey is not None:
            self.stopper.take_up(journey)
        email = self.keys.email_hash(customer.email)
        entered = taking_up.enter(
            journey,
            key=key,
            fingerprint=fingerprint,
            email=email,
            run=self.run,
            now=self.now(),
            restored=bool(self.restored),
        )
        entered = replace(entered, sealed_id=entered.sealed_id or self.keys.seal(row.external_id))
        visit = taking_up.begin_visit(entered, row=fingerprint, email=email, restored=self.restored)
        self.tally.under_way[key] = entered.done
        self.identities.begin(key, customer, journey)
        return Work(row=row, customer=customer, journey=entered, visit=visit)

    def _count(self, row: IntakeRow, journey: Journey | None, fingerprint: bytes) -> Disposition:
        disposition = disposition_of_row(row, journey, fingerprint, run=self.run)
        self.tally.count(disposition, journey, row.violations)
        return disposition
