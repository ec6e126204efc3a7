"""The rows of the reports: those of the intake joined with the ledger, a slice of each batch at a time.

Promise: every row that has something to report is told; the lines of finished customers whom nothing has changed come
as text, and no other row is built.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.former_readings import ids_as_known
from finhub_onboard.matching.incomplete import Known, any_weighed, weighed
from finhub_onboard.matching.requirements import Asked
from finhub_onboard.matching.run_facts import RunFacts
from finhub_onboard.model import CallRecord, IntakeRow, Journey, Violation
from finhub_onboard.reports.elsewhere import Elsewhere
from finhub_onboard.reports.projection import is_carried
from finhub_onboard.reports.unchanged import unchanged_lines

_SLICE = 1000
_TOGETHER = 5000
"""Finished customers whom the ledger is asked for at once."""
Told = tuple[IntakeRow, Journey | None, Sequence[CallRecord], bytes]
"""A row, its journey as of the run, the run's calls for it, and its fingerprint where there is a journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Consecutive records up to place ``end``: rows to tell of in order; the others by place, if they are not silent.

    ``unchanged``: the lines of finished customers. ``found``: what the intake found on rows that nothing else is known
    of, the violations first.
    """

    end: int
    told: Sequence[Told]
    unchanged: Mapping[int, str] = field(default_factory=dict)
    found: Mapping[int, Sequence[Violation]] = field(default_factory=dict)


Join = Callable[[JudgedBatch], Iterator[Part]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Joins with nothing: there is no ledger."""

    asked: Asked | None

    def __call__(self, batch: JudgedBatch) -> Iterator[Part]:
        """Yield the rows with findings of the intake."""
        for places in _slices(batch):
            found = {place: batch.found(place) for place in _spoken_of(batch, places)}
            rows = []
            if self.asked:
                incomplete = [place for place, findings in found.items() if any_weighed(findings)]
                rows = [weighed(row, None, self.asked) for row in batch.rows(incomplete)]
                found = {place: findings for place, findings in found.items() if place not in incomplete}
            yield Part(end=places.stop, told=[(row, None, (), b"") for row in rows], found=found)


class Joined:
    """Joins with the ledger as of run ``run``; ``elsewhere`` hears who has rows."""

    def __init__(self, facts: RunFacts, ledger: Reader, keys: Keys, elsewhere: Elsewhere, *, run: int) -> None:
        self._known = Known(facts, ledger, keys, run=run)
        self._evidence = Evidence(keys, facts.documents_root, facts.max_document_bytes)
        self._ledger = ledger
        self._keys = keys
        self._elsewhere = elsewhere
        self._run = run

    def __call__(self, batch: JudgedBatch) -> Iterator[Part]:
        """Yield the rows with findings of the intake or a journey in the ledger."""
        ids = ids_as_known(batch.ids, batch.former_ids(), self._keys, self._ledger.find)
        keys = {place: self._keys.customer(external_id) for place, external_id in enumerate(ids) if external_id}
        self._elsewhere.exclude(keys.values())
        lines = self._unchanged(batch, keys)
        for places in _slices(batch):
            unchanged = {place: lines[place] for place in places if place in lines}
            if len(unchanged) == len(places):
                yield Part(end=places.stop, told=(), unchanged=unchanged)
                continue
            others = {place: keys[place] for place in places if place in keys and place not in unchanged}
            journeys = self._ledger.find(list(others.values()), as_of=self._run or None)
            reported = {*_spoken_of(batch, places), *(place for place, key in others.items() if key in journeys)}
            # The ledger may have something against rows whose customers it does not know.
            asked = sorted(reported) if self._known.is_first else places
            calls, told = self._calls(journeys), []
            for row in self._known.judged(batch.rows([place for place in asked if place not in unchanged])):
                place = row.row_number - batch.first_row
                if row.customer is not None and place not in reported:
                    continue
                key = keys.get(place, b"")
                journey = journeys.get(key)
                fingerprint = self._evidence.fingerprint(row.customer, journey) if row.customer and journey else b""
                told.append((row, journey, calls.get(key, ()), fingerprint))
            yield Part(end=places.stop, told=told, unchanged=unchanged)

    def _unchanged(self, batch: JudgedBatch, keys: Mapping[int, bytes]) -> dict[int, str]:
        """The lines of finished customers about whose rows there is nothing else to report."""
        quiet = [place for place in batch.quiet(self._known.are_moot) if place in keys]
        # Neighbours among the keys are neighbours in the ledger: in their order they are found in half the time.
        quiet.sort(key=keys.__getitem__)
        lines: dict[int, str] = {}
        for start in range(0, len(quiet), _TOGETHER):
            places = quiet[start : start + _TOGETHER]
            finished = self._ledger.finished_before([keys[place] for place in places], self._run)
            known = {place: finished[keys[place]] for place in places if keys[place] in finished}
            lines |= unchanged_lines(batch, known, self._evidence)
        return lines

    def _calls(self, journeys: Mapping[bytes, Journey]) -> Mapping[bytes, Sequence[CallRecord]]:
        """The run's calls for each customer; it called for nobody whom it did not take up."""
        calls: dict[bytes, list[CallRecord]] = defaultdict(list)
        carried = [key for key, journey in journeys.items() if is_carried(journey, run=self._run)]
        for call in self._ledger.calls(carried, run=self._run):
            calls[call.key].append(call)
        return calls


def _slices(batch: JudgedBatch) -> Iterator[range]:
    for start in range(0, batch.height, _SLICE):
        yield range(start, min(start + _SLICE, batch.height))


def _spoken_of(batch: JudgedBatch, places: range) -> list[int]:
    """The places where the intake found something."""
    return [place for place in places if place in batch.violations or place in batch.findings]
