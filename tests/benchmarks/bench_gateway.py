"""A gateway answers for the bank for 3 s in a run of 1,500 customers at 500 calls/s, once with each of its pages.

    python -m tests.benchmarks.bench_gateway [PAGE]...

Without PAGE: all of them, half a minute each. Prints per page how many calls got it, the dispositions run by run, and
what was wrong; exit 1 if anybody failed, was claimed and is not active, or is not onboarded after one more run.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.gateway_window import PAGES, Window, carry

ROWS, RATE = 1500, 500
WINDOW = Window(from_s=10.0, for_s=3.0)
_SHOWN = 10


def main() -> None:
    """Carry the pages out, print, and tell by the exit code."""
    names = sys.argv[1:] or list(PAGES)
    if unknown := [name for name in names if name not in PAGES]:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(PAGES)}")
    bad = False
    for name in names:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            course = carry(ROWS, RATE, PAGES[name], WINDOW, Path(folder))
        runs = "; then ".join(
            f"exit {code}: " + ", ".join(f"{number} {disposition}" for disposition, number in counts.items())
            for code, counts in zip(course.exits, course.counts, strict=True)
        )
        print(f"{name:16} {course.struck:5} calls got it; {runs}; {time.monotonic() - began:.0f} s")  # noqa: T201
        for line in course.wrong[:_SHOWN]:
            print(f"  wrong: {line}")  # noqa: T201
        bad = bad or bool(course.wrong)
    sys.exit(bad)


if __name__ == "__main__":
    main()
