"""Is memory flat in the file? Two files, the larger ten times the smaller, each stopped after as many calls.

    python -m tests.benchmarks.bench_memory [ROWS_SMALL ROWS_LARGE CALLS] [--json FILE]

Each is carried by the command, in a process of its own, which gets a SIGTERM once so many calls have an outcome: it
drains and writes its reports. Prints the peak of its memory (VmHWM) up to the end of each stage, the larger beside the
smaller, and how many bytes more it took for each row more.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from finhub_onboard import job
from finhub_onboard.cli import main as cli
from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.events import CallFinished, Envelope, RunFinished, RunOpened, Stopping, Surveyed
from finhub_onboard.reports.outcome import Written
from tests.acceptance.support import ROOT, Desk
from tests.benchmarks.bench_intake import make, say
from tests.benchmarks.bench_job import FAST, fast_bank

_INSIDE = "import sys; from tests.benchmarks.bench_memory import inside; inside()"
_STAGES = {"survey": "surveyed", "opening": "run_opened", "calls": "stopping", "reports": "finished"}
"""The stages of a run, and the event that ends each."""


def peak_mb() -> float:
    """The most memory that this process has held so far, in megabytes of 1024 KB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def inside() -> None:
    """Run the command: ``FILE CALLS run …``; send oneself SIGTERM after so many calls, write the peaks into FILE."""
    target, calls = Path(sys.argv[1]), int(sys.argv[2])
    sys.argv[1:] = sys.argv[3:]
    run = job.run
    seen: dict[str, Any] = {"calls": 0, "peaks": {}}
    began = time.time()

    def look(envelope: Envelope) -> None:
        if isinstance(envelope.event, CallFinished):
            seen["calls"] += 1
            if seen["calls"] == calls:
                os.kill(os.getpid(), signal.SIGTERM)
            return
        seen["peaks"][envelope.name] = [round(peak_mb(), 1), round(envelope.at - began, 1)]
        target.write_text(json.dumps(seen), encoding="utf-8")

    async def watched(order: Any, settings: Any, bus: EventBus, *given: Any) -> Written:
        bus.subscribe(look, kinds=(CallFinished, Surveyed, RunOpened, Stopping, RunFinished), capacity=10 * calls)
        return await run(order, settings, bus, *given)

    with mock.patch.object(job, "run", watched):
        cli.main()


def measured(folder: Path, rows: int, calls: int) -> dict[str, Any]:
    """Carry a file of so many rows until it is stopped; say the peaks by stage."""
    source = make(rows, folder / "customers.csv", rejects=False)
    with fast_bank() as base_url:
        desk = Desk(folder=folder).configure(FAST, base_url=base_url)
        command = [sys.executable, "-c", _INSIDE, str(folder / "seen.json"), str(calls), "run", str(source)]
        command += ["--config", str(desk.config), "--out", str(desk.out)]
        done = subprocess.run(
            command, cwd=ROOT, env=desk.environment(), capture_output=True, text=True, check=False, timeout=3600
        )
    if done.returncode != 128 + signal.SIGTERM:
        sys.exit(f"exit {done.returncode}: {done.stderr}")
    seen = json.loads((folder / "seen.json").read_text(encoding="utf-8"))
    peaks = {stage: seen["peaks"][name] for stage, name in _STAGES.items()}
    return {"rows": rows, "file_mb": source.stat().st_size // 2**20, "calls": seen["calls"], "peaks": peaks}


def main() -> None:
    """Measure both, print a table, and write it."""
    words = sys.argv[1:]
    target = Path(words[words.index("--json") + 1]) if "--json" in words else None
    sizes = words[: words.index("--json")] if "--json" in words else words
    small, large, calls = [int(word) for word in sizes] or [100_000, 1_000_000, 50_000]
    found = []
    for rows in (small, large):
        with tempfile.TemporaryDirectory() as name:
            found.append(measured(Path(name), rows, calls))
            say(f"{rows:,} rows ({found[-1]['file_mb']:,} MB), stopped after {found[-1]['calls']:,} calls")
    few, many = (each["peaks"] for each in found)
    say(f"{'peak up to the end of':24}{small:>12,}{large:>12,}{'ratio':>8}{'bytes a row more':>18}")
    for stage in _STAGES:
        (less, _), (more, seconds) = few[stage], many[stage]
        each = (more - less) * 2**20 / (large - small)
        say(f"{stage:24}{less:9,.0f} MB{more:9,.0f} MB{more / less:8.2f}{each:18,.0f}   after {seconds:,.0f} s")
    ratio = many["reports"][0] / few["reports"][0]
    if target:
        target.write_text(json.dumps({"runs": found, "ratio": ratio}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
