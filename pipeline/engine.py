"""Fan out: many customers at once, each with one request in flight, and stop gracefully.

The engine takes accepted rows as they are read, asks the ledger where each journey stands, lets a fixed number of
workers carry those that need it, and counts. It emits events and prints nothing. Memory: one batch of rows and the
customers being carried.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.errors import ExitCode, OnboardError, UnreadableInputError
from pipeline.events import Handler, Progress
from pipeline.gateway import Gateway
from pipeline.journey.moves import JourneyRules
from pipeline.journey.needs import Recorder
from pipeline.journey.state import enter, needs_visit
from pipeline.journey.traverse import Tools, Traverser
from pipeline.keys import Keys
from pipeline.model import CallRecord, Customer, Disposition, IntakeRow, Journey, Phase, Standing
from pipeline.outbound.pacing import Pacer
from pipeline.projection import disposition_of
from pipeline.settings import Settings
from pipeline.stopping import Stopper, StopRules, beside

_SLICE = 1000
_CUSTOMERS_PER_CALL = 4
_MOST_CUSTOMERS = 2048
_PROGRESS_S = 0.5

Find = Callable[[Sequence[bytes]], dict[bytes, Journey]]
Identify = Callable[[Sequence[tuple[bytes, bytes]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A customer that this run takes up."""

    customer: Customer
    journey: Journey
    was_parked: bool


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has become of the rows so far; for the progress display, the reports count anew."""

    total: int
    dispositions: Counter[Disposition]
    done: Counter[int]
    under_way: dict[bytes, int]
    begun: set[bytes]
    started: int = 0

    def note(self, journey: Journey) -> None:
        """A journey is handed in: one of those under way, for the first time or again."""
        self.under_way[journey.key] = journey.done
        if journey.key not in self.begun:
            self.begun.add(journey.key)
            self.started += 1

    def forget(self, key: bytes) -> None:
        """A customer is under way no more."""
        self.under_way.pop(key, None)
        self.begun.discard(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """The ledger's writer, with an eye on how far the customers under way are."""

    ledger: Recorder
    tally: Tally

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Hand in as ``Recorder`` says."""
        self.tally.note(journey)
        return self.ledger.post(journey, calls)


def journey_rules(settings: Settings) -> JourneyRules:
    """The settings that decide a customer's next move."""
    approval = settings.approval
    return JourneyRules(
        until=settings.journey.until,
        auto_levels=frozenset(approval.auto_levels) if approval.mode == "auto" else frozenset(),
        evidence_required=settings.consents.evidence == "required",
        verification_needs_document=settings.api.verification_path == "customer",
        verification_by_admin=settings.api.verification_path == "verifications",
        webhooks=bool(settings.api.webhook_subscription_id),
        max_tries=settings.retry.max_attempts,
    )


class Engine:
    """One run over the rows of the inputs."""

    def __init__(
        self,
        *,
        settings: Settings,
        keys: Keys,
        run: int,
        first_call: int,
        rows_total: int,
        gateway: Gateway,
        writer: Recorder,
        find: Find,
        identify: Identify,
        stopper: Stopper,
        pacer: Pacer,
        emit: Handler,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._run = run
        self._find = find
        self._identify = identify
        self._stopper = stopper
        self._pacer = pacer
        self._emit = emit
        self._rules = StopRules(settings)
        self._tally = Tally(total=rows_total, dispositions=Counter(), done=Counter(), under_way={}, begun=set())
        self._started = time.monotonic()
        self._unexpected: Exception | None = None
        self._tools = Tools(
            bank=gateway,
            ledger=_Watched(ledger=writer, tally=self._tally),
            stop=stopper,
            rules=journey_rules(settings),
            max_wait_s=settings.retry.max_wait_s,
            run=run,
            now=time.time,
            random=random.Random().random,  # noqa: S311 - jitter, not a secret
            number=itertools.count(first_call).__next__,
        )

    @property
    def started(self) -> int:
        """Journeys of this run that the ledger was told of."""
        return self._tally.started

    async def run(self, batches: Iterator[list[IntakeRow]]) -> None:
        """Carry all rows; returns when every customer rests or the run has stopped."""
        places = self._settings.limits.max_in_flight
        workers = min(_CUSTOMERS_PER_CALL * places, max(places, _MOST_CUSTOMERS))
        queue: asyncio.Queue[Work | None] = asyncio.Queue(maxsize=2 * workers)
        tasks = [asyncio.create_task(self._work(queue)) for _ in range(workers)]
        tasks.append(asyncio.create_task(self._fill(queue, batches, workers)))
        try:
            async with beside(self._report_progress()):
                results = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._emit(self._progress())
            if self._unexpected is not None:
                raise self._unexpected
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, OnboardError):
                raise result

    async def _fill(
        self, queue: "asyncio.Queue[Work | None]", batches: Iterator[list[IntakeRow]], workers: int
    ) -> None:
        """Read rows off the event loop and queue the customers that need a visit."""
        try:
            while not self._stopper.requested:
                batch = await asyncio.to_thread(next, batches, None)
                if batch is None:
                    break
                await self._queue_up(batch, queue)
        except UnreadableInputError as error:
            # Something was sent already: this is a run that stopped, not an input that was refused.
            self._stopper.request(str(error), ExitCode.STOPPED_EARLY, hint=error.hint)
        except OnboardError as error:
            self._stopper.error(error)
        finally:
            if self._stopper.requested:
                while not queue.empty():
                    queue.get_nowait()
            for _ in range(workers):
                await queue.put(None)

    async def _queue_up(self, batch: list[IntakeRow], queue: "asyncio.Queue[Work | None]") -> None:
        for start in range(0, len(batch), _SLICE):
            if self._stopper.requested:  # also what taking rows up writes would find a full disk
                return
            for work in await asyncio.to_thread(self._take_up, batch[start : start + _SLICE]):
                await queue.put(work)

    def _take_up(self, rows: Sequence[IntakeRow]) -> list[Work]:
        """Of these rows, the customers that this run carries; the others are counted."""
        wanted: list[Work] = []
        marks: list[tuple[bytes, bytes]] = []
        customers = [row.customer for row in rows if row.customer is not None]
        self._tally.dispositions[Disposition.REJECTED] += len(rows) - len(customers)
        keys = [self._keys.customer(customer.external_id) for customer in customers]
        known = self._find(keys)
        now = time.time()
        for key, customer in zip(keys, customers, strict=True):
            if key in self._tally.under_way:
                continue  # the input changed under our hands: nobody is carried by two workers at once
            journey, fingerprint = known.get(key), self._keys.fingerprint(customer)
            visit = needs_visit(journey, fingerprint)
            # What is or may come to the bank. Also of those that need no visit: a ledger of the first schema learns it.
            if visit or (journey and journey.fingerprint == fingerprint):
                marks += [(mark, key) for mark in self._keys.marks(customer).values()]
            if journey and journey.customer_id:
                marks.append((self._keys.id_mark(journey.customer_id), key))
            if not visit:
                self._count(journey, fingerprint)
                continue
            entered = enter(journey, key=key, fingerprint=fingerprint, run=self._run, now=now)
            was_parked = journey is not None and journey.standing is Standing.PARKED
            self._tally.under_way[key] = entered.done
            wanted.append(Work(customer=customer, journey=entered, was_parked=was_parked))
        self._identify(marks)
        return wanted

    async def _work(self, queue: "asyncio.Queue[Work | None]") -> None:
        while (work := await queue.get()) is not None:
            if self._stopper.requested:
                continue
            try:
                journey = await Traverser(self._tools, work.customer, work.journey).carry(was_parked=work.was_parked)
            except OnboardError as error:
                self._stopper.error(error)
                continue
            except Exception as error:  # noqa: BLE001 - a defect: stop, keep reading the queue, raise it at the end
                self._unexpected = self._unexpected or error
                self._stopper.request("unexpected failure", ExitCode.UNEXPECTED)
                continue
            self._count(journey, journey.fingerprint)
            if journey.standing is not Standing.OPEN and (reason := self._rules.feed(journey)):
                hint = "look at the causes in the report; the same command goes on where it ended"
                self._stopper.request(reason, ExitCode.STOPPED_EARLY, hint=hint)

    def _count(self, journey: Journey | None, fingerprint: bytes) -> None:
        self._tally.dispositions[disposition_of(journey, fingerprint, run=self._run)] += 1
        if journey is not None:
            self._tally.forget(journey.key)
        self._tally.done[journey.done if journey else 0] += 1

    async def _report_progress(self) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            self._emit(self._progress())

    def _progress(self) -> Progress:
        tally, count = self._tally, self._pacer.count
        rows_done = tally.dispositions.total()
        seconds = time.monotonic() - self._started
        left = tally.total - rows_done
        carried = self._rules.finished
        done = tally.done + Counter(tally.under_way.values())
        return Progress(
            at=seconds,
            rows_done=rows_done,
            rows_total=tally.total,
            dispositions=dict(tally.dispositions),
            phases={phase: sum(n for reached, n in done.items() if reached >= phase.number) for phase in Phase},
            calls=count.total,
            calls_per_second=float(count.current),
            in_flight=self._pacer.in_flight.taken,
            places=self._pacer.in_flight.limit,
            rate_asked=self._pacer.rate,
            eta_s=left * seconds / carried if carried else None,
        )
