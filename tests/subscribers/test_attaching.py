"""Whole runs with metrics and notifications: what is told, and that no failure of theirs harms a run."""

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from finhub_onboard import Job, OnboardError, sandbox
from finhub_onboard.config.settings import Settings
from finhub_onboard.events import Envelope, Notice
from tests.acceptance.support import ROOT, SAMPLE
from tests.subscribers.support import receiver

DOCUMENTS = {"root": str(ROOT / "sample_data" / "documents")}


def practice(folder: Path, **sections: dict[str, object]) -> Settings:
    """Settings for the embedded sandbox, whose ledger lies in the folder."""
    own: dict[str, dict[str, object]] = {
        "limits": {"calls_per_second": 400},
        "documents": dict(DOCUMENTS),
        "approval": {"mode": "auto"},
        "ledger": {"url": f"sqlite:///{folder}/ledger.db"},
        "reports": {"dir": str(folder / "out")},
    }
    return Settings.load(None, **own | sections)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the receiver and the job share."""
    monkeypatch.setenv("ONBOARD_CREDENTIALS__WEBHOOK_SECRET", "a secret, invented")


@pytest.mark.usefixtures("secret")
def test_a_run_writes_metrics_and_tells_its_end(tmp_path: Path) -> None:
    """Both agree with its result, and hold nothing of any customer."""
    path = tmp_path / "onboard.prom"
    with receiver() as there:
        settings = practice(tmp_path, metrics={"textfile": str(path)}, notify={"webhook_url": there.url})
        done = Job(settings).run(SAMPLE, limit=4)
    ((_, body),) = there.posts
    told = json.loads(body)
    assert (told["event"], told["run_id"], told["exit_code"]) == ("finished", done.run_id, 0)
    assert {name: rows for name, rows in told["dispositions"].items() if rows} == {"onboarded": 4}
    text = path.read_text(encoding="utf-8")
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert found["onboard_run_exit_code"].samples[0].value == 0
    for cells in SAMPLE.read_text(encoding="utf-8").splitlines()[1:5]:
        for cell in cells.split(",")[:6]:
            assert cell not in text
            assert cell.encode() not in body


@pytest.mark.usefixtures("secret")
def test_a_run_that_cannot_begin_is_told(tmp_path: Path) -> None:
    """The error stays what it was."""
    with receiver() as there:
        job = Job(practice(tmp_path, notify={"webhook_url": there.url}))
        with pytest.raises(OnboardError) as failed:
            job.run(tmp_path / "none.csv")
    ((_, body),) = there.posts
    told = json.loads(body)
    assert (told["event"], told["exit_code"], told["reason"]) == (
        "failed",
        int(failed.value.exit_code),
        str(failed.value),
    )


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("hanging", [False, True])
def test_a_channel_that_fails_or_hangs_is_said_and_costs_nothing(tmp_path: Path, *, hanging: bool) -> None:
    """Nor does a metrics file that cannot be written: exit code and rows are as without."""
    said: list[str] = []

    def listen(envelope: Envelope) -> None:
        if isinstance(envelope.event, Notice):
            said.append(envelope.event.message)

    with receiver(404, hanging=hanging) as there:
        notify = {"webhook_url": there.url, "timeout_s": 0.5}
        settings = practice(tmp_path, notify=notify, metrics={"textfile": str(tmp_path / "none" / "x.prom")})
        done = Job(settings, on_event=listen).run(SAMPLE, limit=2)
    assert (done.exit_code, done.dispositions) == (0, {"onboarded": 2})
    assert any("notify.webhook_url" in message for message in said)
    assert any("metrics.textfile" in message for message in said)


def test_what_is_configured_wrongly_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    """Exit 2, and no ledger."""
    settings = practice(tmp_path, notify={"webhook_url": "https://hook.example.com"})
    with pytest.raises(OnboardError, match="secret") as refused:
        Job(settings).run(SAMPLE, limit=1)
    assert refused.value.exit_code == 2
    assert not settings.ledger.path.exists()


def test_the_bank_never_sees_the_secrets_of_notifications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay where the embedded sandbox replaces all other credentials."""
    monkeypatch.setenv("ONBOARD_CREDENTIALS__SLACK_URL", "https://hooks.example.com/secret")
    monkeypatch.setenv("ONBOARD_CREDENTIALS__PASSWORD", "the real one, invented")
    credentials = practice(tmp_path).credentials
    assert credentials.reveal("slack_url") == "https://hooks.example.com/secret"
    assert credentials.reveal("password") != "the real one, invented"
    with sandbox() as bank:
        assert bank.settings.credentials.reveal("slack_url") == ""
