"""The live display of a run on a terminal: one picture, drawn again and again; what is said stands above it.

Promises: the last picture says what the last event says; no line is wider than the terminal, and bars give way before
names and numbers do; red is only for what is lost. Knows no run: it draws what events say.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

from finhub_onboard import events
from finhub_onboard.cli.intervals import Seldom, is_fine
from finhub_onboard.cli.wording import calls_per_second, describe, share
from finhub_onboard.events import Envelope, Event
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.texts import clock_time, duration

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

_SLOWED_EVERY_S = 30.0
_REDRAW_S = 0.2
_STAGE_IS_OVER = (events.Surveyed, events.RunOpened, events.RunFinished)
WARNED = (events.Slowed, events.BankDown, events.Stopping)
_COLORS = {
    Disposition.ONBOARDED: "green",
    Disposition.UNCHANGED: "green",
    Disposition.PENDING: "dim",
    Disposition.PARKED: "cyan",
    Disposition.FAILED: "red",
    Disposition.REJECTED: "red",
}
_CAUSES_SHOWN = 3
_BAR, _LEAST_BAR, _BESIDE_BAR = 40, 4, 26
_LABEL = len("categorization")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is drawn: the last progress, ``at`` a Unix time; ``draining``: no customer begins any more; ``stage``."""

    progress: events.Progress | None = None
    at: float = 0.0
    draining: bool = False
    ended: events.RunFinished | None = None
    stage: events.StageProgress | None = None

    def after(self, envelope: Envelope) -> "Picture":
        """The picture once this has happened, too."""
        match envelope.event:
            case events.Progress() as progress:
                return replace(self, progress=progress, at=envelope.at, stage=None)
            case events.Stopping():
                return replace(self, draining=True)
            case events.StageProgress() as stage:
                return replace(self, stage=stage)
            case events.RunFinished() as ended:
                return replace(self, ended=ended, stage=None)
            case event if isinstance(event, _STAGE_IS_OVER):
                return replace(self, stage=None)
            case _:
                return self

    @property
    def dispositions(self) -> dict[Disposition, int]:
        """Rows by disposition. Of a run that stops or has ended, what is not finished is pending."""
        assert self.progress is not None
        if self.ended:
            return dict(self.ended.dispositions)
        counts = dict(self.progress.dispositions)
        if self.draining:
            others = sum(rows for name, rows in counts.items() if name is not Disposition.PENDING)
            counts[Disposition.PENDING] = self.progress.rows_total - others
        return counts


@contextmanager
def terminal(
    stream: TextIO, *, clock: Callable[[], float] = time.monotonic, is_wordy: bool = False
) -> Iterator[Callable[[Envelope], None]]:
    """Draw while a command goes on; ``is_wordy``: every slowing is said."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    # Redirection off: stdout is not ours. No refresh thread: a busy run redraws by its own events.
    live = Live(
        console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False, vertical_overflow="crop"
    )
    redraw, say = Seldom(_REDRAW_S, clock), Seldom(_SLOWED_EVERY_S, clock)
    picture = Picture()

    def handle(envelope: Envelope) -> None:
        nonlocal picture
        event, before = envelope.event, picture
        if is_fine(event):
            return
        picture = picture.after(envelope)
        if isinstance(event, events.Progress | events.StageProgress):
            if redraw.lets(event):
                live.update(draw(picture, console.width), refresh=True)
            return
        if picture != before:
            live.update(draw(picture, console.width), refresh=True)
        if isinstance(event, events.RunFinished):
            live.stop()
        if is_wordy or not isinstance(event, events.Slowed) or say.lets(event):
            console.print(Text(describe(event), style=_style(event), overflow="fold"))

    try:
        live.start()
        yield handle
    finally:
        live.stop()


def _style(event: Event) -> str:
    if isinstance(event, WARNED):
        return "yellow"
    return "bold" if isinstance(event, events.RunFinished) else ""


def draw(picture: Picture, width: int) -> "Group":
    """Lay the picture out in ``width`` columns."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Group | Text] = []
    if picture.progress is not None:
        parts += [_funnel(picture.progress, width), _facts(picture)]
    if picture.stage:
        parts.append(Text(describe(picture.stage), overflow="fold"))
    return Group(*parts)


def _funnel(progress: events.Progress, width: int) -> "Group":
    """Draw how many customers are past each phase."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=_LABEL, no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    bar = max(_LEAST_BAR, min(_BAR, width - _BESIDE_BAR))
    for phase in Phase:
        count = progress.phases.get(phase, 0)
        grid.add_row(
            Text(phase.value),
            ProgressBar(
                total=max(progress.rows_total, 1),
                completed=count,
                width=bar,
                complete_style="cyan",
                finished_style="green",
            ),
            Text(f"{count:,}"),
        )
    return Group(grid)


def _facts(picture: Picture) -> "Group":
    """Draw rows by disposition, the rate, what holds rows up, and the time."""
    from rich.console import Group
    from rich.table import Table

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(min_width=_LABEL, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _lines(picture):
        grid.add_row(label, text)
    return Group(grid)


def _lines(picture: Picture) -> Iterator[tuple[str, "Text"]]:
    from rich.text import Text

    progress = picture.progress
    assert progress is not None
    counts = picture.dispositions
    is_over = picture.ended is not None
    yield "rows", Text(f"{progress.rows_total:,} rows" if is_over else share(progress), style="bold")
    yield "", _dispositions(counts)
    if not is_over:
        yield "calls", Text(f"{calls_per_second(progress)}, {progress.in_flight:,} of {progress.places:,} in flight")
    if progress.refused:
        yield "refused", Text(f"{progress.refused:,} calls for their rate", style="yellow")
    for number, cause in enumerate(progress.causes[:_CAUSES_SHOWN]):
        yield "" if number else "held up", Text(f"{cause.rows:,} {cause.stage}: {cause.code}")
    yield "time", Text(_time(picture))


def _dispositions(counts: dict[Disposition, int]) -> "Text":
    """Name the dispositions that have rows, each in its colour; lines break between them only."""
    from rich.text import Text

    parts = [
        Text(f"{counts[name]:,}\N{NO-BREAK SPACE}{name.replace('_', chr(0xA0))}", style=_COLORS.get(name, "yellow"))
        for name in Disposition
        if counts.get(name)
    ]
    return Text("  ").join(parts) if parts else Text("none finished yet", style="dim")


def _time(picture: Picture) -> str:
    progress = picture.progress
    assert progress is not None
    if picture.ended:
        return f"{duration(picture.ended.seconds)} in all"
    gone = f"{duration(progress.at)} so far"
    if picture.draining:
        return f"{gone}; waiting for {progress.in_flight:,} calls in flight"
    if progress.eta_s is None:
        return gone
    now = datetime.fromtimestamp(picture.at).astimezone()
    end = clock_time(now + timedelta(seconds=progress.eta_s), now)
    return f"{gone}, about {duration(progress.eta_s)} left, ends at {end}"
