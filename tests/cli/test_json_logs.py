import io
import json
from collections.abc import Sequence
from types import MappingProxyType

import pytest

from finhub_onboard import events
from finhub_onboard.cli import shared
from finhub_onboard.cli.json_logs import json_lines, level_of, write_line
from finhub_onboard.cli.shared import FAILED, INTERRUPTED, Failure, plain_errors, shown_events, tell_as_json
from finhub_onboard.cli.signals import Signalled
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.events import Envelope, RunFinished, RunOpened
from finhub_onboard.model import Disposition

HEAD = ["time", "event", "level", "run_id"]


def end(code: ExitCode) -> RunFinished:
    """The end of a run."""
    return RunFinished(run_id="r", exit_code=code, dispositions={}, out="out", seconds=1)


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (end(ExitCode.OK), "info"),
        (end(ExitCode.NEEDS_SOMEBODY), "warning"),
        (end(ExitCode.STOPPED_EARLY), "error"),
        (end(ExitCode.TERMINATED), "error"),
        (events.BankDown(reason="no answer"), "warning"),
        (events.Notice(message="look"), "warning"),
        (events.BankBack(), "info"),
        (RunOpened(run_id="r", rows=1, out="out"), "info"),
    ],
)
def test_the_level_says_whether_a_person_must_look(event: events.Event, level: str) -> None:
    """A run that ended early is an error, one with rows for somebody a warning."""
    assert level_of(event) == level


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines on stderr, each of which is JSON."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


@pytest.mark.parametrize(
    ("raised", "event", "code"),
    [
        (ConfigurationError("wrong", hint="mend it", details=["here"]), FAILED, 2),
        (Signalled("SIGTERM", ExitCode.TERMINATED), INTERRUPTED, 143),
        (RuntimeError("Anna Secret"), FAILED, 1),
    ],
)
def test_what_stops_a_command_is_a_line_like_the_others(
    raised: BaseException, event: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log collector needs one format: errors come with their hint, code and run, and without a customer's data."""

    def command() -> None:
        with shown_events(json_logs=True) as bus:
            bus.emit(RunOpened(run_id="r1", rows=1, out="out"))
            raise raised

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == code
    opened, last = said(capsys)
    assert [list(line)[:4] for line in (opened, last)] == [HEAD, HEAD]
    assert (last["event"], last["level"], last["run_id"], last["exit_code"]) == (event, "error", "r1", code)
    assert "Secret" not in json.dumps(last)
    if code == 2:
        assert (last["message"], last["hint"], last["details"]) == ("wrong", "mend it", ["here"])


def test_elsewhere_it_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads a sentence and a hint."""
    with pytest.raises(SystemExit), plain_errors():
        raise ConfigurationError("wrong", hint="mend it", details=["here"])
    assert capsys.readouterr().err == "error: wrong\n  here\nhint: mend it\n"


def test_a_line_has_a_time_also_without_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no event of a run happens now."""
    tell_as_json(Failure(event=FAILED, message="m", exit_code=2))
    (line,) = said(capsys)
    assert str(line["time"]).startswith("20")
    stream = io.StringIO()
    write_line(stream, "e", "info", "", {"n": 1}, at=0)
    assert json.loads(stream.getvalue()) == {
        "time": "1970-01-01T00:00:00Z", "event": "e", "level": "info", "run_id": "", "n": 1
    }  # fmt: skip


def failures() -> Sequence[str]:
    """The names of lines that are no events."""
    return (shared.FAILED, shared.STOPPED, shared.INTERRUPTED)


def test_names_of_failures_are_not_those_of_events() -> None:
    """Each name means one thing."""
    assert not set(failures()) & set(events.NAMES.values())


def test_parts_of_an_event_are_objects() -> None:
    """The commonest causes are a list of objects; a line that cannot be written would silence all that follow."""
    stream = io.StringIO()
    cause = events.CauseCount(stage="intake", code="email_invalid", rows=3)
    progress = events.Progress(
        at=1, rows_done=1, rows_total=2, dispositions=MappingProxyType({Disposition.REJECTED: 3}), phases={}, calls=0,
        calls_per_second=0, in_flight=0, places=1, rate_asked=5, causes=(cause,)
    )  # fmt: skip
    json_lines(stream)(Envelope(run_id="r", sequence=1, at=0, event=progress))
    line = json.loads(stream.getvalue())
    assert line["causes"] == [{"stage": "intake", "code": "email_invalid", "rows": 3}]
    assert line["dispositions"] == {"rejected": 3}
