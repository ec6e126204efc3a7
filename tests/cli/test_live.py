"""The picture of a run on a terminal: what it counts, and that it fits."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from finhub_onboard import events
from finhub_onboard.cli.live import Picture, draw
from finhub_onboard.events import Envelope, Event
from finhub_onboard.model import Disposition, Phase

PROGRESS = events.Progress(
    at=75,
    rows_done=1_500_000,
    rows_total=10_000_000,
    dispositions={Disposition.ONBOARDED: 1_499_000, Disposition.PARKED: 700, Disposition.IN_DOUBT: 300},
    phases=dict.fromkeys(Phase, 1_500_000),
    calls=12000,
    calls_per_second=26.0313,
    in_flight=16,
    places=32,
    rate_asked=30,
    rate_limit=200,
    refused=12,
    causes=tuple(
        events.CauseCount(stage="documents", code=code, rows=rows)
        for code, rows in (("document_missing", 400), ("refused", 200), ("high_risk", 100), ("fourth", 1))
    ),
    eta_s=3725,
)
FINISHED = events.RunFinished(
    run_id="r1",
    exit_code=143,
    dispositions={Disposition.ONBOARDED: 1_499_500, Disposition.PENDING: 8_500_500},
    out="out/r1",
    seconds=80,
)


def after(*said: Event) -> Picture:
    """The picture after these events."""
    picture = Picture()
    for event in said:
        picture = picture.after(Envelope(run_id="r1", sequence=1, at=0.0, event=event))
    return picture


def drawn(picture: Picture, width: int) -> str:
    """The picture as text; fails if a line is cut."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(draw(picture, width))
    return stream.getvalue().replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_everything_stands_in_the_picture(width: int) -> None:
    """Phases, dispositions, rate and limit, refusals, three causes, time gone and the end; no line is cut."""
    text = drawn(after(PROGRESS), width)
    words = " ".join(text.split())
    for part in (
        *(phase.value for phase in Phase),
        "1,500,000 of 10,000,000 rows (15.0%)",
        *("1,499,000 onboarded", "700 parked", "300 in doubt"),
        "26 of 200 calls/s (slowed to 30)",
        "12 calls for their rate",
        *("400 documents: document_missing", "200 documents: refused", "100 documents: high_risk"),
        *("1 min 15 s so far, about 1 h 2 min left", "ends at "),
    ):
        assert part in words
    assert "fourth" not in text
    assert "pending" not in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(map(len, text.splitlines())) <= width


def test_what_does_not_begin_any_more_is_pending() -> None:
    """Once the run stops, all rows add up, and no end is foretold."""
    picture = after(PROGRESS, events.Stopping(reason="SIGINT"))
    assert sum(picture.dispositions.values()) == PROGRESS.rows_total
    assert picture.dispositions[Disposition.PENDING] == 8_500_000
    text = drawn(picture, 80)
    assert "8,500,000 pending" in text
    assert "left" not in text


def test_the_last_picture_counts_as_the_last_line() -> None:
    """What the display showed last is what the run says at its end."""
    picture = after(PROGRESS, events.Stopping(reason="SIGINT"), replace(PROGRESS, rows_done=1_499_990), FINISHED)
    assert picture.dispositions == FINISHED.dispositions
    text = drawn(picture, 80)
    assert "1,499,500 onboarded" in text
    assert "8,500,500 pending" in text
    assert "1,500,000 of" not in text
    assert "calls/s" not in text


def test_a_healthy_bar_is_not_red() -> None:
    """Bars are cyan while they grow and green once they are full."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system="standard")
    console.print(draw(after(replace(PROGRESS, causes=(), refused=0)), 80))
    assert "\x1b[36m" in stream.getvalue()
    assert "\x1b[31m" not in stream.getvalue()
