"""Kills, signals, locks: real processes and real signals; the same command goes on."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.support import (
    SAMPLE,
    Bank,
    Desk,
    assert_no_traceback,
    assert_summed_up,
    crashing,
    disagreements,
    head,
    many_rows,
    sandbox,
)
from tests.support import typical

if TYPE_CHECKING:
    import subprocess

SLOW = """
[limits]
calls_per_second = 60
max_in_flight = 8
[retry]
max_wait_s = 0.5
[approval]
mode = "auto"
"""
ROWS = 40
WAIT_S = 90


def until(condition: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait for a condition, not for time, and not for a process that has ended."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        if process is not None and process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        time.sleep(0.02)


def received(bank: Bank) -> int:
    """Calls that the bank has received."""
    return sum(int(calls["received"]) for calls in bank.record()["calls"].values())


def ended_or_received(process: "subprocess.Popen[str]", bank: Bank, goal: int) -> bool:
    """Whether the run is over or the bank has had so many calls."""
    return process.poll() is not None or received(bank) >= goal


def registered(bank: Bank) -> int:
    """Customers at the bank."""
    return len(bank.record()["customers"])


def test_a_killed_run_is_finished_by_the_same_command(desk: Desk, tmp_path: Path) -> None:
    """SIGKILL in the middle, the same command again: everybody is onboarded, nobody twice."""
    assert desk.bank is not None
    bank = desk.bank
    # Answers that the kill took away are looked up in the deliveries; without them such a row stays in doubt.
    desk.configure(SLOW, webhook_subscription_id=demo.SUBSCRIPTION_ID)
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with desk.start(source) as process:
        until(lambda: registered(bank) >= ROWS // 4, process)
        process.kill()
    done = desk.run(source, "--rate", "400")
    assert done.returncode == 0, done.stderr
    assert desk.counts().keys() <= {"onboarded", "unchanged"}
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize("seed", typical(range(3), 0))
def test_many_kills_at_random_moments_register_nobody_twice(seed: int, tmp_path: Path) -> None:
    """A run that is killed again and again keeps promise 2; what it cannot know is in doubt, never lost."""
    moments = random.Random(seed)
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        for _ in range(3):
            goal = received(bank) + moments.randint(5, 120)
            with desk.start(source) as process:
                until(partial(ended_or_received, process, bank, goal))
                process.kill()
        done = desk.run(source, "--rate", "400")
        assert done.returncode in (0, 3), done.stderr
        assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize(
    ("name", "code"), typical([(signal.SIGINT, 130), (signal.SIGTERM, 143)], (signal.SIGTERM, 143))
)
def test_the_first_signal_drains_and_reports(name: signal.Signals, code: int, desk: Desk, tmp_path: Path) -> None:
    """One signal: calls under way finish, reports are written, the exit code names it, the same command resumes."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with desk.start(source) as process:
        until(lambda: registered(bank) >= 5, process)
        process.send_signal(name)
        stdout, stderr = process.communicate(timeout=WAIT_S)
    assert process.returncode == code, stderr
    assert_summed_up(stdout)
    assert "Traceback" not in stderr
    assert desk.summary()["exit_code"] == code
    assert "pending" in desk.counts()
    assert "in_doubt" not in desk.counts()
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []
    done = desk.run(source, "--rate", "400")
    assert done.returncode == 0, done.stderr
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []


def test_a_second_signal_stops_now(tmp_path: Path) -> None:
    """While calls hang, the second SIGINT ends the run at once; what was under way is in doubt, and told."""
    scenario = tmp_path / "hang.toml"
    scenario.write_text('[[fault]]\nkind = "hang_after"\non = ["registerIndividual"]\nrate = 1.0\n', encoding="utf-8")
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 4, process)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            until_line(process, "SIGINT")
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=WAIT_S)
        assert process.returncode == 130, stderr
        assert time.monotonic() - started < 15, "the hanging calls were waited for"
        assert "Traceback" not in stderr
        assert "in_doubt" in desk.counts()
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


def until_line(process: "subprocess.Popen[str]", word: str) -> None:
    """Read stderr until a line has the word."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"no line with {word}")


def test_a_second_run_at_the_same_time_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Exit 6 says who holds the lock; the first run is not disturbed."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW.replace("calls_per_second = 60", "calls_per_second = 4"))  # it lasts until it is told to end
    source = head(SAMPLE, 20, tmp_path / "customers.csv")
    with desk.start(source) as first:
        until(lambda: registered(bank) >= 1, first)
        (tmp_path / "link.db").symlink_to(tmp_path / "ledger.db")
        for ledger in ("ledger.db", "link.db"):  # the lock belongs to the file, whatever name it is reached by
            env = {"ONBOARD_LEDGER__URL": f"sqlite:///{tmp_path / ledger}"}
            second = desk.onboard("run", source, "--config", desk.config, "--out", tmp_path / "second", env=env)
            assert second.returncode == 6, second.stderr
            assert f"process {first.pid}" in second.stderr
        assert_no_traceback(second)
        status = desk.onboard("status", "--config", desk.config)
        assert f"running as process {first.pid}" in status.stdout, status.stdout + status.stderr
        before = received(bank)
        until(lambda: received(bank) > before, first)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=WAIT_S)
    assert first.returncode == 130
    assert desk.counts().keys() <= {"onboarded", "pending"}


def test_the_embedded_sandbox_ends_with_a_killed_run_and_the_rerun_finishes(tmp_path: Path) -> None:
    """`base_url = "sandbox:"`: after SIGKILL no sandbox is left, and the same command finishes what was begun."""
    desk = Desk(folder=tmp_path).configure(SLOW, webhook_subscription_id=demo.SUBSCRIPTION_ID)
    source = head(SAMPLE, 20, tmp_path / "customers.csv")
    with desk.start(source) as process:
        until(lambda: len(children(process.pid)) == 1 and (tmp_path / "ledger-sandbox.db").exists(), process)
        (child,) = children(process.pid)
        time.sleep(1.5)
        process.kill()
    until(lambda: not alive(child))
    done = desk.run(source, "--rate", "400")
    assert done.returncode == 0, done.stderr
    assert sum(desk.counts().values()) == 20


def children(pid: int) -> list[int]:
    """Processes that any thread of a process has started and that still live."""
    listed: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):  # a thread, or the process, has just ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                listed += map(int, (task / "children").read_text(encoding="utf-8").split())
    return listed


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_deadline_that_passes_while_the_input_is_read_stops_before_the_first_call(desk: Desk, tmp_path: Path) -> None:
    """Its instant is that of when the command began: reading through it does not make it tomorrow's."""
    assert desk.bank is not None
    source = many_rows(tmp_path, 5_000)
    at = datetime.now(UTC) + timedelta(seconds=1)
    desk.configure(f'[stop]\ndeadline = "{at.isoformat()}"\n')
    with crashing(desk, source, CRASH_AT="batch 1 after", CRASH_BY="hold") as process:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        until(lambda: datetime.now(UTC) > at)
        process.send_signal(signal.SIGCONT)
        stderr = process.communicate(timeout=WAIT_S)[1]
    assert process.returncode == 4, stderr
    assert "Traceback" not in stderr
    assert "(stop.deadline)" in stderr
    assert desk.counts() == {"pending": 5_000}
    assert desk.bank.record()["logins"] == 0
    assert received(desk.bank) == 0


def test_a_start_after_the_time_of_the_deadline_is_said(desk: Desk, tmp_path: Path) -> None:
    """A time of day that is over today is tomorrow's: the run says which instant it will stop at."""
    now = datetime.now().astimezone()
    if now.hour == 0 and now.minute == 0:
        pytest.skip("there is no earlier minute of this day")
    desk.configure(f'[stop]\ndeadline = "{now - timedelta(minutes=1):%H:%M}"\n')
    done = desk.run(head(SAMPLE, 1, tmp_path / "customers.csv"), "--rate", "400")
    assert "is over: the run stops at " in done.stderr
    assert f"{now + timedelta(days=1):%Y-%m-%d}" in done.stderr
