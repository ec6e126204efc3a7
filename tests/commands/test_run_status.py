"""What is said of a run by its entry in the ledger: its state, its rows, its pace."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.commands.run_status import RunState, as_json, lines, status_of
from finhub_onboard.events import CauseCount, Progress
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.run_facts import RunFacts, RunProgress, to_json
from finhub_onboard.model import Disposition, Phase, SourceInfo
from tests.values import replace

KEYS = Keys("a seed for tests only, invented", "tenant")
FACTS = RunFacts(
    run_id="r1",
    inputs=(SourceInfo(name="a.csv", path="/srv/a.csv", sha256="ab12", rows=1200),),
    limit=None,
    now=datetime(2026, 5, 4, 6, tzinfo=UTC),
    min_age=18,
    documents_root=Path("/srv/documents"),
    max_document_bytes=1000,
    out=Path("/srv/out/r1"),
    options="",
    rate_asked=50.0,
)
LATEST = Progress(
    at=60.0,
    rows_done=304,
    rows_total=1200,
    dispositions={Disposition.REJECTED: 4, Disposition.PARKED: 0, Disposition.ONBOARDED: 300},
    phases=dict.fromkeys(Phase, 300),
    calls=3000,
    calls_per_second=26.0313,
    in_flight=4,
    places=8,
    rate_asked=27.5,
    rate_limit=50.0,
    refused=12,
    causes=tuple(CauseCount(stage="intake", code=f"code_{n}", rows=n) for n in (4, 3, 2, 1)),
    eta_s=200.0,
)


def record(progress: RunProgress, **fields: Any) -> RunRecord:
    """A run that is not over."""
    known = {"finished_at": None, "exit_code": None, "stopped_because": ""} | fields
    facts = to_json(FACTS, progress, KEYS)
    return RunRecord(
        number=1, run_id="r1", host="here", pid=7, started_at=1000.0, heartbeat_at=1060.0, facts=facts, **known
    )


def said(progress: RunProgress, *, holds_lock: bool = True, **fields: Any) -> list[str]:
    """What people read."""
    return list(lines(status_of(record(progress, **fields), holds_lock=holds_lock)))


def test_a_running_run_says_rows_pace_time_left_and_causes() -> None:
    """Rates have as many digits as say something; a rate below the limit is named; three causes are enough."""
    first, rows, pace, causes = said(RunProgress(latest=LATEST))
    assert "running as process 7 on here" in first
    assert rows == "304 of 1,200 rows: 300 onboarded, 4 rejected"
    assert pace.startswith("26 of 50 calls/s (slowed to 28), 4 of 8 in flight, 12 refused for their rate; ")
    assert "about 3 min 20 s left, ends at " in pace
    assert causes == "held up most often: 4 intake code_4, 3 intake code_3, 2 intake code_2"


@pytest.mark.parametrize(
    ("progress", "fields", "holds_lock", "state"),
    [
        (RunProgress(latest=LATEST), {}, True, RunState.RUNNING),
        (RunProgress(), {}, True, RunState.RUNNING),
        (RunProgress(latest=LATEST, started=300), {}, True, RunState.REPORTING),
        (RunProgress(latest=LATEST), {}, False, RunState.DIED),
        (RunProgress(latest=LATEST, started=300), {"finished_at": 1100.0, "exit_code": 3}, False, RunState.ENDED),
    ],
)
def test_its_state(progress: RunProgress, fields: dict[str, Any], *, holds_lock: bool, state: RunState) -> None:
    """A run that writes its reports has carried all; one without the lock that has not ended died."""
    status = status_of(record(progress, **fields), holds_lock=holds_lock)
    assert status.state is state
    assert ("progress" in as_json(status)) == (status.is_live and progress.latest is not None)
    assert (status.ends_at is not None) == (state is RunState.RUNNING and progress.latest is not None)
    assert next(lines(status))


def test_the_rows_of_a_run_that_ended_are_those_of_its_reports() -> None:
    """What a display cannot know, such as who has changed, is counted as the reports do; pending rows count."""
    reported = {Disposition.ONBOARDED: 300, Disposition.PENDING: 896, Disposition.REJECTED: 4}
    progress = RunProgress(latest=LATEST, started=300, reported=reported)
    status = status_of(record(progress, finished_at=1100.0, exit_code=4), holds_lock=False)
    assert list(lines(status))[1:] == ["1,200 rows: 300 onboarded, 4 rejected, 896 pending"]
    told = as_json(status)
    assert told["as_reported"] is True
    assert told["dispositions"] == {name: reported.get(name, 0) for name in Disposition}
    assert as_json(status_of(record(replace(progress, reported={})), holds_lock=True))["as_reported"] is False


def test_a_run_of_an_older_version_has_no_progress() -> None:
    """Its line is all that is known."""
    old = record(RunProgress())
    facts = {name: value for name, value in old.facts.items() if name not in ("latest", "reported")}
    assert len(list(lines(status_of(replace(old, facts=facts), holds_lock=True)))) == 1
