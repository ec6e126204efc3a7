"""The switch that stops the real command at a crash point: ``python -m tests.acceptance.crashing …`` is ``onboard …``.

A crash point is the instant before or after a transaction of the ledger or a request to the bank, such as ``journey 3
before`` (the third transaction of the ledger's writer), ``run 1 after`` (what the run says of itself) or ``send 7
after`` (the seventh answer is here and nobody has seen it), ``batch 1 after`` (of reading) and ``reports 2 after``
(their folder is open: the first time to try it, then to write them). ``CRASH_AT`` names one, ``CRASH_BY`` how the
process ends there: ``exit`` (``os._exit``) or ``stop`` (it stops with all its threads, for a SIGKILL from outside);
with ``hold`` it stops as well, and goes on where it was when it is continued. ``CRASH_LOG`` names a file that gets a
line for every point passed. The program itself knows nothing of all this.

The writer commits each entry by itself, so that the points of one customer are the same in every run, and more than a
run has that groups them: every prefix of what is written occurs.
"""

import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal
from unittest import mock

from finhub_onboard.cli import main as cli
from finhub_onboard.engine import onboarding
from finhub_onboard.intake import passes
from finhub_onboard.ledger.sqlite import writer
from finhub_onboard.outbound.aiohttp_transport import AiohttpTransport
from finhub_onboard.outbound.transport import Answer, Request
from finhub_onboard.reports.files.folder import ReportFolder

EXIT_CODE = 77
_WRITER, _BY_THE_CLOCK = "ledger-writer", "ledger-heartbeat"


class Switch:
    """Passes crash points until one is the last."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = environment.get("CRASH_AT", "")
        self._by = environment.get("CRASH_BY", "exit")
        self._log = environment.get("CRASH_LOG", "")
        self._passed: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()

    def begin(self, kind: str) -> str:
        """Number the next transaction or request of a kind, and pass the point before it."""
        with self._one_at_a_time:
            self._passed[kind] += 1
            name = f"{kind} {self._passed[kind]}"
        self._pass(f"{name} before")
        return name

    def end(self, name: str) -> None:
        """Pass the point after it."""
        self._pass(f"{name} after")

    def _pass(self, point: str) -> None:
        if self._log:
            with open(self._log, "a", encoding="ascii") as log:  # noqa: PTH123 - a path from the environment
                log.write(f"{point}\n")
        if point != self._at:
            return
        if self._by == "exit":
            os._exit(EXIT_CODE)
        os.kill(os.getpid(), signal.SIGSTOP)
        while self._by == "stop":  # the signal may reach another thread first: this one goes no further
            signal.pause()


def install(switch: Switch) -> None:
    """Put the switch into every transaction and every request of this process."""

    class Watched(sqlite3.Connection):
        """A connection whose transactions end between two crash points."""

        def __exit__(self, *error: object) -> Literal[False]:
            thread = threading.current_thread().name
            if thread == _BY_THE_CLOCK:
                return super().__exit__(*error)  # type: ignore[arg-type]
            name = switch.begin("journey" if thread == _WRITER else "run")
            super().__exit__(*error)  # type: ignore[arg-type]
            switch.end(name)
            return False

        def executescript(self, sql: str, /) -> sqlite3.Cursor:
            name = switch.begin("run")
            made = super().executescript(sql)
            switch.end(name)
            return made

    batches = passes.read_batches

    def watched_batches(*args: Any, **options: Any) -> Iterator[Any]:
        for batch in batches(*args, **options):
            name = switch.begin("batch")
            yield batch
            switch.end(name)

    send = AiohttpTransport.send

    async def watched_send(self: AiohttpTransport, request: Request) -> Answer:
        name = switch.begin("send")
        answer = await send(self, request)
        switch.end(name)
        return answer

    enter = ReportFolder.__enter__

    def entered(self: ReportFolder) -> ReportFolder:
        name = switch.begin("reports")
        folder = enter(self)
        switch.end(name)
        return folder

    mock.patch.object(sqlite3, "connect", partial(sqlite3.connect, factory=Watched)).start()
    mock.patch.object(AiohttpTransport, "send", watched_send).start()
    mock.patch.object(passes, "read_batches", watched_batches).start()
    mock.patch.object(ReportFolder, "__enter__", entered).start()
    mock.patch.object(writer, "_GROUP", 1).start()
    # A heartbeat comes by the clock: no point of it would be the same twice.
    mock.patch.object(onboarding, "_HEARTBEAT_S", 3600.0).start()


def main() -> None:
    """``onboard`` with the switch."""
    install(Switch(os.environ))
    cli.main()


if __name__ == "__main__":
    main()
