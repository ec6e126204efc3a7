"""The output of a rehearsal: a table for people, JSON for programs, and a sentence per faulty row."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

KEPT = "kept from onboarding though calm onboards them"
COLUMNS = ("scenario", "faults injected", "rows", "in doubt", "lost", "twice", KEPT)
_FIGURES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The result of a scenario; ``lost`` and ``twice`` are sentences by row. ``covered``: where the job was killed.

    ``customers`` and ``onboarded`` are the accepted and the finished rows of each trial, ``waiting`` says why a row is
    not finished; ``kept`` are the unfinished rows that a calm bank onboards.
    """

    scenario: str
    faults: Counter[str]
    rows: int
    in_doubt: int
    lost: Mapping[str, str]
    twice: Mapping[str, str]
    runs: int
    covered: str = ""
    customers: tuple[frozenset[str], ...] = ()
    onboarded: tuple[frozenset[str], ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()

    def kept_of(self, calm: frozenset[str]) -> tuple[str, ...]:
        """The unfinished rows of ``calm``, once per trial."""
        trials = zip(self.customers, self.onboarded, strict=True)
        return tuple(row for rows, done in trials for row in sorted((rows & calm) - done))

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it stands under ``COLUMNS``."""
        figures = (self.faults.total(), self.rows, self.in_doubt, len(self.lost), len(self.twice), len(self.kept))
        return (self.scenario, *map(str, figures))

    @property
    def told(self) -> str:
        """Say that the scenario is over, and how it went."""
        return (
            f"{self.scenario}: {self.faults.total()} faults, {self.runs} runs, {len(self.lost)} lost, "
            f"{len(self.twice)} twice"
        )


def as_rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """The table below ``COLUMNS``: a row per scenario and one of sums."""
    sums = (sum(int(line.cells[column]) for line in lines) for column in range(1, _FIGURES + 1))
    return [*(line.cells for line in lines), ("all", *map(str, sums))]


def covered(lines: Sequence[Line]) -> list[str]:
    """Where the job was killed, a sentence per scenario that kills."""
    return [f"{line.scenario}: {line.covered}" for line in lines if line.covered]


def as_json(lines: Sequence[Line]) -> str:
    """The same for a program, with the kinds of faults and what was found."""
    return json.dumps(
        [
            {
                "scenario": line.scenario,
                "faults_injected": line.faults.total(),
                "rows": line.rows,
                "in_doubt": line.in_doubt,
                "lost": len(line.lost),
                "twice": len(line.twice),
                "runs": line.runs,
                "kept_from_onboarding": len(line.kept),
                "kept": [f"{row}: {line.waiting.get(row, 'not finished')}" for row in line.kept],
                "faults": dict(sorted(line.faults.items())),
                "covered": line.covered,
                "found": [f"{place}: {said}" for found in (line.lost, line.twice) for place, said in found.items()],
            }
            for line in lines
        ],
        indent=2,
    )


def complaints(lines: Sequence[Line]) -> Iterator[str]:
    """A sentence for each row that was lost or came twice."""
    for line in lines:
        for what, found in (("lost", line.lost), ("twice", line.twice)):
            for place, said in found.items():
                yield f"{line.scenario}: {what}: {place}: {said}"
