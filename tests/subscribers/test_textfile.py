"""The file for Prometheus, read by Prometheus' own parser."""

import stat
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from finhub_onboard.events import CauseCount, Envelope, Event, Notice, Progress, RunFinished, RunOpened
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.subscribers.textfile import Textfile

OPENED = RunOpened(run_id="20261128T020000-1f2e", rows=7, out="o")
FINISHED = RunFinished(run_id="r", exit_code=3, dispositions={Disposition.FAILED: 2}, out="o", seconds=1.0)


def progress(calls: int, code: str = "refused") -> Progress:
    """A run with so many calls."""
    return Progress(
        at=1.0,
        rows_done=2,
        rows_total=7,
        dispositions={Disposition.ONBOARDED: 2},
        phases={Phase.REGISTRATION: 3},
        calls=calls,
        calls_per_second=12.5,
        in_flight=4,
        places=8,
        rate_asked=25,
        rate_limit=50,
        refused=1,
        causes=(CauseCount(stage="registration", code=code, rows=1),),
    )


def feed(writing: Textfile, *events: tuple[float, Event]) -> None:
    """Hand events over, each at its time."""
    for at, event in events:
        writing(Envelope(run_id="20261128T020000-1f2e", sequence=1, at=at, event=event))


def samples(path: Path) -> dict[str, float]:
    """Name and labels -> value, as Prometheus reads them."""
    text = path.read_text(encoding="utf-8")
    return {
        " ".join((sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items())))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_how_a_run_gets_on_and_ended(tmp_path: Path) -> None:
    """Figures of the newest progress, then of the end; readable for the collector's user, nothing left beside it."""
    path = tmp_path / "onboard.prom"
    writing = Textfile(path, 10, "1.0", lambda _: None)
    feed(writing, (100.0, OPENED), (111.0, progress(40, code='odd"\\code\n')))
    found = samples(path)
    assert found["onboard_run_info run_id=20261128T020000-1f2e version=1.0"] == 1
    assert found["onboard_run_rows"] == 7
    assert found["onboard_run_running"] == 1
    assert found["onboard_run_calls_total"] == 40
    assert found["onboard_run_rate_limit"] == 50
    assert found["onboard_run_phase_customers phase=registration"] == 3
    assert found["onboard_run_disposition_rows disposition=onboarded"] == 2
    assert found['onboard_run_cause_rows code=odd"\\code\n stage=registration'] == 1
    assert "onboard_run_exit_code" not in found
    feed(writing, (112.0, FINISHED))
    found = samples(path)
    assert (found["onboard_run_running"], found["onboard_run_exit_code"]) == (0, 3)
    assert found["onboard_run_disposition_rows disposition=failed"] == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["onboard.prom"]


def test_it_is_written_no_more_often_than_asked_for(tmp_path: Path) -> None:
    """The end is written at once."""
    path = tmp_path / "onboard.prom"
    writing = Textfile(path, 10, "1.0", lambda _: None)
    feed(writing, (100.0, OPENED), (109.0, progress(1)))
    assert "onboard_run_calls_total" not in samples(path)
    feed(writing, (110.0, progress(2)), (111.0, progress(3)))
    assert samples(path)["onboard_run_calls_total"] == 2
    feed(writing, (112.0, FINISHED))
    assert samples(path)["onboard_run_calls_total"] == 3


def test_a_file_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    """And raises nothing."""
    said: list[Event] = []
    writing = Textfile(tmp_path / "none" / "onboard.prom", 10, "1.0", said.append)
    feed(writing, (100.0, OPENED), (200.0, progress(1)), (300.0, FINISHED))
    (notice,) = said
    assert isinstance(notice, Notice)
    assert "No such file or directory" in notice.message
