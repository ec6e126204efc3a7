"""What a person or a log collector sees of a run: handlers of events, all on stderr.

Promises: stdout is never touched; ``NO_COLOR``, ``FORCE_COLOR`` and ``TERM=dumb`` are obeyed; ``rich`` is loaded for a
terminal only. Does not know the run: it prints what events say, on a stream that ``streams`` made safe from breaking.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

import click

from finhub_onboard import events
from finhub_onboard.cli.intervals import OFTEN, Seldom, is_fine, is_short
from finhub_onboard.cli.json_logs import json_lines
from finhub_onboard.cli.live import WARNED, terminal
from finhub_onboard.cli.streams import is_terminal, wants_color
from finhub_onboard.cli.wording import describe
from finhub_onboard.events import Envelope, Event

PLAIN_INTERVAL_S = 30.0
_WORDY_INTERVAL_S = 5.0

Show = Callable[[Envelope], None]
SHOWN = tuple(kind for kind in events.NAMES if kind not in (events.CallFinished, events.CustomerFinished))
"""The kinds of events that are for a person; of single calls ``Progress`` has the counts."""
_TROUBLE = (events.BankDown, events.Stopping, events.SubscriberFailed)


class Detail(StrEnum):
    """How much is shown: ``QUIET`` only trouble, ``WORDY`` also each call that did not succeed."""

    QUIET = "quiet"
    USUAL = "usual"
    WORDY = "verbose"

    @property
    def kinds(self) -> tuple[type[Event], ...]:
        """The kinds of events that are shown."""
        match self:
            case Detail.QUIET:
                return (*_TROUBLE, events.RunFinished)
            case Detail.USUAL:
                return SHOWN
            case Detail.WORDY:
                return (*SHOWN, events.CallFinished)


def choose(stream: TextIO, *, json_logs: bool = False, detail: Detail = Detail.USUAL) -> AbstractContextManager[Show]:
    """Pick the handler that suits ``stream``: JSON lines if asked for, a live display, or plain lines."""
    is_wordy = detail is Detail.WORDY
    if json_logs:
        return nullcontext(json_lines(stream))
    if is_terminal(stream) and detail is not Detail.QUIET:
        return terminal(stream, is_wordy=is_wordy)
    interval_s = _WORDY_INTERVAL_S if is_wordy else PLAIN_INTERVAL_S
    return nullcontext(plain(stream, interval_s=interval_s, is_quiet=detail is Detail.QUIET))


def plain(
    stream: TextIO,
    *,
    interval_s: float = PLAIN_INTERVAL_S,
    clock: Callable[[], float] = time.monotonic,
    is_quiet: bool = False,
) -> Show:
    """Print a line with the time for each event; of progress and slowing at most one per interval.

    ``is_quiet``: not that the run has ended, which stdout says.
    """
    seldom = Seldom(interval_s, clock)
    is_colored = wants_color(stream)

    def handle(envelope: Envelope) -> None:
        event = envelope.event
        if is_quiet and isinstance(event, events.RunFinished):
            return
        if is_fine(event) or is_short(event) or (isinstance(event, OFTEN) and not seldom.lets(event)):
            return
        line = f"{_time(envelope)} {describe(event)}"
        stream.write((_styled(event, line) if is_colored else line) + "\n")
        stream.flush()

    return handle


def _time(envelope: Envelope) -> str:
    return f"{datetime.fromtimestamp(envelope.at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _styled(event: Event, line: str) -> str:
    if isinstance(event, WARNED):
        return click.style(line, fg="yellow")
    return click.style(line, bold=isinstance(event, events.RunFinished))
