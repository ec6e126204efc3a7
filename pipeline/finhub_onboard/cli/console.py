"""What a person or a log collector sees of a run: three handlers of events, all on stderr.

Promises: stdout is never touched; ``NO_COLOR`` and ``TERM=dumb`` are obeyed; ``rich`` is loaded for a terminal only.
Does not know the run: it prints what events say, on a stream that ``streams`` made safe from breaking.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from finhub_onboard import events
from finhub_onboard.cli.intervals import OFTEN, Seldom
from finhub_onboard.cli.json_logs import json_lines
from finhub_onboard.cli.streams import is_terminal
from finhub_onboard.events import Envelope, Event
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.texts import duration, printable

if TYPE_CHECKING:
    from rich.console import Group

PLAIN_INTERVAL_S = 30.0
_MANY_PER_S = 100
_REDRAW_S = 0.2
_COLORS = {
    Disposition.ONBOARDED: "green",
    Disposition.UNCHANGED: "green",
    Disposition.PARKED: "blue",
    Disposition.PENDING: "bright_black",
    Disposition.FAILED: "red",
    Disposition.REJECTED: "red",
}


Show = Callable[[Envelope], None]
SHOWN = tuple(kind for kind in events.NAMES if kind not in (events.CallFinished, events.CustomerFinished))
"""The kinds of events that are for a person; of single calls ``Progress`` has the counts."""


def choose(stream: TextIO, *, json_logs: bool = False) -> AbstractContextManager[Show]:
    """Pick the handler that suits ``stream``: JSON lines if asked for, a live display, or plain lines."""
    if json_logs:
        return nullcontext(json_lines(stream))
    if not is_terminal(stream):
        return nullcontext(plain(stream))
    return terminal(stream)


_STAGE_IS_OVER = (events.Surveyed, events.RunOpened, events.RunFinished)


def plain(
    stream: TextIO,
    *,
    interval_s: float = PLAIN_INTERVAL_S,
    clock: Callable[[], float] = time.monotonic,
) -> Show:
    """Print a line with the time for each event; of progress and slowing at most one per interval."""
    seldom = Seldom(interval_s, clock)

    def handle(envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, OFTEN) and not seldom.lets(event):
            return
        stream.write(f"{_time(envelope)} {describe(event)}\n")
        stream.flush()

    return handle


def _time(envelope: Envelope) -> str:
    return f"{datetime.fromtimestamp(envelope.at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def describe(event: Event) -> str:
    """Say an event in one line, without its time."""
    return printable(_sentence(event))


def _sentence(event: Event) -> str:
    match event:
        case events.RunOpened():
            return f"run {event.run_id} begins: {event.rows:,} rows; reports go to {event.out}"
        case events.Surveyed():
            return f"{event.source}: {event.rows:,} rows" + (f"; read as {event.written}" if event.written else "")
        case events.Progress():
            return f"{_share(event)}; {_counts(event.dispositions)}; {_pace(event)}"
        case events.StageProgress():
            return f"{event.stage}: {_rows(event)}"
        case events.Slowed():
            return f"slowed: {event.reason}; pause {event.seconds:.3g} s, then {event.rate:.3g} calls/s"
        case events.BankDown():
            return f"the bank is down: {event.reason}; customers wait"
        case events.BankBack():
            return "the bank answers again"
        case events.Stopping():
            return f"stopping: {event.reason}; calls in flight are finished"
        case events.Notice():
            return event.message
        case events.SubscriberFailed():
            return f"{event.subscriber}, which listens to the run, failed ({event.error}) and is told nothing more"
        case events.RunFinished():
            return (
                f"run {event.run_id} ended after {duration(event.seconds)} with exit code {int(event.exit_code)}: "
                f"{_counts(event.dispositions)}{_since(event)}; reports are in {event.out}"
            )
        case _:
            return ""


def _since(event: events.RunFinished) -> str:
    since = event.since_last_run.words if event.since_last_run else ""
    return since and f" ({since})"


def _share(event: events.Progress | events.StageProgress) -> str:
    percent = f" ({event.rows_done / event.rows_total:.1%})" if event.rows_total else ""
    return f"{event.rows_done:,} of {event.rows_total:,} rows{percent}"


def _rows(event: events.StageProgress) -> str:
    return f"{event.rows_done:,} rows" if event.rows_total is None else _share(event)


def _counts(counts: Mapping[Disposition, int]) -> str:
    named = (f"{counts[name]:,} {name.replace('_', ' ')}" for name in Disposition if counts.get(name))
    return ", ".join(named) or "none finished yet"


def _pace(event: events.Progress) -> str:
    left = f", about {duration(event.eta_s)} left" if event.eta_s is not None else ""
    under_way = f"{event.in_flight} of {event.places} in flight"
    return f"{event.calls_per_second:,.1f} of {_rate(event.rate_asked)} calls/s, {under_way}{left}"


def _rate(calls_per_second: float) -> str:
    """A rate that was cut is no round number: its first digits say enough."""
    return f"{calls_per_second:,.0f}" if calls_per_second >= _MANY_PER_S else f"{calls_per_second:.3g}"


@contextmanager
def terminal(stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """Show a live display while the run goes on: phases, pace, what became of rows; notices stand above it."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    # Redirection off: stdout is not ours. No refresh thread: a busy run redraws by its own events.
    live = Live(
        console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, vertical_overflow="crop"
    )
    redraw, say = Seldom(_REDRAW_S, clock), Seldom(PLAIN_INTERVAL_S, clock)
    latest: events.Progress | None = None

    def handle(envelope: Envelope) -> None:
        nonlocal latest
        event = envelope.event
        if isinstance(event, events.Progress):
            latest = event
            if redraw.lets(event):
                live.update(_picture(event, console.width), refresh=True)
            return
        picture = _picture(latest, console.width) if latest else Text()
        if isinstance(event, events.StageProgress):
            live.update(Group(picture, Text(describe(event))), refresh=True)
            return
        if isinstance(event, _STAGE_IS_OVER):
            live.update(picture, refresh=True)
        if isinstance(event, events.RunFinished):
            live.stop()
        if not isinstance(event, events.Slowed) or say.lets(event):
            console.print(Text(describe(event), style=_style(event)))

    try:
        live.start()
        yield handle
    finally:
        live.stop()


def _style(event: Event) -> str:
    if isinstance(event, events.Slowed | events.BankDown | events.Stopping):
        return "yellow"
    return "bold" if isinstance(event, events.RunFinished) else ""


def _picture(event: events.Progress, width: int) -> "Group":
    """Draw the display: a bar per phase and one for the rows, then pace and dispositions; bars give way first."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1), expand=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    rows: list[tuple[str, int, str]] = [(phase.value, event.phases.get(phase, 0), "") for phase in Phase]
    rows.append(("rows done", event.rows_done, "bold"))
    for name, count, style in rows:
        bar: Any = ProgressBar(total=max(event.rows_total, 1), completed=count, width=max(4, min(28, width - 30)))
        grid.add_row(Text(name, style=style), bar, Text(f"{count:,}", style=style))
    counts = Text(overflow="fold")
    for name in Disposition:
        if event.dispositions.get(name):
            words = f"{event.dispositions[name]:,} {name.replace('_', ' ')}"
            counts.append(words, style=_COLORS.get(name, "yellow")).append("  ")
    return Group(grid, Text(f"{_share(event)}; {_pace(event)}"), counts)
