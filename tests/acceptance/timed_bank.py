"""The sandbox in a process that watches itself: whether the machine let the bank run.

``python -m tests.acceptance.timed_bank FILE [OPTION…]`` is the sandbox with these options. What arrives while its
process stands still is seen all at once: what the bank then counts says nothing of when the calls left. FILE tells the
longest time, in seconds, that a thread of the process with nothing to do waited for its turn.
"""

import sys
import threading
import time
from pathlib import Path

from finhub_onboard.sandbox.__main__ import main

_BEAT_S = 0.005


def watch(file: Path) -> None:
    """Beat for ever, and note each time that is longer than all before."""
    longest_s = 0.0
    while True:
        due = time.monotonic() + _BEAT_S
        time.sleep(_BEAT_S)
        stood_s = time.monotonic() - due
        if stood_s > longest_s:
            longest_s = stood_s
            file.write_text(f"{stood_s}", encoding="ascii")


if __name__ == "__main__":
    threading.Thread(target=watch, args=[Path(sys.argv[1])], daemon=True).start()
    sys.exit(main(sys.argv[2:]))
