"""Rows counted by what they wait for: where and why they ended, and by which way they go on.

Promises: pure; the number of kinds is bounded; no personal data, only phases and codes.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from finhub_onboard.model import Disposition, Phase
from finhub_onboard.reports.files.rows import Result

_MAX_KINDS = 500


class Way(StrEnum):
    """How a row can go on."""

    CORRECTED = "corrected"
    """A person corrects it in the rejects file."""
    RUN_AGAIN = "run_again"
    """The same command tries it again."""
    OTHERWISE = "otherwise"
    """By what its disposition and code say."""


class Ending(NamedTuple):
    """Where and why rows ended, and their way on."""

    disposition: Disposition
    phase: str = ""
    code: str = ""
    way: Way = Way.OTHERWISE


class Endings:
    """Counts rows by their ending; further kinds beyond the limit lose their phase and code."""

    def __init__(self) -> None:
        self._count: Counter[Ending] = Counter()
        self._to_correct: Counter[tuple[Disposition, str]] = Counter()

    def feed(self, result: Result, way: Way = Way.OTHERWISE) -> None:
        """Count a row."""
        self.add(Ending(result.disposition, result.phase, result.code, way))
        if way is Way.CORRECTED:
            self.add_to_correct(result.disposition, result.source)

    def add_to_correct(self, disposition: Disposition, source: str) -> None:
        """Count a row in the rejects file of an input."""
        self._to_correct[disposition, source] += 1

    def to_correct(self, disposition: Disposition) -> dict[str, int]:
        """By input the rows with this disposition in its rejects file."""
        return {source: rows for (which, source), rows in self._to_correct.items() if which is disposition}

    def add(self, ending: Ending, rows: int = 1) -> None:
        """Count rows that ended alike."""
        if ending not in self._count and len(self._count) >= _MAX_KINDS:
            ending = Ending(ending.disposition, way=ending.way)
        self._count[ending] += rows

    def of(self, disposition: Disposition, *ways: Way) -> Iterator[tuple[str, int]]:
        """The codes of rows with this disposition, and one of these ways if any are named; the most frequent first."""
        codes: Counter[str] = Counter()
        for ending, rows in self._count.items():
            if ending.disposition is disposition and (not ways or ending.way in ways):
                codes[ending.code] += rows
        yield from sorted(codes.items(), key=lambda one: (-one[1], one[0]))

    def behind(self, until: Phase) -> int:
        """Pending rows that have completed the phase ``until`` and wait for nothing else."""
        return sum(
            rows
            for ending, rows in self._count.items()
            if ending.disposition is Disposition.PENDING and ending.way is Way.OTHERWISE and not ending.code
            if ending.phase and Phase(ending.phase).number > until.number
        )

    def phases(self, disposition: Disposition) -> list[tuple[str, int]]:
        """The phases of rows with this disposition, in order."""
        phases: Counter[str] = Counter()
        for ending, rows in self._count.items():
            if ending.disposition is disposition and ending.phase:
                phases[ending.phase] += rows
        return sorted(phases.items(), key=lambda one: Phase(one[0]).number)
