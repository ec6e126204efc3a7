"""Fan out: many customers concurrently, each with one request in flight, and a graceful stop.

The engine takes accepted rows as they are read, looks up their journeys in the ledger, lets a fixed number of workers
carry those that need it, and counts. It emits events and prints nothing. Memory: one batch of rows and the active
customers.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.admission import Admission, Find, Identify, Work
from finhub_onboard.engine.bank_settings import patience_of
from finhub_onboard.engine.gateway import Gateway
from finhub_onboard.engine.stop_rules import Cause, StopRules
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tally import Tally, Watched
from finhub_onboard.engine.tasks import beside
from finhub_onboard.errors import ExitCode, OnboardError, UnreadableInputError
from finhub_onboard.events import CustomerFinished, Handler, Progress
from finhub_onboard.journey.identities import Book, Identities
from finhub_onboard.journey.traverse import Tools, Traverser
from finhub_onboard.keys import Keys
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.requirements import journey_rules
from finhub_onboard.model import IntakeRow, Phase, Standing
from finhub_onboard.outbound.pacing.counters import Counters
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.ports import RateBudget

_CUSTOMERS_PER_CALL = 4
_MOST_CUSTOMERS = 2048
_PROGRESS_S = 0.5


class Engine:
    """One run over the rows of the inputs."""

    def __init__(
        self,
        *,
        settings: Settings,
        keys: Keys,
        evidence: Evidence,
        run: int,
        first_call: int,
        rows_total: int,
        gateway: Gateway,
        writer: Book,
        find: Find,
        identify: Identify,
        stopper: Stopper,
        budget: RateBudget,
        counters: Counters,
        places: Places,
        emit: Handler,
        now: Callable[[], float] = time.time,
        stopped_by: Cause | None = None,
        restored: float = 0.0,
    ) -> None:
        self._settings = settings
        self._stopper = stopper
        self._budget = budget
        self._counters = counters
        self._places = places
        self._emit = emit
        self._rules = StopRules(settings, stopped_by=stopped_by)
        self._looked = asyncio.Event()
        self._aside: list[Work] = []
        self._started = time.monotonic()
        self._unexpected: Exception | None = None
        self._tally = Tally(total=rows_total)
        identities = Identities(writer, keys)
        self._admission = Admission(
            keys=keys,
            evidence=evidence,
            identities=identities,
            tally=self._tally,
            find=find,
            identify=identify,
            noticed=stopper.take_up,
            run=run,
            now=now,
            restored=restored,
        )
        self._tools = Tools(
            bank=gateway,
            ledger=Watched(ledger=identities, tally=self._tally, emit=emit),
            stop=stopper,
            rules=journey_rules(settings),
            patience=patience_of(settings, random.Random().random),  # noqa: S311 - jitter, not a secret
            run=run,
            now=now,
            number=itertools.count(first_call).__next__,
        )

    @property
    def started(self) -> int:
        """The number of journeys of this run that were posted to the ledger."""
        return self._tally.started

    @property
    def levels(self) -> dict[str, dict[str, int]]:
        """The bank's decisions on risk levels, by category."""
        return {category: dict(counts) for category, counts in self._tally.levels.items()}

    @property
    def stopped_by(self) -> Cause | None:
        """The cause that the next run must check first."""
        return self._rules.stopped_by

    async def run(self, batches: Iterator[list[IntakeRow]]) -> None:
        """Carry all rows; returns when every customer has stopped, or the run has.

        If one cause stopped the last run, one customer goes first. Customers that were set aside come last.
        """
        places = self._settings.limits.max_in_flight
        workers = min(_CUSTOMERS_PER_CALL * places, max(places, _MOST_CUSTOMERS))
        queue: asyncio.Queue[Work | None] = asyncio.Queue(maxsize=2 * workers)
        if not self.stopped_by:
            self._looked.set()
        tasks = [asyncio.create_task(self._work(queue, first=not worker)) for worker in range(workers)]
        tasks.append(asyncio.create_task(self._fill(queue, batches, workers)))
        try:
            async with beside(self._report_progress()):
                results = await asyncio.gather(*tasks, return_exceptions=True)
                while self._aside and not self._stopper.requested:
                    aside, self._aside = self._aside, []
                    results += await asyncio.gather(*map(self._carry, aside), return_exceptions=True)
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
                for work in await self._admitted(batch):
                    await queue.put(work)
        except UnreadableInputError as error:
            # Calls were sent already, so the run stops instead of refusing the input.
            self._stopper.request(str(error), ExitCode.STOPPED_EARLY, hint=error.hint)
        except OnboardError as error:
            self._stopper.error(error)
        finally:
            if self._stopper.requested:
                while not queue.empty():
                    queue.get_nowait()
            for _ in range(workers):
                await queue.put(None)

    async def _admitted(self, batch: list[IntakeRow]) -> list[Work]:
        """The customers to carry; none once the run stops, because taking them up writes to the ledger."""
        return [] if self._stopper.requested else await asyncio.to_thread(self._admission.admitted, batch)

    async def _work(self, queue: "asyncio.Queue[Work | None]", *, first: bool) -> None:
        """Carry one customer after the other; after a stop by one cause the other workers wait for the first."""
        if not first:
            await self._looked.wait()
        while (work := await queue.get()) is not None:
            if not self._stopper.requested:
                await self._carry(work)
            self._looked.set()
        self._looked.set()

    async def _carry(self, work: Work) -> None:
        traverser = Traverser(self._tools, work.customer, work.journey, work.visit)
        try:
            journey = await traverser.carry()
        except OnboardError as error:
            self._stopper.error(error)
            return
        except Exception as error:  # noqa: BLE001 - a defect: stop, keep reading the queue, raise it at the end
            self._unexpected = self._unexpected or error
            self._stopper.request("unexpected failure", ExitCode.UNEXPECTED)
            return
        if traverser.is_aside:
            self._aside.append(replace(work, journey=journey))
            return
        disposition = self._admission.ended(work, journey)
        self._emit(CustomerFinished(phase=journey.phase, disposition=disposition, code=journey.code))
        was_interrupted = journey.standing is Standing.OPEN and self._stopper.requested
        if not was_interrupted and (reason := self._rules.feed(journey)):
            hint = "look at the causes in the report; the same command goes on where it ended"
            self._stopper.request(reason, ExitCode.STOPPED_EARLY, hint=hint)

    async def _report_progress(self) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            self._emit(self._progress())

    def _progress(self) -> Progress:
        tally, counters = self._tally, self._counters
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
            calls=counters.total,
            calls_per_second=float(counters.in_last_second),
            in_flight=self._places.in_use,
            places=self._places.limit,
            rate_asked=self._budget.rate,
            eta_s=left * seconds / carried if carried else None,
        )
