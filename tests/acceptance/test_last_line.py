"""stdout: one line that sums a command up, or one JSON object, with the real command."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import MESSY, SAMPLE, Desk, head

REPORTS = ("run", "validate", "dry run")


def words(desk: Desk, command: str, source: Path) -> list[str | Path]:
    """The words of a command on some rows."""
    name, *flags = {"dry run": ["run", "--dry-run"]}.get(command, [command])
    return [name, source, "--config", desk.config, "--out", desk.out, *flags]


def four(folder: Path) -> Path:
    """A good row and three bad ones."""
    source = folder / "four.csv"
    source.write_bytes(b"".join(MESSY.read_bytes().splitlines(keepends=True)[:5]))
    return source


@pytest.mark.parametrize("command", REPORTS)
def test_the_last_line_sums_it_up(command: str, desk: Desk, tmp_path: Path) -> None:
    """Who looks at a terminal in the morning, or at the mail of cron, sees counts, exit code and the report's path."""
    done = desk.onboard(*words(desk, command, four(tmp_path)))
    assert done.returncode == 3, done.stderr
    good = "1 onboarded, 3 rejected" if command == "run" else "3 rejected, 1 pending"
    pattern = rf"\d{{8}}T\d{{6}}-\w{{4}}: 4 rows; {good}; (3 new, 0 known; )?exit code 3; {desk.out}/report\.html\n"
    assert re.fullmatch(pattern, done.stdout), done.stdout


@pytest.mark.parametrize("command", REPORTS)
def test_json_is_one_object(command: str, desk: Desk, tmp_path: Path) -> None:
    """A program gets the summary, the hint and where the files are, and nothing beside."""
    done = desk.onboard(*words(desk, command, four(tmp_path)), "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    summary = desk.summary()
    assert {name: told[name] for name in summary} == summary
    assert (told["exit_code"], told["out"], told["hint"]) == (done.returncode, str(desk.out), "")
    assert set(told["files"]) >= {"results.csv", "errors.csv", "report.html", "rejects/four.csv"}


def test_a_run_that_stopped_says_so_in_every_form(desk: Desk, tmp_path: Path) -> None:
    """The reason and its hint stand in the object, and in the last event of the logs, which are JSON line by line."""
    desk.configure(FAST + "[stop]\nmax_failed_rows = 1\n", tenant_id="00000000-0000-4000-8000-000000000000")
    done = desk.run(head(SAMPLE, 3, tmp_path / "three.csv"), "--json", "--json-logs")
    assert done.returncode == 5
    told = json.loads(done.stdout)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {tuple(line)[:4] for line in lines} == {("time", "event", "level", "run_id")}
    assert [line["event"] for line in lines].count("finished") == 1
    end = lines[-1]
    assert (end["event"], end["level"], end["run_id"]) == ("finished", "error", told["run_id"])
    assert end["reason"] == told["stopped_because"] != ""
    assert end["hint"] == told["hint"] != ""


def test_a_command_that_cannot_begin_has_nothing_on_stdout(desk: Desk, tmp_path: Path) -> None:
    """The error is a line of the logs, and no object says that something was done."""
    done = desk.run(tmp_path / "none.csv", "--json", "--json-logs")
    assert (done.returncode, done.stdout) == (7, "")
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["event"], line["exit_code"]) == ("command_failed", 7)


def test_commands_on_the_ledger_have_both(desk: Desk, tmp_path: Path) -> None:
    """A line for people, an object for programs."""
    source = head(SAMPLE, 3, tmp_path / "three.csv")
    assert desk.run(source).returncode == 0
    config: list[str | Path] = ["--config", desk.config]
    answers = tmp_path / "answers.csv"
    answers.write_text("external_id,answer\n", encoding="utf-8")
    lines: list[tuple[list[str | Path], str]] = [
        (["retry", *config], "retry: 0 customers opened, 0 left"),
        (["resolve", answers, *config], "resolve: 0 answered, 0 unanswered; exit code 0"),
        (["check", *config], r"check: 1\d ok; exit code 0"),
    ]
    for command, line in lines:
        done = desk.onboard(*command)
        assert re.fullmatch(line, done.stdout.splitlines()[-1]), done.stdout + done.stderr
    for command in (*(command for command, _ in lines), ["report", *config], ["ledger", "compact", *config]):
        done = desk.onboard(*command, "--json")
        assert isinstance(json.loads(done.stdout), dict), command
    assert isinstance(json.loads(desk.onboard("template", "--json").stdout), dict)
    assert isinstance(json.loads(desk.onboard("profile", SAMPLE, "--json").stdout), dict)
