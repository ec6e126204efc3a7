"""What the monitor's page shows, as values: the run at work or the last one, all runs, or why nothing can be seen.

Promises: no value of a row and no secret, since the ledger has none; one look reads the entries of runs only, however
many customers there are. A ledger that is not there yet, or cannot be read just now, is a sentence and no error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finhub_onboard.commands import run_status
from finhub_onboard.commands.run_status import RunState, RunStatus
from finhub_onboard.commands.status import Status, status
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import OnboardError
from finhub_onboard.events import Progress
from finhub_onboard.ledger import connect

_RUNS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that the page shows. ``trouble`` says why the ledger cannot be read, ``hint`` what to do."""

    ledger: str
    runs: Sequence[RunStatus] = ()
    more: int = 0
    trouble: str = ""
    hint: str = ""

    @property
    def run(self) -> RunStatus | None:
        """The run at work, else the newest."""
        return self.runs[0] if self.runs else None

    @property
    def latest(self) -> Progress | None:
        """How far that run is."""
        return self.run.latest if self.run else None

    @property
    def headline(self) -> str:
        """What is to be said first."""
        if self.trouble:
            return "The ledger cannot be read now"
        if self.run is None:
            return "No run yet"
        done = sum(self.run.dispositions.values())
        match self.run.state:
            case RunState.RUNNING:
                return f"{done:,} of {self.run.rows:,} rows done"
            case RunState.REPORTING:
                return f"All customers are carried; the reports of {self.run.rows:,} rows are written"
            case RunState.DIED:
                return "The last run died"
            case RunState.ENDED:
                return f"No run is at work; the last one ended with exit code {self.run.record.exit_code}"

    @property
    def lead(self) -> str:
        """The sentence below it."""
        if self.trouble or self.run is None:
            return self.trouble or "The page shows a run as soon as there is one."
        match self.run.state:
            case RunState.RUNNING if self.latest:
                return f"{run_status.time_left(self.run).capitalize()}."
            case RunState.RUNNING:
                return "The run logs in and reads the bank's categories."
            case RunState.REPORTING:
                return "Nothing is sent any more."
            case RunState.DIED:
                return "Nothing is lost: the same command goes on where it stood."
            case RunState.ENDED:
                return self.run.record.stopped_because or f"Its reports are in {self.run.facts.out}."

    @property
    def tone(self) -> str:
        """The colour of the run's state: ``good``, ``warn`` or ``bad``."""
        if self.trouble or (self.run and self.run.state is RunState.DIED):
            return "bad"
        if self.run and self.run.state is RunState.ENDED and self.run.record.exit_code:
            return "warn"
        return "good"


def look(settings: Settings) -> View:
    """Look into the ledger once."""
    url = settings.ledger.url
    name = connect.name_of(url)
    try:
        if not connect.exists(url):
            return View(ledger=name)
        return view_of(status(settings, customers=False))
    except OnboardError as error:
        return View(ledger=name, trouble=str(error), hint=error.hint)


def view_of(seen: Status) -> View:
    """What the page shows of a ledger's status."""
    runs = [run for run in seen.runs if isinstance(run, RunStatus)]
    return View(ledger=seen.ledger, runs=runs[:_RUNS_SHOWN], more=max(0, len(runs) - _RUNS_SHOWN))
