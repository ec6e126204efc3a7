"""The progress of a run for the display; the reports count anew."""

from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from finhub_onboard.events import CallFinished, Handler, pseudonym
from finhub_onboard.journey.ports import Recorder
from finhub_onboard.model import CallRecord, Disposition, Journey, Phase, Violation
from finhub_onboard.reports.files.rows import INTAKE

_HELD_UP = frozenset((Disposition.FAILED, Disposition.DECLINED, Disposition.PARKED, Disposition.IN_DOUBT))


@dataclass(slots=True, kw_only=True)
class Tally:
    """Dispositions of rows so far, and phases completed by active customers."""

    total: int
    dispositions: Counter[Disposition] = field(default_factory=lambda: Counter({Disposition.REJECTED: 0}))
    done: Counter[int] = field(default_factory=Counter)
    under_way: dict[bytes, int] = field(default_factory=dict)
    begun: set[bytes] = field(default_factory=set)
    started: int = 0
    levels: dict[str, Counter[str]] = field(default_factory=dict)
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, journey: Journey) -> None:
        """A journey was posted."""
        self.under_way[journey.key] = journey.done
        if journey.key not in self.begun:
            self.begun.add(journey.key)
            self.started += 1

    def forget(self, key: bytes) -> None:
        """A customer is no longer active."""
        self.under_way.pop(key, None)
        self.begun.discard(key)

    def decided(self, category: str, level: str) -> None:
        """Count the bank's decision on the risk level of a customer of this category; empty: none."""
        if level:
            self.levels.setdefault(category, Counter())[level] += 1

    def count(self, disposition: Disposition, journey: Journey | None, violations: Sequence[Violation] = ()) -> None:
        """Count a finished row, once for each code that it came to rest with."""
        self.dispositions[disposition] += 1
        if disposition is not Disposition.REJECTED:
            self.done[journey.done if journey else 0] += 1
        if disposition is Disposition.REJECTED:
            self.causes.update({(INTAKE, violation.code) for violation in violations})
        elif journey and disposition in _HELD_UP:
            self.causes[journey.phase, journey.code] += 1

    def count_finished(self, rows: int) -> None:
        """Count rows of finished customers; which of them have changed only the reports find out."""
        self.dispositions[Disposition.UNCHANGED] += rows
        self.done[len(Phase)] += rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A recorder that also counts the progress of active customers."""

    ledger: Recorder
    tally: Tally
    emit: Handler

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Post as ``Recorder`` does."""
        self.tally.note(journey)
        for call in calls:
            if call.outcome:
                self.emit(
                    CallFinished(
                        phase=call.phase,
                        call=call.step,
                        verdict=call.outcome,
                        code=call.code,
                        seconds=call.seconds,
                        attempt=call.attempt,
                        customer=pseudonym(call.key),
                    )
                )
        return self.ledger.post(journey, calls)
