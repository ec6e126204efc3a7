"""`onboard rehearse`: real jobs, really killed; nothing reaches the real bank; and it can fail."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from finhub_onboard.cli.main import cli
from finhub_onboard.rehearsal.table import COLUMNS
from finhub_onboard.rehearsal.trial import Trial
from finhub_onboard.rehearsal.verdict import Line
from finhub_onboard.rehearsal.witness import Witness
from finhub_onboard.sandbox.activation import Activations
from finhub_onboard.sandbox.records import Answer, Call, Customer
from tests.acceptance.processes import Process
from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, sandbox
from tests.intake.helpers import write
from tests.support import typical

HEADER = " ".join(COLUMNS).split()
AUTO = '[approval]\nmode = "auto"\n'


def rehearsed(desk: Desk, source: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Rehearse with a desk's configuration and a temporary folder that can be looked into."""
    (desk.folder / "tmp").mkdir(exist_ok=True)
    env = {"TMPDIR": str(desk.folder / "tmp")}
    return desk.onboard("rehearse", source, "--config", desk.config, *words, env=env, timeout_s=300)


def figures(stdout: str) -> dict[str, list[int]]:
    """The table's figures by scenario."""
    rows = [line.split() for line in stdout.partition("\n\n")[0].splitlines()]
    assert rows[0] == HEADER
    return {name: list(map(int, cells)) for name, *cells in rows[1:]}


@pytest.mark.parametrize(
    ("scenario", "rows", "least"),
    typical([("refused_after_doubt", 30, 10), ("errors_5xx", 30, 10)]),
)
def test_what_the_contract_allows_is_not_called_twice(scenario: str, rows: int, least: int, tmp_path: Path) -> None:
    """A repeat that was refused for the tenant may be sent again, and an activation after each read: exit 0."""
    desk = Desk(folder=tmp_path).configure(AUTO)
    done = rehearsed(desk, SAMPLE, "--rows", str(rows), "--scenario", scenario)
    assert done.returncode == 0, done.stderr
    assert figures(done.stdout)[scenario][0] > least, "faults"


@pytest.mark.exhaustive  # all scenarios and kills; calm rehearsals run always
def test_a_rehearsal_proves_itself_and_touches_nothing_real(tmp_path: Path) -> None:
    """Trouble and kills, 0 lost, 0 twice; the bank and the ledger of the configuration never hear of it."""
    with sandbox() as real:
        # With deliveries to search nobody stays in doubt, so that all the kills find something to interrupt.
        desk = Desk(folder=tmp_path, bank=real).configure(AUTO, webhook_subscription_id="theirs")
        words = ("--rows", "8", "--kills", "2", *scenarios("drops", "kill_one", "kill_all"))
        done = rehearsed(desk, SAMPLE, *words)
        assert done.returncode == 0, done.stderr
        assert real.record()["calls"] == {}
    found = figures(done.stdout)
    assert list(found) == ["drops", "kill_one", "kill_all", "all"]
    assert found["drops"][1] == 8
    assert found["kill_one"][:2] == [2, 2]
    assert found["kill_all"][:2] == [2, 8]
    assert {tuple(figures[-3:-1]) for figures in found.values()} == {(0, 0)}
    assert "before and after each of 15 calls" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onboard.toml", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "Traceback" not in done.stderr
    assert "calls_per_second 5 -> 400" in done.stderr


def scenarios(*names: str) -> list[str]:
    """Options that choose scenarios."""
    return [word for name in names for word in ("--scenario", name)]


@pytest.mark.exhaustive  # that a rehearsal goes to the end is shown where a bank lies
def test_unknown_categories_and_manual_approval_are_rehearsed_to_the_end(tmp_path: Path) -> None:
    """The bank knows the input's categories; what waits for a person is approved between runs; reports are kept."""
    with SAMPLE.open(encoding="utf-8") as stream:
        text = "".join(next(stream) for _ in range(13))
    source = tmp_path / "book.csv"
    source.write_text(text.replace("INDIVIDUAL_STANDARD", "Séniors & Co"), encoding="utf-8")
    desk = Desk(folder=tmp_path).configure()
    kept = tmp_path / "kept"
    done = rehearsed(desk, source, "--rows", "6", "--json", *scenarios("calm"), "--out", str(kept))
    assert done.returncode == 0, done.stderr
    (line,) = json.loads(done.stdout)
    assert (line["scenario"], line["rows"], line["lost"], line["twice"], line["runs"]) == ("calm", 6, 0, 0, 3)
    results = Desk(folder=kept / "calm")
    lines = (kept / "calm" / "results.csv").read_text(encoding="utf-8").splitlines()
    assert sum("onboarded" in text or "unchanged" in text for text in lines) == 6
    assert (kept.stat().st_mode & 0o777, results.folder.stat().st_mode & 0o777) == (0o700, 0o700)
    again = rehearsed(desk, source, "--rows", "6", *scenarios("calm"), "--out", str(kept))
    assert again.returncode == 2
    assert "is not empty" in again.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--scenario", "drop"), 2, "the nearest name is drops"),
        (("--profile", "nowhere.toml"), 2, "nowhere.toml"),
        (("--rows", "0"), 2, "--rows"),
    ],
)
def test_what_cannot_begin_is_said(words: Sequence[str], code: int, said: str, tmp_path: Path) -> None:
    """Usage, configuration and input are as in a run: one sentence and the exit code."""
    desk = Desk(folder=tmp_path).configure()
    done = rehearsed(desk, SAMPLE, *words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert_no_traceback(done)


def test_an_input_that_is_none_is_exit_7(tmp_path: Path) -> None:
    """The input is read as a run reads it."""
    desk = Desk(folder=tmp_path).configure()
    done = rehearsed(desk, write(tmp_path / "empty.csv", []))
    assert done.returncode == 7
    assert "no data rows" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(("name", "code"), typical([(signal.SIGINT, 130), (signal.SIGTERM, 143)], (signal.SIGINT, 130)))
def test_a_signal_leaves_no_copy_of_the_input(name: signal.Signals, code: int, tmp_path: Path) -> None:
    """Stopped in the middle: the jobs are ended and the folder with people's data is gone."""
    desk = Desk(folder=tmp_path).configure(AUTO)
    (tmp_path / "tmp").mkdir()
    with Process(
        desk.command("rehearse", SAMPLE, "--config", desk.config, "--rows", "10"),
        cwd=tmp_path,
        env=desk.environment({"TMPDIR": str(tmp_path / "tmp")}),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        until(lambda: bool(list((tmp_path / "tmp").glob("*/ledgers/*/ledger.db"))))
        process.send_signal(name)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (code, ""), stderr
    assert "Traceback" not in stderr
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not running_below(tmp_path)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def running_below(folder: Path) -> list[str]:
    """Command lines of living processes that name the folder (Linux; elsewhere none)."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if str(folder) in line and "pytest" not in line]


def in_process(tmp_path: Path, *words: str) -> Result:
    """Rehearse a calm bank within the test, so that it can be tampered with; the jobs are processes all the same."""
    config = tmp_path / "onboard.toml"
    Desk(folder=tmp_path).configure(AUTO)
    return CliRunner().invoke(
        cli, ["rehearse", str(SAMPLE), "--config", str(config), "--rows", "5", *scenarios("calm"), *words]
    )


def test_a_bank_that_lies_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank that answers "activated" and does nothing: every row is lost, exit 1 says which."""

    def lie(self: Activations, call: Call) -> Answer:
        customer = self._bank.customer_of(call)
        assert isinstance(customer, Customer)
        return self._bank.shapes.activated(customer, ("wallet", "LT0"))

    monkeypatch.setattr(Activations, "activate", lie)
    done = in_process(tmp_path)
    assert done.exit_code == 1
    assert figures(done.stdout)["calm"] == [0, 5, 0, 5, 0, 0]
    assert len(re.findall(r"(?m)^  calm: lost: row \d+: onboarded, and at the bank not active$", done.stderr)) == 5


@pytest.mark.exhaustive  # lost rows are found always where the bank lies
def test_results_that_were_tampered_with_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A results file that leaves a row out and calls another one failed: two rows are lost."""
    read = Trial._results

    def tampered(self: Trial) -> list[Line]:
        first, _, *rest = read(self)
        return [{**first, "disposition": "failed"}, *rest]

    monkeypatch.setattr(Trial, "_results", tampered)
    done = in_process(tmp_path)
    assert done.exit_code == 1
    assert figures(done.stdout)["calm"][3:5] == [2, 0]
    assert "failed, and active at the bank" in done.stderr
    assert "stands in the results 0 times" in done.stderr


@pytest.mark.exhaustive  # a bank that lies is found always
def test_a_job_that_registers_again_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that is lost between two runs: each registration is sent a second time, though the bank refuses it."""
    run = Trial._run

    async def forgetful(self: Trial, base_url: str, witness: Witness) -> bool:
        for path in (self.stage.folder / "ledgers").rglob("ledger.db*"):
            path.unlink()
        return await run(self, base_url, witness)

    monkeypatch.setattr(Trial, "_run", forgetful)
    done = in_process(tmp_path)
    assert done.exit_code == 1
    assert figures(done.stdout)["calm"][4] == 5
    assert len(re.findall(r"(?m)^  calm: twice: row \d+: registration sent again$", done.stderr)) == 5


def test_a_job_that_ends_unexpectedly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that dies by itself loses all rows, and says how it ended."""
    monkeypatch.setattr(
        "finhub_onboard.rehearsal.trial.program", lambda _: [sys.executable, "-c", "raise SystemExit(1)"]
    )
    done = in_process(tmp_path)
    assert done.exit_code == 1
    assert "lost: all rows: the job ended with exit code 1" in done.stderr


@pytest.mark.exhaustive  # that the wheel works is shown by `tests/test_packaging.py`, too
def test_it_works_from_a_wheel_and_beside_a_folder_of_the_same_name(tmp_path: Path) -> None:
    """Built and installed, not from the source tree: the scenarios are in it, and the jobs are this program."""
    site, work = tmp_path / "site", tmp_path / "work"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    (work / "finhub_onboard").mkdir(parents=True)
    (work / "finhub_onboard" / "__init__.py").write_text("raise ImportError('this is the folder of somebody else')\n")
    desk = Desk(folder=work).configure(AUTO)

    def installed(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-P", "-m", "finhub_onboard", *words, "--config", str(desk.config)],
            cwd=work,
            env=desk.environment({"PYTHONPATH": str(site)}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    done = installed("rehearse", str(SAMPLE), "--rows", "4", *scenarios("calm"))
    assert done.returncode == 0, done.stderr
    assert figures(done.stdout)["calm"][1:] == [4, 0, 0, 0, 0]
    ran = installed("run", str(SAMPLE), "--limit", "1")
    assert ran.returncode == 0, ran.stderr
    shipped = {path.name for path in (site / "finhub_onboard" / "sandbox" / "scenarios").glob("*.toml")}
    assert shipped == {path.name for path in (ROOT / "configs" / "scenarios").glob("*.toml")}
