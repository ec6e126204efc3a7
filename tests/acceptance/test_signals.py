"""Real signals at every stage of a real command: reports whenever a run began, the signal's exit code."""

import fcntl
import os
import pty
import signal
import sqlite3
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from finhub_onboard.config.settings import Stop
from tests.acceptance.processes import Process
from tests.acceptance.support import (
    SAMPLE,
    Bank,
    Desk,
    assert_summed_up,
    crashing,
    disagreements,
    head,
    many_rows,
    sandbox,
)
from tests.acceptance.test_stopping import SLOW, WAIT_S, received, registered, until, until_line
from tests.support import typical

ROWS = 30
GRACE_S = Stop().grace_s
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
BOTH = pytest.mark.parametrize(("name", "code"), CODES.items())


@contextmanager
def bank_with(scenario: str, folder: Path) -> Iterator[Bank]:
    """Run a sandbox with a scenario."""
    path = folder / "scenario.toml"
    path.write_text(scenario, encoding="utf-8")
    with sandbox("--scenario", str(path)) as bank:
        yield bank


def has_open(process: "subprocess.Popen[str]", path: Path) -> bool:
    """Whether the process has this file open now."""
    try:
        return any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{process.pid}/fd").iterdir())
    except FileNotFoundError:
        return False


def ended(process: "subprocess.Popen[str]", within_s: float = WAIT_S) -> str:
    """Wait for the end; no traceback, and stdout stays clean."""
    stdout, stderr = process.communicate(timeout=within_s)
    assert "Traceback" not in stderr, stderr
    assert_summed_up(stdout)
    return stderr


@BOTH
def test_while_an_input_is_read_it_ends_at_once(name: signal.Signals, code: int, desk: Desk, tmp_path: Path) -> None:
    """Nothing was sent and no run is in a ledger: there is nothing to report."""
    assert desk.bank is not None
    desk.configure("[intake]\nbatch_rows = 1000\n")
    source = many_rows(tmp_path, 20_000)
    with crashing(desk, source, CRASH_AT="batch 1 after", CRASH_BY="hold") as process:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        process.send_signal(name)
        process.send_signal(signal.SIGCONT)
        stderr = ended(process)
    assert process.returncode == code, stderr
    assert name.name in stderr
    assert not (tmp_path / "ledger.db").exists()
    assert desk.bank.record()["logins"] == 0


def test_while_the_ledger_is_opened_it_ends_at_once(desk: Desk, tmp_path: Path) -> None:
    """Somebody else has the database; the signal ends the waiting and nothing is sent."""
    assert desk.bank is not None
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    assert desk.run(source, "--limit", "1").returncode == 0
    before = received(desk.bank)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with desk.start(source) as process:
        until(lambda: has_open(process, tmp_path / "ledger.db"), process)
        process.send_signal(signal.SIGTERM)
        stderr = ended(process)
    other.close()
    assert process.returncode == 143, stderr
    assert received(desk.bank) == before
    assert desk.run(source).returncode == 0


@BOTH
def test_during_the_log_in_it_drains_and_reports(name: signal.Signals, code: int, tmp_path: Path) -> None:
    """A log-in that hangs is not waited for longer than the grace; a second signal ends it at once."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with bank_with('[[fault]]\nkind = "hang_before"\non = ["createAdminSession"]\nrate = 1.0\n', tmp_path) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        for signals in (1, 2):
            before = received(bank)
            with desk.start(source) as process:
                until(lambda before=before: received(bank) > before, process)  # type: ignore[misc]
                started = time.monotonic()
                process.send_signal(name)
                if signals == 2:
                    until_line(process, name.name)
                    process.send_signal(name)
                stderr = ended(process)
            assert process.returncode == code, stderr
            assert time.monotonic() - started < (GRACE_S + 10 if signals == 1 else GRACE_S)
            assert desk.counts() == {"pending": ROWS}
            assert desk.summary()["exit_code"] == code


@pytest.mark.waits
def test_calls_that_hang_are_not_waited_for_longer_than_the_grace(tmp_path: Path) -> None:
    """One signal while the bank answers nothing: what was under way is in doubt, all else pending, within seconds."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with bank_with('[[fault]]\nkind = "hang_after"\non = ["registerIndividual"]\nrate = 1.0\n', tmp_path) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 8, process)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            stderr = ended(process)
        assert process.returncode == 143, stderr
        assert time.monotonic() - started < GRACE_S + 10
        assert "not waited for" in stderr
        assert desk.counts() == {"pending": ROWS - 8, "in_doubt": 8}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


def test_a_shorter_grace_is_obeyed(tmp_path: Path) -> None:
    """A container that is given 10 s to end: with `stop.grace_s = 1` what hangs is in doubt, and told."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with bank_with('[[fault]]\nkind = "hang_after"\non = ["registerIndividual"]\nrate = 1.0\n', tmp_path) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW + "[stop]\ngrace_s = 1\n")
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 8, process)
            process.send_signal(signal.SIGTERM)
            stderr = ended(process)
        assert process.returncode == 143, stderr
        assert "not waited for: 1 s are over" in stderr
        assert desk.counts() == {"pending": ROWS - 8, "in_doubt": 8}


@pytest.mark.exhaustive  # signals at each moment of a run are tried always
def test_a_signal_with_very_many_rows_waiting_costs_little_work(desk: Desk, tmp_path: Path) -> None:
    """100,000 rows, 5 s beyond the calls in flight: measured as its own work, for the machine has other work."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = many_rows(tmp_path, 100_000)
    with desk.start(source) as process:
        until(lambda: registered(bank) >= 3, process)
        before = worked_s(process.pid)
        process.send_signal(signal.SIGTERM)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.stderr is not None
        stderr = process.stderr.read()
    assert process.returncode == 143, stderr
    assert desk.counts() == {"pending": 100_000}
    assert used.ru_utime + used.ru_stime - before < 2 * 5, "on two cores"


def worked_s(pid: int) -> float:
    """Seconds that a process has worked so far, over all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("at", ["pause", "alone", "dead"])
@BOTH
def test_a_run_that_waits_ends_soon(at: str, name: signal.Signals, code: int, tmp_path: Path) -> None:
    """While all calls or one are held as the bank asked, and while a dead bank is probed: no waiting out of any."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    slow = SLOW.replace("max_wait_s = 0.5", "max_wait_s = 300\nmax_attempts = 50")
    limit = '[[fault]]\nkind = "too_many"\non = ["registerIndividual"]\nretry_after = "seconds"\nretry_after_s = 240\n'
    refused = {"pause": "rate = 1.0\n", "alone": "nth = [9]\n"}
    with bank_with(limit + refused[at] if at in refused else "", tmp_path) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(slow)
        with desk.start(source) as process:
            if at == "dead":
                until(lambda: registered(bank) >= 5, process)
                bank.die()
            if at == "alone":
                until(lambda: registered(bank) == ROWS - 1, process)
            else:
                until_line(process, "slowed" if at == "pause" else "the bank is down")
            started = time.monotonic()
            process.send_signal(name)
            stderr = ended(process)
        assert process.returncode == code, stderr
        assert time.monotonic() - started < GRACE_S
        assert desk.counts().keys() <= {"pending", "onboarded", "in_doubt"}
        assert sum(desk.counts().values()) == ROWS


@pytest.mark.parametrize("name", typical(CODES, signal.SIGINT))
def test_while_reports_are_written_they_come_out_whole(name: signal.Signals, desk: Desk, tmp_path: Path) -> None:
    """The run is over: its reports and its exit code stand; a second signal stops the writing, and breaks none."""
    source = many_rows(tmp_path, 5_000)
    desk.configure('[stop]\ndeadline = "2020-01-01T00:00:00Z"\n')
    # Signals that wait are handed over in the order of their numbers, and each but once.
    for signals, expected in (((name,), 4), ((signal.SIGINT, signal.SIGTERM), CODES[signal.SIGTERM])):
        with crashing(desk, source, CRASH_AT="reports 2 after", CRASH_BY="hold") as process:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            assert list(desk.out.glob(".*.tmp"))
            for one in (*signals, signal.SIGCONT):
                process.send_signal(one)
            stderr = ended(process)
        assert process.returncode == expected, stderr
        assert not list(desk.out.glob(".*.tmp"))
        assert desk.summary()["rows_read"] == len(desk.table("results.csv")) == 5_000
    assert desk.onboard("report", "--config", desk.config).returncode == 0


def test_a_terminal_that_is_closed_stops_the_run_in_good_order(tmp_path: Path, desk: Desk) -> None:
    """SIGHUP and a display that cannot be written any more: drained, reported, exit 143; the same command resumes."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    master, terminal = pty.openpty()

    def on_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    words = desk.command("run", source, "--config", desk.config, "--out", desk.out)
    with Process(
        words,
        cwd=tmp_path,
        env=desk.environment({"TERM": "xterm"}),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        preexec_fn=on_the_terminal,
    ) as process:
        os.close(terminal)
        until(lambda: registered(bank) >= 5, process)
        os.close(master)
        process.wait(timeout=WAIT_S)
    assert process.returncode == 143
    assert desk.summary()["exit_code"] == 143
    assert "pending" in desk.counts()
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []
    assert desk.run(source, "--rate", "400").returncode == 0


@pytest.mark.parametrize("logs", [[], ["--json-logs"]])
def test_a_pipe_that_nobody_reads_any_more_costs_nothing(logs: list[str], desk: Desk, tmp_path: Path) -> None:
    """``onboard run 2>&1 | head``: the run goes on to its own end and exit code."""
    desk.configure(SLOW.replace("= 60", "= 200"))
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with desk.start(source, *logs) as process:
        assert process.stderr is not None
        assert process.stderr.readline()
        process.stderr.close()
        process.wait(timeout=WAIT_S)
    assert process.returncode == 0
    assert desk.counts() == {"onboarded": ROWS}


@pytest.mark.exhaustive  # an ignored signal stays ignored in `tests/cli/test_signals.py`
def test_under_nohup_a_closed_terminal_is_nothing(desk: Desk, tmp_path: Path) -> None:
    """A signal that was ignored when the command began stays ignored."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW.replace("= 60", "= 200"))
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with Process(
        ["nohup", *desk.command("run", source, "--config", desk.config, "--out", desk.out)],
        cwd=tmp_path,
        env=desk.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        until(lambda: registered(bank) >= 3, process)
        process.send_signal(signal.SIGHUP)
        stderr = ended(process)
    assert process.returncode == 0, stderr
    assert desk.counts() == {"onboarded": ROWS}
