"""The other commands as real processes: validate, status, report, check, sandbox."""

import json
import shlex
import signal
import subprocess
import urllib.request
from pathlib import Path

from tests.acceptance.processes import Process
from tests.acceptance.support import MESSY, ROOT, SAMPLE, Desk, assert_no_traceback, head
from tests.acceptance.test_stopping import SLOW, registered, until


def test_validate_needs_no_network_and_writes_the_same_files(tmp_path: Path) -> None:
    """Without configuration of a bank: rejects, errors and summary; exit 3 for a messy file, 0 for a clean one."""
    desk = Desk(folder=tmp_path)
    env = {
        "ONBOARD_DOCUMENTS__ROOT": str(ROOT / "sample_data" / "documents"),
        "ONBOARD_DOCUMENTS__MAX_BYTES": "1048576",
    }
    done = desk.onboard("validate", MESSY, "--out", desk.out, env=env)
    assert_no_traceback(done)
    assert done.returncode == 3, done.stderr
    assert set(desk.counts()) == {"pending", "rejected"}
    assert (desk.out / "rejects" / MESSY.name).exists()
    assert desk.table("errors.csv")
    done = desk.onboard("validate", head(SAMPLE, 5, tmp_path / "clean.csv"), "--out", desk.out, env=env)
    assert done.returncode == 0, done.stderr
    assert not (desk.out / "rejects" / MESSY.name).exists()


def faults_of_rows(desk: Desk) -> list[tuple[str, str]]:
    """Field and code of each error that a row has by itself: copies are no copies without each other."""
    errors = [row for row in desk.table("errors.csv") if row["severity"] == "error"]
    return [(row["field"], row["code"]) for row in errors if not row["code"].startswith("dup")]


def test_a_rejects_file_of_validate_is_an_input(desk: Desk, tmp_path: Path) -> None:
    """Given as it stands, it is judged again: the same rows, the same codes."""
    desk.onboard("validate", MESSY, "--config", desk.config, "--out", desk.out)
    first = faults_of_rows(desk)
    rejects = tmp_path / "again.csv"
    rejects.write_bytes((desk.out / "rejects" / MESSY.name).read_bytes())
    desk.onboard("validate", rejects, "--config", desk.config, "--out", desk.out)
    assert faults_of_rows(desk) == first


def test_report_and_status_after_a_kill(desk: Desk, tmp_path: Path) -> None:
    """`onboard report` writes what a killed run could not; `onboard status` says that it died."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 30, tmp_path / "customers.csv")
    with desk.start(source) as process:
        until(lambda: registered(bank) >= 8, process)
        process.send_signal(signal.SIGKILL)
    assert not (desk.out / "summary.json").exists()
    status = desk.onboard("status", "--config", desk.config, "--json")
    told = json.loads(status.stdout)
    assert told["locked_by"] == ""
    assert [(run["running"], run["exit_code"], run["rows"]) for run in told["runs"]] == [(False, None, 30)]
    done = desk.onboard("report", "--config", desk.config)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(desk.out)
    assert sum(desk.counts().values()) == 30
    assert "pending" in desk.counts()
    assert "died" in desk.onboard("status", "--config", desk.config).stdout


def test_reports_of_an_earlier_run_can_be_written_again(desk: Desk, tmp_path: Path) -> None:
    """A later run does not change what the earlier one reported."""
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    desk.run(source, "--until", "session")
    before = (desk.out / "results.csv").read_bytes()
    first = desk.summary()["run_id"]
    assert desk.run(source).returncode == 0
    again = desk.onboard("report", first, "--config", desk.config, "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "results.csv").read_bytes() == before


def test_report_refuses_a_changed_input(desk: Desk, tmp_path: Path) -> None:
    """Reports join the ledger with the input: another input would make them lie."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.run(source)
    head(SAMPLE, 2, source)
    done = desk.onboard("report", "--config", desk.config)
    assert_no_traceback(done)
    assert done.returncode == 7


def test_check_says_what_a_night_run_needs(desk: Desk) -> None:
    """Log-in, categories, documents, ledger; nothing is changed at the bank."""
    assert desk.bank is not None
    done = desk.onboard("check", "--config", desk.config)
    assert done.returncode == 0, done.stderr
    assert "INDIVIDUAL_STANDARD: Individual Standard" in done.stdout
    assert set(desk.bank.record()["calls"]) == {"createAdminSession", "getCategorizationHierarchy"}
    refused = desk.onboard("check", "--config", desk.config, env={"ONBOARD_CREDENTIALS__PASSWORD": "wrong"})
    assert refused.returncode == 5
    assert "Traceback" not in refused.stderr


def test_the_sandbox_tells_how_to_use_it(tmp_path: Path) -> None:
    """The configuration that it prints, under the lines to export, holds for a job: each check succeeds."""
    desk = Desk(folder=tmp_path)
    (tmp_path / "sample_data" / "documents").mkdir(parents=True)
    with Process(
        desk.command("sandbox", "--port", "0"), env=desk.environment(), cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("onboard run"):
            lines.append(process.stdout.readline().strip())
            assert process.poll() is None
        start, end = lines.index("# save as my-sandbox.toml"), lines.index("# in another terminal")
        config = tmp_path / "my-sandbox.toml"
        config.write_text("\n".join(lines[start:end]), encoding="utf-8")
        exported = [shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export ")]
        done = desk.onboard("check", "--config", config, env=dict(exported))
        assert done.returncode == 0, done.stdout + done.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_the_sandbox_is_a_server_with_a_page(tmp_path: Path) -> None:
    """`onboard sandbox` prints its address and its OpenAPI page, and ends with SIGINT."""
    desk = Desk(folder=tmp_path)
    with Process(
        desk.command("sandbox", "--port", "0"), env=desk.environment(), cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        _, docs = process.stdout.readline().strip(), process.stdout.readline().strip()
        with urllib.request.urlopen(docs, timeout=30) as page:  # noqa: S310 - loopback
            assert "registerIndividual" in page.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
