"""How a run ended, and what came of its reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finhub_onboard.errors import ExitCode
from finhub_onboard.matching.bad_rows import BadRows
from finhub_onboard.matching.run_facts import RunProgress
from finhub_onboard.model import Disposition
from finhub_onboard.model.nights import SinceLastRun


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
    ``bad_rows`` are what the next run compares with, if the ledger is told.
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
