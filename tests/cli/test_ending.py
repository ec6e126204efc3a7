"""What stands on a terminal at the end of a command that wrote reports."""

import io
import sys
from pathlib import Path

import pytest

from finhub_onboard.cli.ending import end
from finhub_onboard.errors import ExitCode
from finhub_onboard.reports.files.causes import Cause, Example
from finhub_onboard.reports.files.steps import Step
from finhub_onboard.reports.outcome import Written

COMMAND = "onboard run 'my out/incomplete/customers.csv' --config my.toml --out " + "x" * 100
CAUSES = tuple(
    Cause(
        stage="intake",
        code=f"code_{n}",
        field="email",
        message="broken",
        hint="",
        rows=9 - n,
        examples=[Example("a.csv", 7, "C7")],
    )
    for n in range(7)
)
WRITTEN = Written(
    exit_code=ExitCode.NEEDS_SOMEBODY,
    dispositions={},
    out=Path("out/r1"),
    causes=CAUSES,
    steps=(Step(disposition=None, title="Correct 9 rows", text="", commands=(COMMAND,)),),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Claim to be a terminal."""
        return True


def said(monkeypatch: pytest.MonkeyPatch, *, detail: str | None = None, term: str = "xterm") -> str:
    """What ``end`` prints on stderr."""
    stream = Terminal()
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(SystemExit) as ended:
        end(WRITTEN, as_json=False, json_logs=False, detail=detail)
    assert ended.value.code == ExitCode.NEEDS_SOMEBODY
    return stream.getvalue()


def test_a_terminal_gets_causes_steps_and_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commonest causes with counts and first rows, the next step, its command on one line, and the page's path."""
    text = said(monkeypatch)
    words = " ".join(text.replace("\x1b[1m", "").replace("\x1b[0m", "").split())
    assert "9 rows intake, email: broken (code_0); row 7, … of a.csv" in words
    assert "and 2 further causes: out/r1/errors.csv" in words
    assert "code_5" not in words
    assert "next Correct 9 rows" in words
    assert f"  {COMMAND}\n" in text
    assert words.endswith("report out/r1/report.html")


@pytest.mark.parametrize(("detail", "term"), [("quiet", "xterm"), (None, "dumb")])
def test_nothing_of_it_elsewhere(monkeypatch: pytest.MonkeyPatch, detail: str | None, term: str) -> None:
    """With -q, and where there is no real terminal, the line on stdout says it all."""
    assert said(monkeypatch, detail=detail, term=term) == ""
