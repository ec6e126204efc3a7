"""Fan out: many customers concurrently, each with one request in flight, and a graceful stop.

The engine takes customers from a work source and lets a fixed number of workers carry them. Knows no input, no ledger
and no bank; prints nothing. Memory: the active customers and as many in the queue.
"""

import asyncio
from dataclasses import replace

from finhub_onboard.engine.progress import ProgressMeter
from finhub_onboard.engine.stop_rules import StopRules
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tasks import beside
from finhub_onboard.engine.work_source import Work, WorkSource
from finhub_onboard.errors import ExitCode, OnboardError, UnreadableInputError
from finhub_onboard.events import CustomerFinished, Handler, pseudonym
from finhub_onboard.journey.traverse import Tools, Traverser
from finhub_onboard.model import Standing

_CUSTOMERS_PER_CALL = 4
_MOST_CUSTOMERS = 2048
_BEGUN_AT_ONCE = 8  # in a turn of the event loop, so that nothing else waits for hundreds of them


class Engine:
    """Carries the customers of one run; how many at a time follows from ``max_in_flight``, the most calls under way."""

    def __init__(
        self,
        source: WorkSource,
        tools: Tools,
        *,
        stopper: Stopper,
        rules: StopRules,
        meter: ProgressMeter,
        emit: Handler,
        max_in_flight: int,
    ) -> None:
        self._source = source
        self._tools = tools
        self._stopper = stopper
        self._rules = rules
        self._meter = meter
        self._emit = emit
        self._workers = min(_CUSTOMERS_PER_CALL * max_in_flight, max(max_in_flight, _MOST_CUSTOMERS))
        self._looked = asyncio.Event()
        self._aside: list[Work] = []
        self._unexpected: Exception | None = None

    async def run(self) -> None:
        """Carry all customers; returns when every customer has stopped, or the run has.

        If one cause stopped the last run, one customer goes first. Customers that were set aside come last.
        """
        queue: asyncio.Queue[Work | None] = asyncio.Queue(maxsize=2 * self._workers)
        if not self._rules.stopped_by:
            self._looked.set()
        tasks = [asyncio.create_task(self._work(queue, first=not worker)) for worker in range(self._workers)]
        tasks.append(asyncio.create_task(self._fill(queue)))
        try:
            async with beside(self._meter.watch()):
                results = await asyncio.gather(*tasks, return_exceptions=True)
                while self._aside and not self._stopper.requested:
                    aside, self._aside = self._aside, []
                    results += await asyncio.gather(*map(self._carry, aside), return_exceptions=True)
        finally:
            self._meter.report()
            if self._unexpected is not None:
                raise self._unexpected
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, OnboardError):
                raise result

    async def _fill(self, queue: "asyncio.Queue[Work | None]") -> None:
        """Queue the customers that need work."""
        try:
            while not self._stopper.requested and (taken := await self._source.take(queue.maxsize)):
                for number, work in enumerate(taken):
                    await queue.put(work)
                    if number % _BEGUN_AT_ONCE == 0:
                        await asyncio.sleep(0)
        except UnreadableInputError as error:
            # Calls were sent already, so the run stops instead of refusing the input.
            self._stopper.request(str(error), ExitCode.STOPPED_EARLY, hint=error.hint)
        except OnboardError as error:
            self._stopper.error(error)
        finally:
            if self._stopper.requested:
                while not queue.empty():
                    queue.get_nowait()
            for _ in range(self._workers):
                await queue.put(None)

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
        disposition = self._source.finish(work, journey)
        self._emit(
            CustomerFinished(
                phase=journey.phase, disposition=disposition, code=journey.code, customer=pseudonym(journey.key)
            )
        )
        was_interrupted = journey.standing is Standing.OPEN and self._stopper.requested
        # What an earlier run left in doubt and nobody could settle is no new failure: it would end every night.
        is_known = journey.standing is Standing.IN_DOUBT and journey.doubts == work.journey.doubts
        if not (was_interrupted or is_known) and (reason := self._rules.feed(journey)):
            hint = "look at the causes in the report; the same command goes on where it ended"
            self._stopper.request(reason, ExitCode.STOPPED_EARLY, hint=hint)
