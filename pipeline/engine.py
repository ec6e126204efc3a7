"""Fan out: many customers at once, each with one request in flight, and stop gracefully.

The engine takes accepted rows as they are read, asks the ledger where each journey stands, lets a fixed number of
workers carry those that need it, and counts. It emits events and prints nothing. Memory: one batch of rows and the
customers being carried.
"""

import asyncio
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.config import Settings
from pipeline.errors import ExitCode, OnboardError
from pipeline.events import Handler, Progress, Stopping
from pipeline.gateway import Gateway
from pipeline.journey.moves import JourneyRules
from pipeline.journey.policy import Judgement
from pipeline.journey.state import enter, needs_visit
from pipeline.journey.traverse import Recorder, Tools, Traverser
from pipeline.keys import Keys
from pipeline.model import Customer, Disposition, IntakeRow, Journey, Phase, Standing
from pipeline.outbound.pacing import Pacer
from pipeline.projection import disposition_of

_SLICE = 1000
_CUSTOMERS_PER_CALL = 4
_MOST_CUSTOMERS = 2048
_PROGRESS_S = 0.5
_SAME_CAUSE = 50

Find = Callable[[Sequence[bytes]], dict[bytes, Journey]]


class Stopper:
    """Whether and why the run stops; the first reason counts. Fulfils ``pipeline.journey.traverse.Stop``."""

    def __init__(self, pacer: Pacer, emit: Handler) -> None:
        self._pacer = pacer
        self._emit = emit
        self.requested = False
        self.reason = ""
        self.hint = ""
        self.exit_code = ExitCode.OK
        self._stop_now: Callable[[], None] = lambda: None

    def request(self, reason: str, exit_code: ExitCode, *, hint: str = "") -> None:
        """Let nothing new leave; what is under way finishes."""
        if self.requested:
            return
        self.requested, self.reason, self.hint, self.exit_code = True, reason, hint, exit_code
        self._emit(Stopping(reason=reason))
        self._pacer.halt()

    def fatal(self, judgement: Judgement, message: str) -> None:
        """A reply concerns the whole run."""
        self.request(message, judgement.exit_code, hint=judgement.hint)

    def error(self, error: OnboardError) -> None:
        """Something stopped the run that is not a reply to a customer's call."""
        self.request(str(error), error.exit_code, hint=error.hint)

    def bank_is_down(self, reason: str) -> None:
        """The bank does not come back: leave what is not finished pending."""
        hint = "wait until the bank is back; the same command goes on where it ended"
        self.request(f"the bank is down: {reason}", ExitCode.STOPPED_EARLY, hint=hint)

    async def pause(self, seconds: float) -> None:
        """Sleep, but not longer than the run goes on."""
        if seconds > 0:
            await self._pacer.pause(seconds)

    def on_second_signal(self, stop_now: Callable[[], None]) -> None:
        """What a second signal does."""
        self._stop_now = stop_now

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to SIGINT and SIGTERM: the first drains, the second stops now."""
        loop = asyncio.get_running_loop()
        codes = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
        for name, code in codes.items():
            loop.add_signal_handler(name, self._signalled, name, code)
        try:
            yield
        finally:
            for name in codes:
                loop.remove_signal_handler(name)

    def _signalled(self, name: signal.Signals, code: ExitCode) -> None:
        if self.requested:
            self._stop_now()
            return
        hint = "the same command goes on where it ended"
        self.request(f"{name.name}: calls under way finish; a second signal stops now", code, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A customer that this run takes up."""

    customer: Customer
    journey: Journey
    was_parked: bool


class StopRules:
    """When failures are too many (DESIGN 3.4, ``[stop]``), or all the same. Pure but for its counts."""

    def __init__(self, settings: Settings) -> None:
        self._stop = settings.stop
        self._last: tuple[str, str, str] | None = None
        self._same = 0
        self.finished = 0
        self.failed = 0

    def feed(self, journey: Journey) -> str:
        """Count one finished customer; the reason to stop, or nothing."""
        self.finished += 1
        if journey.standing not in (Standing.FAILED, Standing.IN_DOUBT):
            self._same, self._last = 0, None
            return ""
        self.failed += 1
        signature = (journey.phase, journey.code, journey.field)
        self._same = self._same + 1 if signature == self._last else 1
        self._last = signature
        if self._same >= _SAME_CAUSE:
            return f"{self._same} customers in a row ended with the same cause: {journey.phase}, {journey.code}"
        if self._stop.max_failed_rows and self.failed >= self._stop.max_failed_rows:
            return f"{self.failed} customers failed or are in doubt (stop.max_failed_rows)"
        percent = 100 * self.failed / self.finished
        if self.finished >= self._stop.min_rows and percent > self._stop.max_failed_percent:
            return f"{percent:.0f} % of {self.finished} customers failed or are in doubt (stop.max_failed_percent)"
        return ""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has become of the rows so far; for the progress display, the reports count anew."""

    total: int
    dispositions: Counter[Disposition]
    done: Counter[int]


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
        stopper: Stopper,
        pacer: Pacer,
        emit: Handler,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._run = run
        self._find = find
        self._stopper = stopper
        self._pacer = pacer
        self._emit = emit
        self._rules = StopRules(settings)
        self._tally = Tally(total=rows_total, dispositions=Counter(), done=Counter())
        self._started = time.monotonic()
        approval = settings.approval
        self._tools = Tools(
            bank=gateway,
            ledger=writer,
            stop=stopper,
            rules=JourneyRules(
                until=settings.journey.until,
                auto_levels=frozenset(approval.auto_levels) if approval.mode == "auto" else frozenset(),
                evidence_required=settings.consents.evidence == "required",
                verification_needs_document=settings.api.verification_path == "customer",
                webhooks=bool(settings.api.webhook_subscription_id),
                max_tries=settings.retry.max_attempts,
            ),
            max_wait_s=settings.retry.max_wait_s,
            run=run,
            now=time.time,
            random=random.Random().random,  # noqa: S311 - jitter, not a secret
            number=itertools.count(first_call).__next__,
        )

    async def run(self, batches: Iterator[list[IntakeRow]]) -> None:
        """Carry all rows; returns when every customer rests or the run has stopped."""
        places = self._settings.limits.max_in_flight
        workers = min(_CUSTOMERS_PER_CALL * places, max(places, _MOST_CUSTOMERS))
        queue: asyncio.Queue[Work | None] = asyncio.Queue(maxsize=2 * workers)
        progress = asyncio.create_task(self._report_progress())
        tasks = [asyncio.create_task(self._work(queue)) for _ in range(workers)]
        tasks.append(asyncio.create_task(self._fill(queue, batches, workers)))
        watch = asyncio.create_task(self._deadline())

        def stop_now() -> None:
            for task in tasks:
                task.cancel()

        self._stopper.on_second_signal(stop_now)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for task in (progress, watch):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._emit(self._progress())
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError | OnboardError):
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
                for start in range(0, len(batch), _SLICE):
                    for work in await asyncio.to_thread(self._take_up, batch[start : start + _SLICE]):
                        await queue.put(work)
        except OnboardError as error:
            self._stopper.error(error)
        finally:
            if self._stopper.requested:
                while not queue.empty():
                    queue.get_nowait()
            for _ in range(workers):
                await queue.put(None)

    def _take_up(self, rows: Sequence[IntakeRow]) -> list[Work]:
        """Of these rows, the customers that this run carries; the others are counted."""
        wanted: list[Work] = []
        customers = [row.customer for row in rows if row.customer is not None]
        self._tally.dispositions[Disposition.REJECTED] += len(rows) - len(customers)
        keys = [self._keys.customer(customer.external_id) for customer in customers]
        known = self._find(keys)
        now = time.time()
        for key, customer in zip(keys, customers, strict=True):
            journey, fingerprint = known.get(key), self._keys.fingerprint(customer)
            if not needs_visit(journey, fingerprint):
                self._count(journey, fingerprint)
                continue
            entered = enter(journey, key=key, fingerprint=fingerprint, run=self._run, now=now)
            was_parked = journey is not None and journey.standing is Standing.PARKED
            wanted.append(Work(customer=customer, journey=entered, was_parked=was_parked))
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
            self._count(journey, journey.fingerprint)
            if journey.standing is not Standing.OPEN and (reason := self._rules.feed(journey)):
                hint = "look at the causes in the report; the same command goes on where it ended"
                self._stopper.request(reason, ExitCode.STOPPED_EARLY, hint=hint)

    def _count(self, journey: Journey | None, fingerprint: bytes) -> None:
        self._tally.dispositions[disposition_of(journey, fingerprint, run=self._run)] += 1
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
        return Progress(
            at=seconds,
            rows_done=rows_done,
            rows_total=tally.total,
            dispositions=dict(tally.dispositions),
            phases={phase: sum(n for done, n in tally.done.items() if done >= phase.number) for phase in Phase},
            calls=count.total,
            calls_per_second=float(count.current),
            in_flight=self._pacer.under_way,
            rate_asked=self._pacer.rate,
            eta_s=left * seconds / carried if carried else None,
        )

    async def _deadline(self) -> None:
        at = deadline_at(self._settings.stop.deadline, datetime.now().astimezone())
        if at is None:
            return
        await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
        self._stopper.request(
            f"the deadline {self._settings.stop.deadline} has come",
            ExitCode.STOPPED_EARLY,
            hint="the same command goes on where it ended",
        )


def deadline_at(deadline: str, now: datetime) -> datetime | None:
    """When a run started at ``now`` (aware) must stop: "HH:MM" is the next such local time, else an ISO instant."""
    if not deadline:
        return None
    with suppress(ValueError):
        clock = datetime.strptime(deadline, "%H:%M")  # noqa: DTZ007 - a time of day, made aware below
        at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    at = datetime.fromisoformat(deadline)
    return at if at.tzinfo else at.astimezone()
