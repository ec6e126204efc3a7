"""The command with a stdout or stderr that cannot be written: real processes, closed, full and broken descriptors."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.support import MESSY, SAMPLE, Desk, head
from tests.support import typical

ENDS = {
    "template --describe": 0,
    "--help": 0,
    "--version": 0,
    "run": 2,
    "run absent.csv --config absent.toml": 2,
    "status --config absent.toml --json": 2,
}
"""Commands and their exit codes."""
CHEAP = ("--help", "--version", "run")
"""Commands that import little."""
SPOILT = ("1>&-", "2>&-", "0<&- 1>&- 2>&-", ">/dev/full 2>&1")


def in_shell(desk: Desk, redirection: str, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a command with its streams redirected."""
    script = f'exec "$@" {redirection}'
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", *desk.command(*words)],
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "redirection"),
    typical(product(ENDS, SPOILT), *product(CHEAP, SPOILT[2:]), ("status --config absent.toml --json", SPOILT[3])),
)
def test_a_stream_that_cannot_be_written_changes_no_exit_code(command: str, redirection: str, tmp_path: Path) -> None:
    """Closed or full, of what is printed as of what is refused: the exit code of the work done, no traceback."""
    done = in_shell(Desk(folder=tmp_path), redirection, *command.split())
    assert done.returncode == ENDS[command], done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("redirection", "logs"),
    typical(
        product(("1>&- 2>&-", ">/dev/full 2>&1"), ((), ("--json-logs",))),
        ("1>&- 2>&-", ("--json-logs",)),
    ),
)
def test_a_check_without_streams_writes_its_reports(redirection: str, logs: tuple[str, ...], tmp_path: Path) -> None:
    """No report, and no other file, gets what was meant for a stream; the exit code is that of the rows."""
    desk = Desk(folder=tmp_path).configure()
    done = in_shell(desk, redirection, "validate", MESSY, "--config", desk.config, "--out", desk.out, *logs)
    assert done.returncode == 3, done.stderr
    assert json.loads((desk.out / "summary.json").read_text(encoding="utf-8"))["exit_code"] == 3


@pytest.mark.parametrize(
    ("redirection", "commands"), typical([("1>&-", 1), ("2>&-", 4), *product(SPOILT[2:], [8])], ("1>&-", 1))
)
def test_a_night_without_streams_ends_as_with_them(redirection: str, commands: int, tmp_path: Path) -> None:
    """Run, status, report, check, plan, retry, resolve: the exit code of the work done, no traceback, all reports."""
    desk = Desk(folder=tmp_path).configure('[approval]\nmode = "auto"\n[limits]\ncalls_per_second = 400\n')
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    config = ("--config", desk.config)
    night = (
        (0, ("run", source, *config, "--out", desk.out)),
        (0, ("run", source, *config, "--out", desk.out, "--json-logs")),
        (0, ("status", *config)),
        (0, ("report", *config, "--out", tmp_path / "again")),
        (0, ("check", *config)),
        (0, ("plan", source, *config)),
        (0, ("retry", *config)),
        (7, ("resolve", "absent.csv", *config)),
    )
    for code, words in night[:commands]:
        done = in_shell(desk, redirection, *words)
        assert (words[0], done.returncode) == (words[0], code), done.stderr
        assert "Traceback" not in done.stderr
    assert desk.counts() == ({"unchanged": 3} if commands > 1 else {"onboarded": 3})
    assert (tmp_path / "again" / "report.html").exists() is (commands > 3)


def test_what_could_not_be_printed_is_said_on_stderr(tmp_path: Path) -> None:
    """A full disk below stdout takes the answer away: that is told, though the work was done."""
    done = in_shell(Desk(folder=tmp_path), ">/dev/full", "template", "--describe")
    assert (done.returncode, "No space left" in done.stderr) == (0, True)


def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path) -> None:
    """``onboard plan --json | head -1``: the reader has seen enough; nothing is said, exit 0."""
    desk = Desk(folder=tmp_path).configure()
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            desk.command("plan", source, "--config", desk.config, "--json"),
            cwd=tmp_path,
            env=desk.environment(),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == 0, done.stderr
    assert "Broken pipe" not in done.stderr


def test_a_stream_that_does_not_block_gets_all_that_is_printed(tmp_path: Path) -> None:
    """A pipe that is full for a moment is waited for."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = "from finhub_onboard.cli import streams; streams.secure(); print('x' * 299_999, flush=True)"
    with subprocess.Popen([sys.executable, "-c", text], stdout=writer, env=Desk(folder=tmp_path).environment()) as it:
        os.close(writer)
        got = 0
        while chunk := os.read(reader, 65_536):
            got += len(chunk)
        os.close(reader)
    assert (it.returncode, got) == (0, 300_000)
