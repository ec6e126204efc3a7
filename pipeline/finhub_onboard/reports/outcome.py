"""How a run ended, and what came of its reports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from finhub_onboard.errors import ExitCode
from finhub_onboard.matching.bad_rows import BadRows
from finhub_onboard.matching.run_facts import RunProgress
from finhub_onboard.model import Disposition
from finhub_onboard.model.nights import SinceLastRun
from finhub_onboard.reports.files.causes import Cause
from finhub_onboard.reports.files.folder import PAGE
from finhub_onboard.reports.files.phrases import count_rows
from finhub_onboard.reports.files.steps import Step
from finhub_onboard.reports.files.totals import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a run ended: what the summary says besides counts.

    ``number`` is the run's in the ledger, 0 for a check that sent nothing; a run finishes before its reports are
    written, a check when they are. ``exit_code`` None: as the rows say.
    """

    run_id: str
    number: int
    started_at: float
    finished_at: float
    progress: RunProgress = field(default_factory=RunProgress)
    exit_code: ExitCode | None = None
    stopped_because: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of writing reports; ``elsewhere`` counts customers in doubt whom no row names.

    ``unnamed`` are those of them of whom the ledger does not know the ``external_id``. ``is_reported`` is false where
    they could not be written: then nothing was counted. ``incomplete`` says what rows lack, a line for each kind.
    ``files`` are the paths of what was written. ``since`` compares the rows with the last run of the same inputs, and
    ``bad_rows`` are what the next run compares with, if the ledger is told. ``summary`` is ``summary.json``.
    ``causes`` are those of rows that need somebody, the commonest first, and ``steps`` what to do next, as on the page.
    """

    exit_code: ExitCode
    dispositions: dict[Disposition, int]
    elsewhere: int = 0
    unnamed: int = 0
    out: Path
    stopped_because: str = ""
    hint: str = ""
    is_reported: bool = True
    incomplete: Sequence[str] = ()
    files: tuple[str, ...] = ()
    since: SinceLastRun | None = None
    bad_rows: BadRows | None = field(default=None, repr=False)
    summary: Summary | None = field(default=None, repr=False)
    causes: tuple[Cause, ...] = ()
    steps: tuple[Step, ...] = ()

    def line(self) -> str:
        """Sum the run or check up in a line."""
        if self.summary is None:
            return f"no reports; exit code {int(self.exit_code)}"
        words = [
            f"{self.summary.run_id}: {count_rows(self.summary.rows_read)}",
            ", ".join(f"{rows:,} {name.replace('_', ' ')}" for name, rows in self.summary.dispositions.items() if rows),
            self.since.words if self.since else "",
            f"exit code {int(self.exit_code)}",
            str(self.out / PAGE),
        ]
        return "; ".join(filter(None, words))

    def as_json(self) -> str:
        """Return one JSON object for programs: ``summary.json``, the hint, and where the reports are."""
        told = {} if self.summary is None else msgspec.to_builtins(self.summary)
        told |= {
            "exit_code": int(self.exit_code),
            "stopped_because": self.stopped_because,
            "hint": self.hint,
            "out": str(self.out),
        }
        return json.dumps(told, indent=2)
