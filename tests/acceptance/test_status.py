"""`onboard status` of a run that is at work, its watch, and counts that do not contradict the reports."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from finhub_onboard.model import Disposition
from tests.acceptance.processes import Process
from tests.acceptance.support import MESSY, SAMPLE, Desk, head

WAIT_S = 60
SLOW = "[limits]\ncalls_per_second = 40\nmax_in_flight = 4\n[approval]\nmode = 'auto'\n"


def told(desk: Desk) -> dict[str, Any]:
    """What `onboard status --json` prints."""
    done = desk.onboard("status", "--config", desk.config, "--json")
    assert done.returncode == 0, done.stderr
    status: dict[str, Any] = json.loads(done.stdout)
    return status


def running(desk: Desk, run: Process) -> dict[str, Any]:
    """The newest run, once somebody is finished; each look costs a process."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        assert run.poll() is None
        if (desk.folder / "ledger.db").exists():
            runs: list[dict[str, Any]] = told(desk)["runs"]
            if runs and runs[0].get("progress", {}).get("rows_done"):
                return runs[0]
    raise AssertionError("nobody is finished")


def watching(desk: Desk, *words: str) -> Process:
    """Start `onboard status --watch`."""
    command = desk.command("status", "--watch", "--config", desk.config, *words)
    return Process(command, cwd=desk.folder, env=desk.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_running_run_is_seen_from_elsewhere(desk: Desk, tmp_path: Path) -> None:
    """Progress, rate and time left; the watch says it line by line, ends with the run, and so does one in JSON."""
    desk.configure(SLOW)
    source = head(SAMPLE, 30, tmp_path / "customers.csv")
    with desk.start(source) as run:
        seen = running(desk, run)
        with watching(desk) as watch, watching(desk, "--json") as programs, watching(desk) as interrupted:
            assert interrupted.stdout is not None
            assert "running" in interrupted.stdout.readline()
            interrupted.send_signal(signal.SIGINT)
            _, stderr = interrupted.communicate(timeout=WAIT_S)
            assert (interrupted.returncode, stderr) == (130, "no longer watching; the run goes on\n")
            run.communicate(timeout=WAIT_S)
            text, stderr = watch.communicate(timeout=WAIT_S)
            assert (watch.returncode, stderr) == (0, "")
            values = [json.loads(line) for line in programs.communicate(timeout=WAIT_S)[0].splitlines()]
    progress = seen["progress"]
    assert (seen["state"], seen["running"], seen["as_reported"]) == ("running", True, False)
    assert (progress["rate_limit"], progress["max_in_flight"]) == (40, 4)
    assert 0 < progress["rows_done"] <= progress["phases"]["registration"] <= 30
    assert progress["seconds_left"] > 0
    assert sum(seen["dispositions"].values()) == progress["rows_done"]
    assert " of 40 calls/s, " in text
    assert "30 rows: 30 onboarded" in text, "the whole status comes last"
    assert [value["runs"][0]["running"] for value in values] == [True] * (len(values) - 1) + [False]
    assert len(values) > 2
    done = [value["runs"][0]["progress"]["rows_done"] for value in values if "progress" in value["runs"][0]]
    assert done == sorted(done)


def test_rows_of_a_run_count_as_in_its_report(desk: Desk, tmp_path: Path) -> None:
    """Also those that a display cannot tell: pending ones, and who has changed. Customers are counted over all runs."""
    source = head(SAMPLE, 8, tmp_path / "customers.csv")
    desk.run(source)
    source.write_text(
        source.read_text(encoding="utf-8").replace("customer0001@example.com", "new@example.com"), "utf-8"
    )
    for words in ((source,), (MESSY, "--until", "verification")):
        desk.run(*words)
        counted = desk.summary()["dispositions"]
        newest = told(desk)["runs"][0]
        assert newest["dispositions"] == counted
        assert newest["as_reported"] is True
        named = ", ".join(f"{counted[name]} {name.replace('_', ' ')}" for name in Disposition if counted[name])
        text = desk.onboard("status", "--config", desk.config).stdout
        assert f"{sum(counted.values()):,} rows: {named}" in text
    assert "whom any run took up, each once; rejected rows are none)" in text
