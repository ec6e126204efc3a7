"""One run at a time, with real processes: killed, stopped, in containers, started together, their ledger taken away."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite.lease import STALE_S
from tests.acceptance.processes import Process
from tests.acceptance.support import (
    SAMPLE,
    Bank,
    Desk,
    assert_no_traceback,
    assert_summed_up,
    disagreements,
    head,
    sandbox,
)
from tests.acceptance.test_stopping import SLOW, WAIT_S, received, registered, until

# Few calls with long answers: between two calls there is time in which a signal meets none that is just leaving.
CALM = """
[limits]
calls_per_second = 4
max_in_flight = 2
[retry]
max_wait_s = 0.5
[approval]
mode = "auto"
"""
LATENCY = "[latency]\nmean_ms = 300\n"
IN_A_CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts")


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Desk]:
    """A bank that takes its time, and a job that calls it seldom."""
    scenario = tmp_path / "latency.toml"
    scenario.write_text(LATENCY, encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        yield Desk(folder=tmp_path, bank=bank).configure(CALM)


def try_again(desk: Desk, source: Path) -> "subprocess.CompletedProcess[str]":
    """Run the same job at full speed with reports of its own."""
    env = {"ONBOARD_LIMITS__MAX_IN_FLIGHT": "16"}
    words = ("run", source, "--config", desk.config, "--out", desk.folder / "second", "--rate", "400")
    return desk.onboard(*words, env=env)


def more_received(bank: Bank, before: int) -> bool:
    """Whether a further call came in."""
    return received(bank) > before


def stop_between_calls(process: "subprocess.Popen[str]", desk: Desk) -> None:
    """SIGSTOP just after a call came in at the bank, when the next one is not due yet; and in no write."""
    assert desk.bank is not None
    bank = desk.bank
    while True:
        until(partial(more_received, bank, received(bank)), process)
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(desk.folder / "ledger.db", timeout=0)) as db, suppress(sqlite3.OperationalError):
            db.execute("BEGIN IMMEDIATE")
            return
        process.send_signal(signal.SIGCONT)


@pytest.mark.waits
def test_a_stopped_run_that_wakes_up_sends_nothing_more(calm: Desk, tmp_path: Path) -> None:
    """SIGSTOP, taken over when it stays silent, SIGCONT: exit 6, no call after the takeover, nobody twice."""
    assert calm.bank is not None
    bank = calm.bank
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    with calm.start(source) as first:
        until(lambda: registered(bank) >= 2, first)
        stop_between_calls(first, calm)
        second = try_again(calm, source)
        assert second.returncode == 6, "it lives, as far as anybody can tell"
        assert f"process {first.pid}" in second.stderr
        assert "last sign of life" in second.stderr
        end = time.monotonic() + WAIT_S
        while second.returncode == 6 and time.monotonic() < end:
            time.sleep(0.3)  # each look costs a process
            second = try_again(calm, source)
        assert second.returncode in (0, 3), second.stderr  # an answer that came to the sleeper may be in doubt
        before = bank.record()
        first.send_signal(signal.SIGCONT)
        stdout, stderr = first.communicate(timeout=WAIT_S)
    assert (first.returncode, stdout) == (6, ""), stderr
    assert "another one took the ledger" in stderr
    assert "Traceback" not in stderr
    assert bank.record()["calls"] == before["calls"], "the run sent something after it was taken over"
    assert not (calm.out / "results.csv").exists(), "a run that was taken over has nothing to report"
    results = calm.folder / "second" / "results.csv"
    shutil.copytree(results.parent, calm.out, dirs_exist_ok=True)
    assert disagreements(bank.record(), calm.table("results.csv"), source) == []
    status = calm.onboard("status", "--config", calm.config)
    assert "exit code 6: this run showed no sign of life" in status.stdout


@pytest.mark.waits
def test_a_stopped_run_that_nobody_followed_goes_on(calm: Desk, tmp_path: Path) -> None:
    """A laptop that slept: longer than its lock is sure, and still the only run; it finishes."""
    assert calm.bank is not None
    bank = calm.bank
    source = head(SAMPLE, 4, tmp_path / "customers.csv")
    with calm.start(source) as run:
        until(lambda: registered(bank) >= 1, run)
        stop_between_calls(run, calm)
        time.sleep(STALE_S)  # the point is the time that passes
        run.send_signal(signal.SIGCONT)
        _, stderr = run.communicate(timeout=WAIT_S)
    assert run.returncode == 0, stderr
    assert disagreements(bank.record(), calm.table("results.csv"), source) == []


def test_the_lock_of_a_killed_run_is_taken_over_at_once(desk: Desk, tmp_path: Path) -> None:
    """Kill -9, the same command: no wait, no exit 6; `onboard status` shows the lock before and after."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 24, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 1, run)
        held = desk.onboard("status", "--config", desk.config).stdout
        run.kill()
    assert f"lock       process {run.pid} on " in held
    assert "last sign of life" in held
    assert "lock       free" in desk.onboard("status", "--config", desk.config).stdout
    killed = datetime.now(UTC)
    done = desk.run(source, "--rate", "400")
    assert done.returncode in (0, 3), done.stderr
    started = datetime.fromisoformat(desk.summary()["started_at"])
    assert started - killed < timedelta(seconds=STALE_S)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="containers need root")
@pytest.mark.waits
@pytest.mark.exhaustive  # two machines are tried without containers always
def test_two_containers_on_one_volume_are_two_machines(desk: Desk, tmp_path: Path) -> None:
    """With process numbers and a host name of its own, neither sees the other: the signs of life decide."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW.replace("calls_per_second = 60", "calls_per_second = 4"))
    source = head(SAMPLE, 24, tmp_path / "customers.csv")  # a minute: the first one lasts until it is killed

    def contained(host: str, *more: str) -> list[str]:
        command = " ".join(desk.command("run", source, "--config", desk.config, "--out", tmp_path / host, *more))
        return [*IN_A_CONTAINER, "sh", "-c", f"hostname {host} && exec {command}"]

    def start(host: str, *more: str) -> Process:
        return Process(
            contained(host, *more),
            cwd=tmp_path,
            env=desk.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    with start("pod-1") as first:
        until(lambda: registered(bank) >= 1, first)
        with start("pod-2") as second:
            _, stderr = second.communicate(timeout=WAIT_S)
        assert second.returncode == 6, stderr
        assert "process 1 on pod-1 since " in stderr
        assert received(bank) > 0
        first.kill()  # and with it all that runs in there
        first.wait()
    started = time.monotonic()
    with start("pod-3", "--rate", "400") as third:
        _, stderr = third.communicate(timeout=WAIT_S)
    assert third.returncode in (0, 3), stderr
    assert time.monotonic() - started >= STALE_S, "nobody could know so soon that it was dead"
    assert {customer["registrations"] for customer in bank.record()["customers"]} == {1}


def test_the_same_run_twice_at_once_is_one_run(desk: Desk, tmp_path: Path) -> None:
    """Started together from nothing: one carries the customers, the others are refused or find nothing to do."""
    assert desk.bank is not None
    source = head(SAMPLE, 10, tmp_path / "customers.csv")
    words = ("run", source, "--config", desk.config)
    starts = [
        Process(
            desk.command(*words, "--out", tmp_path / str(number)),
            cwd=tmp_path,
            env=desk.environment(),
            stderr=subprocess.PIPE,
        )
        for number in range(3)
    ]
    said = [process.communicate(timeout=60)[1] for process in starts]
    assert {process.returncode for process in starts} <= {0, 6}, said
    assert 0 in {process.returncode for process in starts}
    record = desk.bank.record()
    assert len(record["customers"]) == 10
    assert {customer["registrations"] for customer in record["customers"]} == {1}


def test_removing_a_lock_file_lets_nobody_in(desk: Desk, tmp_path: Path) -> None:
    """There is none; one of an older version, made or removed by hand, means nothing."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW.replace("calls_per_second = 60", "calls_per_second = 20"))
    source = head(SAMPLE, 12, tmp_path / "customers.csv")
    with desk.start(source) as first:
        until(lambda: registered(bank) >= 1, first)
        beside = {path.name for path in tmp_path.glob("ledger*")}
        assert beside == {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.reserve"}
        (tmp_path / "ledger.db.lock").touch()
        (tmp_path / "ledger.db.lock").unlink()
        assert try_again(desk, source).returncode == 6
        first.communicate(timeout=WAIT_S)
    assert first.returncode == 0


def test_a_ledger_that_is_taken_away_during_the_run_stops_it(desk: Desk, tmp_path: Path) -> None:
    """Exit 4 at its next write: the run that made a new ledger there would know nobody."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 2, run)
        (tmp_path / "ledger.db").rename(tmp_path / "moved.db")
        stdout, stderr = run.communicate(timeout=WAIT_S)
    assert run.returncode == 4, stderr
    assert_summed_up(stdout)
    assert "removed or replaced" in stderr
    assert "Traceback" not in stderr
    assert len(bank.record()["customers"]) < 40
    done = desk.run(source, "--rate", "400")
    assert_no_traceback(done)
    assert done.returncode == 2, "its journal is still there: this is no new ledger"
    assert "ledger.db-wal" in done.stderr
    (tmp_path / "moved.db").rename(tmp_path / "ledger.db")
    done = desk.run(source, "--rate", "400")
    assert done.returncode in (0, 3), done.stderr
    assert disagreements(bank.record(), desk.table("results.csv"), source) == []
