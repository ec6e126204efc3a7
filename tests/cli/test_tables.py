"""Answers on stdout: plain and whole in a pipe, wrapped below themselves on a terminal."""

import io
import re
import sys

import pytest

from finhub_onboard.cli import tables

LONG = "/" + "folder/" * 60 + "ledger.db"
FACTS = [("ledger", LONG), ("run", "20261125T020000-1f2e  500 rows, started and ended"), ("", "      7 registration")]
FIGURES = (("scenario", "faults injected", "rows"), [("drops", "12", "50"), ("all", "2048", "828")])
LINES = ["", "run r1  started", "  2026-11-25T02:00:00Z  registration   register, attempt 1, 200 in 0.05 s, done"]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Whether somebody looks."""
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Make stdout a terminal of 40 columns; within a test, as pytest's own stdout changes between fixtures and it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "40", "LINES": "25"} | more).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal())


def plain(text: str) -> list[str]:
    """The lines without styles, and without the blanks before a style ends."""
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


@pytest.mark.parametrize("settings", [{}, {"COLUMNS": "20"}, {"TERM": "dumb"}])
def test_a_pipe_gets_a_line_per_row_whatever_its_length(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No style, no cut and no wrap, whatever the environment says of a terminal; no blanks at the ends of lines."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert tables.facts(FACTS, width=10) == (
        f"ledger      {LONG}\n"
        "run         20261125T020000-1f2e  500 rows, started and ended\n"
        "                  7 registration"
    )
    assert tables.figures(*FIGURES) == (
        "scenario  faults injected  rows\ndrops                  12    50\nall                  2048   828"
    )
    assert tables.lines(LINES) == "\n".join(LINES)


def test_a_dumb_terminal_gets_what_a_pipe_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """It wraps by itself, and knows no styles."""
    on_a_terminal(monkeypatch, TERM="dumb")
    assert tables.facts(FACTS).splitlines()[0] == f"ledger  {LONG}"


def test_a_terminal_wraps_below_the_text_and_cuts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the terminal, all of a long path is there, and labels stand alone."""
    on_a_terminal(monkeypatch)
    shown = plain(tables.facts(FACTS))
    assert max(map(len, shown)) <= 40
    path = [line for line in shown if "/" in line]
    assert "".join(line[8:] for line in path) == LONG
    assert {line[:8] for line in shown} == {"ledger  ", "run     ", " " * 8}
    assert "…" not in "".join(shown)


def test_figures_and_lines_fit_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings wrap, numbers do not; what wraps of a line is further in."""
    on_a_terminal(monkeypatch)
    assert max(map(len, plain(tables.figures(*FIGURES)))) <= 40
    assert plain(tables.lines(LINES)) == [
        "",
        "run r1  started",
        "  2026-11-25T02:00:00Z  registration",
        "    register, attempt 1, 200 in 0.05 s,",
        "    done",
    ]


def test_a_failed_check_stands_out_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In red, unless colours are not wanted."""
    on_a_terminal(monkeypatch)
    assert "\x1b[31m" in tables.facts([("bank", "FAILED: no answer")], style="red")
    on_a_terminal(monkeypatch, NO_COLOR="1")
    assert "\x1b[31m" not in tables.facts([("bank", "FAILED: no answer")], style="red")


def test_the_check_is_shown_by_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, as soon as it is made, labels below each other."""
    tables.show_check("bank", "FAILED: no answer", "failed")
    tables.show_check("configuration", "ok: read", "ok")
    assert capsys.readouterr().out == "bank           FAILED: no answer\nconfiguration  ok: read\n"


def test_a_text_from_elsewhere_moves_no_cursor() -> None:
    """Controls and line ends of an id or a path are shown, not obeyed."""
    hostile = "a\x1b[2J\r\nb\u202e\t"
    for shown in (tables.facts([(hostile, hostile)]), tables.figures([hostile], [[hostile]]), tables.lines([hostile])):
        assert all(line.isprintable() for line in shown.split("\n"))
    assert tables.facts([(hostile, hostile)]).count("\n") == 0


@pytest.mark.parametrize(("settings", "styled"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_pipe_gets_styles_only_if_asked_for(
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    styled: bool,  # noqa: FBT001
) -> None:
    """FORCE_COLOR styles rows, which are still one line each; NO_COLOR has the last word."""
    for name, value in ({"FORCE_COLOR": "1"} | settings).items():
        monkeypatch.setenv(name, value)
    text = tables.facts(FACTS, width=10)
    assert ("\x1b[1m" in text) is styled
    assert len(text.splitlines()) == 3
