"""``onboard`` with a watchdog on its event loop: ``python -m tests.benchmarks.watched FILE run …``.

Writes into FILE, as JSON, the longest times in milliseconds for which the loop ran nothing else, and the processor time
of the main thread and of the process in seconds.
"""

import asyncio
import atexit
import heapq
import json
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

from finhub_onboard import job
from finhub_onboard.cli import main as cli
from finhub_onboard.reports.outcome import Written

LOOK_S = 0.001
KEPT = 10


async def _watch(longest: list[float]) -> None:
    """Look whether the loop is free, and keep by how much each look came late."""
    while True:
        asked = time.monotonic()
        await asyncio.sleep(LOOK_S)
        late = time.monotonic() - asked - LOOK_S
        (heapq.heappushpop if len(longest) == KEPT else heapq.heappush)(longest, late)


def main() -> None:
    """Run the command and write what was seen."""
    target, sys.argv[1:] = Path(sys.argv[1]), sys.argv[2:]
    run = job.run

    longest: list[float] = []

    async def watched(*given: Any) -> Written:
        watching = asyncio.create_task(_watch(longest))
        try:
            return await run(*given)
        finally:
            watching.cancel()

    @atexit.register
    def tell() -> None:
        found = {
            "stalls_ms": [round(1000 * late, 1) for late in sorted(longest, reverse=True)],
            "main_s": round(time.thread_time(), 3),
            "all_s": round(time.process_time(), 3),
        }
        target.write_text(json.dumps(found), encoding="utf-8")

    with mock.patch.object(job, "run", watched):
        cli.main()


if __name__ == "__main__":
    main()
