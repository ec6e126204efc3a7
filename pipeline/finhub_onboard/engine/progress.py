"""How far a run is: what its display shows, emitted as an event now and then, and kept in the ledger for who looks."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from finhub_onboard.engine.stop_rules import StopRules
from finhub_onboard.engine.tally import Tally
from finhub_onboard.events import CauseCount, Handler, Progress
from finhub_onboard.model import Phase
from finhub_onboard.outbound.pacing.counters import Counters
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.ports import RateBudget

_PROGRESS_S = 0.5
_CAUSES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressMeter:
    """Reads what the parts of a run count."""

    tally: Tally
    rules: StopRules
    budget: RateBudget
    counters: Counters
    places: Places
    emit: Handler
    started: float = field(default_factory=time.monotonic)

    async def watch(self) -> None:
        """Report again and again."""
        while True:
            await asyncio.sleep(_PROGRESS_S)
            self.report()

    def report(self) -> None:
        """Emit how far the run is."""
        self.emit(self.measure())

    def measure(self) -> Progress:
        """How far the run is."""
        tally = self.tally
        rows_done = tally.dispositions.total()
        seconds = time.monotonic() - self.started
        left = tally.total - rows_done
        carried = self.rules.finished
        done = tally.done + Counter(tally.under_way.values())
        return Progress(
            at=seconds,
            rows_done=rows_done,
            rows_total=tally.total,
            dispositions=dict(tally.dispositions),
            phases={phase: sum(n for reached, n in done.items() if reached >= phase.number) for phase in Phase},
            calls=self.counters.total,
            calls_per_second=float(self.counters.in_last_second),
            in_flight=self.places.in_use,
            places=self.places.limit,
            rate_asked=self.budget.rate,
            rate_limit=self.budget.asked,
            refused=self.counters.refused_for_rate,
            causes=tuple(
                CauseCount(stage=stage, code=code, rows=rows)
                for (stage, code), rows in tally.causes.most_common(_CAUSES_SHOWN)
            ),
            eta_s=left * seconds / carried if carried else None,
        )
