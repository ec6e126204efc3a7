import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finhub_onboard import events
from finhub_onboard.cli.console import SHOWN, Detail, Show, choose, plain
from finhub_onboard.cli.json_logs import json_lines
from finhub_onboard.cli.live import terminal
from finhub_onboard.cli.wording import describe
from finhub_onboard.events import Envelope, Event
from finhub_onboard.model import Disposition, Phase

PROGRESS = events.Progress(
    at=12.5,
    rows_done=1500,
    rows_total=20000,
    dispositions={Disposition.ONBOARDED: 1400, Disposition.IN_DOUBT: 2, Disposition.FAILED: 0},
    phases=dict.fromkeys(Phase, 1500),
    calls=12000,
    calls_per_second=198.44,
    in_flight=16,
    places=32,
    rate_asked=200,
    eta_s=3725,
)
STAGE = events.StageProgress(stage="reports", rows_done=5000, rows_total=20000, seconds=6)
FINISHED = events.RunFinished(
    run_id="r1",
    exit_code=3,
    dispositions={Disposition.ONBOARDED: 19999, Disposition.PARKED: 1},
    out="out/r1",
    seconds=61,
)
ALL: list[Event] = [
    events.Surveyed(source="a.csv", rows=20000),
    events.RunOpened(run_id="r1", rows=20000, out="out/r1"),
    PROGRESS,
    STAGE,
    events.Slowed(reason="429", seconds=2, rate=100),
    events.BankDown(reason="connection refused"),
    events.BankBack(),
    events.Notice(message="a notice"),
    events.Stopping(reason="SIGINT"),
    events.SubscriberFailed(subscriber="watch", error="ValueError"),
    FINISHED,
]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Say the time."""
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Claim to be a terminal."""
        return True


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()


def sent(event: Event) -> Envelope:
    """Return an event as a subscriber gets it at a fixed time."""
    return Envelope(run_id="r1", sequence=1, at=NOON, event=event)


def test_every_event_has_a_line() -> None:
    """No kind of event that is for a person is forgotten, and each is one line."""
    assert {type(event) for event in ALL} == set(SHOWN)
    assert all(describe(event) and "\n" not in describe(event) for event in ALL)


@pytest.mark.parametrize(
    ("rate", "words"), [(0.999987, "1"), (0.927762, "0.93"), (26.0313, "26"), (123.456, "123"), (2000, "2,000")]
)
def test_a_rate_is_told_by_its_first_digits(rate: float, words: str) -> None:
    """One that was cut is no round number."""
    stream = io.StringIO()
    plain(stream, clock=Clock())(sent(replace(PROGRESS, rate_asked=rate)))
    assert f" of {words} calls/s" in stream.getvalue()


def test_plain_lines_say_what_matters() -> None:
    """A plain line has the time in UTC, counts, pace and time left; dispositions without rows are left out."""
    stream = io.StringIO()
    plain(stream, clock=Clock())(sent(PROGRESS))
    assert stream.getvalue() == (
        "2026-01-01T12:00:00Z 1,500 of 20,000 rows (7.5%); 1,400 onboarded, 2 in doubt; "
        "198 of 200 calls/s, 16 of 32 in flight, about 1 h 2 min left\n"
    )


@pytest.mark.parametrize("handler", [plain, json_lines])
def test_progress_comes_at_most_once_per_interval(handler: Callable[..., Show]) -> None:
    """A thousand events of progress do not flood a log; other events are never held back."""
    stream, clock = io.StringIO(), Clock()
    handle = handler(stream, interval_s=10, clock=clock)
    for tick in range(100):
        clock.now = tick * 0.25
        handle(sent(PROGRESS))
        handle(sent(events.Slowed(reason="429", seconds=1, rate=1)))
    for _ in range(5):
        handle(sent(events.Notice(message="n")))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3 + 3 + 5


@pytest.mark.parametrize("handler", [plain, json_lines])
def test_each_stage_is_said_at_once_and_then_at_intervals(handler: Callable[..., Show]) -> None:
    """The reports do not keep silent because the survey spoke just before; neither floods a log."""
    stream, clock = io.StringIO(), Clock()
    handle = handler(stream, interval_s=10, clock=clock)
    for tick in range(21):
        clock.now = tick
        handle(sent(events.StageProgress(stage="survey", rows_done=tick, rows_total=None, seconds=5 + tick)))
    handle(sent(STAGE))
    said = stream.getvalue().splitlines()
    assert ["survey" in line for line in said] == [True, True, True, False]


def test_a_stage_says_how_far_it_is() -> None:
    """Of how many rows is said where it is known: the survey has yet to find out."""
    assert describe(STAGE) == "reports: 5,000 of 20,000 rows (25.0%)"
    assert (
        describe(events.StageProgress(stage="survey", rows_done=3000, rows_total=None, seconds=1))
        == "survey: 3,000 rows"
    )


@pytest.mark.parametrize("handler", [plain, json_lines])
def test_a_pause_for_another_reason_is_said_at_once(handler: Callable[..., Show]) -> None:
    """That the bank asked for a longer pause than allowed does not drown in refusals that came just before."""
    stream = io.StringIO()
    handle = handler(stream, interval_s=10, clock=Clock())
    for reason in ("429", "429", "429 and a pause of 3600 s", "429"):
        handle(sent(events.Slowed(reason=reason, seconds=60, rate=1)))
    assert len(stream.getvalue().splitlines()) == 2
    assert "3600 s" in stream.getvalue()


def test_json_lines_hold_every_field() -> None:
    """One object per line: time, name of the event, level and run, then its fields as they are called."""
    stream = io.StringIO()
    handle = json_lines(stream)
    for event in ALL:
        handle(sent(event))
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    for event, line in zip(ALL, said, strict=True):
        own = [field.name for field in fields(event) if field.name != "run_id"]
        assert list(line) == ["time", "event", "level", "run_id", *own]
    assert [line["event"] for line in said[:3]] == ["surveyed", "run_opened", "progress"]
    assert said[2]["dispositions"] == {"onboarded": 1400, "in_doubt": 2, "failed": 0}
    assert said[0]["time"] == "2026-01-01T12:00:00Z"


def test_the_live_display_shows_phases_and_leaves_the_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: a bar per phase, pace and counts; notices too; the outcome is the last line."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    with terminal(stream, clock=Clock()) as handle:
        for event in ALL:
            handle(sent(event))
    shown = stream.getvalue()
    for words in (*(phase.value for phase in Phase), "198 of 200 calls/s", "a notice", "exit code 3"):
        assert words in shown
    assert shown.rindex("exit code 3") > shown.rindex("activation")
    assert "\x1b[?25h" in shown


def test_the_live_display_shows_a_stage_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a stage has one line, which changes in place and is gone at the end."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    with terminal(stream, clock=Clock()) as handle:
        handle(sent(events.StageProgress(stage="survey", rows_done=3000, rows_total=None, seconds=1)))
        handle(sent(events.Surveyed(source="a.csv", rows=20000)))
        survey_is_over = len(stream.getvalue())
        handle(sent(STAGE))
        handle(sent(FINISHED))
    shown = stream.getvalue()
    assert "survey: 3,000 rows" in shown[:survey_is_over]
    assert "survey: 3,000" not in shown[survey_is_over:]
    assert "reports: 5,000 of 20,000 rows" in shown[survey_is_over:]
    assert "reports" not in shown[shown.rindex("\x1b[2K") :].replace("reports are in", "")


def test_the_cursor_comes_back_when_the_run_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception through the display leaves the terminal usable."""
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()

    def die() -> None:
        with terminal(stream) as handle:
            handle(sent(PROGRESS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR leaves bold and bars but no colour code."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with terminal(stream) as handle:
        handle(sent(PROGRESS))
        handle(sent(events.Stopping(reason="x")))
    assert "\x1b[3" not in stream.getvalue().replace("\x1b[39m", "")


@pytest.mark.parametrize(
    ("tty", "term", "json_logs", "live", "start"),
    [
        (True, "xterm", False, True, ""),
        (True, "dumb", False, False, "20"),
        (False, "xterm", False, False, "20"),
        (True, "xterm", True, False, '{"time"'),
    ],
)
def test_choose(monkeypatch: pytest.MonkeyPatch, tty: bool, term: str, json_logs: bool, live: bool, start: str) -> None:  # noqa: FBT001
    """A live display needs a terminal that is not dumb; JSON lines win; everything else gets plain lines."""
    monkeypatch.setenv("TERM", term)
    stream = Terminal() if tty else io.StringIO()
    with choose(stream, json_logs=json_logs) as handle:
        handle(sent(PROGRESS))
        handle(sent(FINISHED))
    assert ("\x1b[?25l" in stream.getvalue()) is live
    assert stream.getvalue().startswith(start)


DRIVER = """
import sys
from finhub_onboard import events
from finhub_onboard.cli import streams
from finhub_onboard.cli.console import choose
streams.secure()
with choose(sys.stderr, json_logs=%r) as handle:
    for _ in range(20000):
        handle(events.Envelope(run_id="r", sequence=1, at=0.0, event=events.Notice(message="x" * 80)))
print("done", "rich" in sys.modules)
sys.exit(3)
"""


@pytest.mark.parametrize("json_logs", [True, False])
def test_a_broken_pipe_never_kills_the_run(json_logs: bool) -> None:  # noqa: FBT001
    """A reader of stderr that goes away costs the lines and nothing else: the exit code stays; rich is not loaded."""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", DRIVER % json_logs]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stderr=writing, stdout=subprocess.PIPE, cwd=root) as process:
        os.close(writing)
        os.read(reading, 100)
        os.close(reading)
        output, _ = process.communicate(timeout=60)
    assert output == b"done False\n"
    assert process.returncode == 3


def test_a_full_log_never_kills_the_run() -> None:
    """With stderr on a full disk the run goes on and its exit code stays."""
    root = Path(__file__).parents[2]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", DRIVER % False],
            stderr=full,
            stdout=subprocess.PIPE,
            cwd=root,
            check=False,
            timeout=60,
        )
    assert (done.stdout, done.returncode) == (b"done False\n", 3)


def test_stdout_is_not_touched(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """While the display lives, stdout is the caller's own and gets nothing from it."""
    monkeypatch.setenv("TERM", "xterm")
    before = sys.stdout
    with choose(Terminal()) as handle:
        handle(sent(PROGRESS))
        assert sys.stdout is before
    assert capsys.readouterr().out == ""


def test_a_display_on_a_narrow_terminal_keeps_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars give way before names of phases and counts do."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    with terminal(stream) as handle:
        handle(sent(PROGRESS))
    assert "categorization" in stream.getvalue()
    assert "1,500" in stream.getvalue()


def test_a_name_does_not_begin_a_line_or_steer_a_terminal() -> None:
    """What is no printable character in the name of a file is escaped."""
    assert describe(events.Surveyed(source="a\n\x1b[2Jb.csv", rows=1)) == "a\\n\\x1b[2Jb.csv: 1 rows"


def test_quiet_shows_trouble_only() -> None:
    """With -q a log gets what went wrong; how the run ended stands on stdout."""
    stream = io.StringIO()
    with choose(stream, detail=Detail.QUIET) as handle:
        for event in ALL:
            if type(event) in Detail.QUIET.kinds:
                handle(sent(event))
    said = [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]
    assert [words.split(":")[0].split(",")[0] for words in said] == ["the bank is down", "stopping", "watch"]


def test_quiet_draws_nothing_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """With -q no display takes the terminal over."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with choose(stream, detail=Detail.QUIET) as handle:
        handle(sent(events.BankDown(reason="x")))
    assert "\x1b[?25l" not in stream.getvalue()


CALL = events.CallFinished(
    phase="documents", call="upload_document", verdict="retry", code="unavailable", seconds=0.25, attempt=2
)


@pytest.mark.parametrize("json_logs", [False, True])
def test_verbose_shows_each_call_that_fails(json_logs: bool) -> None:  # noqa: FBT001
    """With -v a log names call, code and attempt; of calls that succeed it says nothing."""
    stream = io.StringIO()
    assert events.CallFinished in Detail.WORDY.kinds
    with choose(stream, json_logs=json_logs, detail=Detail.WORDY) as handle:
        handle(sent(CALL))
        handle(sent(events.CallFinished(phase="session", call="log_in", verdict="done", code="", seconds=1, attempt=1)))
    (line,) = stream.getvalue().splitlines()
    if json_logs:
        assert json.loads(line)["code"] == "unavailable"
    else:
        assert line.endswith("documents, upload_document: retry unavailable (attempt 2, 250 ms)")


def test_color_can_be_forced_into_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORCE_COLOR colours warnings of plain lines; NO_COLOR has the last word."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    for words in ("\x1b[33m", ""):
        stream = io.StringIO()
        plain(stream)(sent(events.BankDown(reason="x")))
        assert ("\x1b" in stream.getvalue()) is bool(words)
        monkeypatch.setenv("NO_COLOR", "1")
