"""What the page tells beside the rows: rate and latency, the runs before, the settings. A projection of the ledger."""

from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.run_facts import RunFacts, read_progress
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.background import Background, PastRun
from finhub_onboard.reports.outcome import RunEnd
from finhub_onboard.reports.paces import paces
from finhub_onboard.reports.projection import instant

_RUNS = 9


def background_of(ledger: Reader | None, facts: RunFacts, end: RunEnd) -> Background:
    """Return it as of the end of the run; a check has no calls and no runs before it."""
    if ledger is None or not end.number:
        return Background(settings=facts.settings)
    points, latencies = paces(ledger, end.number, end.started_at, end.finished_at)
    before = [run for run in ledger.runs() if run.number < end.number][:_RUNS]
    return Background(
        timeline=points, latencies=latencies, runs=[_past(run) for run in before], settings=facts.settings
    )


def _past(run: RunRecord) -> PastRun:
    reported = read_progress(run.facts).reported
    return PastRun(
        run_id=run.run_id,
        started_at=instant(run.started_at),
        seconds=(run.finished_at or run.heartbeat_at) - run.started_at,
        rows=sum(reported.values()),
        onboarded=reported.get(Disposition.ONBOARDED, 0),
        exit_code=run.exit_code if run.finished_at else None,
    )
