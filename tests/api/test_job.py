"""The job inside a program: what its methods do against a real bank, and what it leaves alone."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from finhub_onboard import Bank, Job, NotAllDoneError, OnboardError, Profile, Settings, sandbox
from finhub_onboard.events import Envelope
from tests.acceptance.support import MESSY, ROOT, SAMPLE

DOCUMENTS = {"root": str(ROOT / "sample_data" / "documents")}


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    """A practice bank, its ledger shared by the tests below."""
    with sandbox(documents=DOCUMENTS) as running:
        yield running


def practice(folder: Path, **sections: dict[str, object]) -> Settings:
    """Settings from a file, for the embedded sandbox."""
    config = folder / "my.toml"
    config.write_text(
        f'[api]\nbase_url = "sandbox:"\n[documents]\nroot = "{DOCUMENTS["root"]}"\n[approval]\nmode = "auto"\n',
        encoding="utf-8",
    )
    return Settings.load(config, **{"limits": {"calls_per_second": 400}} | sections)


def test_a_run_carries_rows_and_a_second_one_finds_them_done(tmp_path: Path) -> None:
    """Inputs are strings, patterns or paths; what came of them is told by the result; events reach who listens."""
    told: list[Envelope] = []
    job = Job(practice(tmp_path), on_event=told.append)
    done = job.run(str(SAMPLE.parent / "customers.[c]sv"), limit=5, out=tmp_path / "first")
    assert (done.exit_code, done.dispositions, done.folder) == (0, {"onboarded": 5}, tmp_path / "first")
    assert done.summary["rows_read"] == 5
    assert done.raise_for_status() is done
    assert {"run_opened", "call_finished", "finished"} <= {envelope.name for envelope in told}
    assert told[-1].run_id == done.run_id
    again = job.run(SAMPLE, limit=5)
    assert again.dispositions == {"unchanged": 5}
    assert again.folder.parent == tmp_path / "out"


def test_every_method_answers(bank: Bank, tmp_path: Path) -> None:
    """Each does what the command of its name does, with the same data as its ``--json``, and prints itself."""
    job = Job(bank.settings)
    assert job.plan(SAMPLE, limit=3)["rows"] == 3
    done = job.run(SAMPLE, limit=3)
    assert job.status()["runs"][0]["run_id"] == done.run_id
    first = done.rows()["external_id"][0]
    explained = job.explain(first)
    assert explained["external_id"] == first
    assert first in str(explained)
    assert job.retry(dry_run=True)["opened"] == []
    checked = job.validate(MESSY, out=tmp_path / "checked")
    assert checked.dispositions["rejected"] > 0
    assert checked.exit_code == 3
    dry = job.run(SAMPLE, limit=3, dry_run=True)
    assert dry.dispositions == {"unchanged": 3}
    assert len(bank.record()["customers"]) == 3


def test_resolve_takes_a_file_of_answers(tmp_path: Path) -> None:
    """Of a bank that drops answers, rows stay in doubt, and ``in_doubt.csv`` as it is answers none of them."""
    with sandbox("drops", documents=DOCUMENTS) as bank:
        job = Job(bank.settings)
        done = job.run(SAMPLE, limit=30, out=tmp_path / "out")
        assert done.dispositions["in_doubt"] > 0
        resolved = job.resolve(str(done.folder / "in_doubt.csv"))
        assert resolved.exit_code == 3
        assert len(resolved["unanswered"]) == done.dispositions["in_doubt"]
        with pytest.raises(NotAllDoneError):
            resolved.raise_for_status()


def test_inside_a_running_loop_run_says_so_before_anything_is_recorded(tmp_path: Path) -> None:
    """It names the way that works there, and that works; nothing is in the ledger before."""
    settings = practice(tmp_path)

    async def program() -> None:
        with pytest.raises(OnboardError, match="running event loop") as refused:
            Job(settings).run(SAMPLE, limit=1)
        assert "arun" in refused.value.hint
        assert not settings.ledger.path.exists()
        assert not settings.reports.dir.exists()
        ticks = asyncio.create_task(asyncio.sleep(0))
        done = await Job(settings).arun(SAMPLE, limit=1)
        assert ticks.done()
        assert done.dispositions == {"onboarded": 1}

    asyncio.run(program())


def test_signal_handlers_stay_the_programs(bank: Bank) -> None:
    """A run in a program installs none."""
    seen: set[object] = set()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)

    def look(_: Envelope) -> None:
        seen.add((signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)))

    Job(bank.settings, on_event=look).run(SAMPLE, limit=2)
    assert seen == {before}


def test_a_rehearsal_answers_with_a_line_for_each_scenario(tmp_path: Path) -> None:
    """The settings given in the program hold in the rehearsed commands, too."""
    job = Job(practice(tmp_path, journey={"until": "registration"}))
    answer = job.rehearse(SAMPLE, rows=2, only=["calm"])
    assert [(line["scenario"], line["lost"], line["twice"]) for line in answer.data] == [("calm", 0, 0)]
    assert answer.exit_code == 0
    assert "calm" in str(answer)


def test_what_cannot_be_is_said_in_plain_words(bank: Bank, tmp_path: Path) -> None:
    """Wrong arguments, names and files are errors of one root, with a hint."""
    job = Job(bank.settings)
    cases: list[Callable[[], object]] = [
        job.run,
        lambda: job.run([SAMPLE]),  # type: ignore[arg-type]
        lambda: job.run(SAMPLE, limit=0),
        lambda: job.run(SAMPLE, dry_run=True, verify=1),
        lambda: job.run(tmp_path / "none.csv"),
        lambda: job.retry(phase="registrations"),
        lambda: job.rehearse(SAMPLE),
        lambda: Job("my.toml"),  # type: ignore[arg-type]
        lambda: Job(bank.settings, profile=tmp_path / "none.toml"),
        lambda: Settings.load(tmp_path / "none.toml"),
        lambda: Settings.load(None, limit={"calls_per_second": 5}),
        lambda: job.run(SAMPLE, limit=1).raise_for_status(allow={"park"}),
    ]
    for case in cases:
        with pytest.raises(OnboardError) as refused:
            case()
        assert refused.value.hint


def test_settings_given_in_the_program_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the environment, and that over the file."""
    monkeypatch.setenv("ONBOARD_LIMITS__CALLS_PER_SECOND", "7")
    monkeypatch.setenv("ONBOARD_LIMITS__MAX_IN_FLIGHT", "9")
    settings = practice(tmp_path, limits={"calls_per_second": 50})
    assert (settings.limits.calls_per_second, settings.limits.max_in_flight) == (50, 9)
    assert settings.ledger.path.parent == tmp_path


def test_a_profile_is_a_file_or_a_value(bank: Bank, tmp_path: Path) -> None:
    """A partner's file is read by it."""
    source, file = SAMPLE.parent / "partner_de.csv", ROOT / "configs" / "profiles" / "partner_de.toml"
    with_file = Job(bank.settings, profile=str(file)).validate(source, out=tmp_path / "one")
    assert with_file.dispositions.get("pending", 0) > 0
    with pytest.raises(OnboardError):
        Job(bank.settings, profile=Profile()).validate(source, out=tmp_path / "two")


def test_reports_of_a_run_in_a_program_name_commands(tmp_path: Path) -> None:
    """The next step is a command that exists, with the configuration's file and what was asked for."""
    config = practice(tmp_path).origin[0]
    settings = Settings.load(config, journey={"until": "documents"}, limits={"calls_per_second": 300})
    page = (Job(settings).run(SAMPLE, limit=3).folder / "report.html").read_text(encoding="utf-8")
    assert f"onboard run {SAMPLE} --config {config}" in page
    assert "--until documents" in page or "--rate 300" in page
