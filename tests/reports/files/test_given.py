import os
import shlex
import subprocess
from pathlib import Path

import pytest

from finhub_onboard.reports.files.given import Given
from tests.values import replace

WORDS = ("run", "a b.csv", "it's.csv", "--limit=5", "--out", "my out", "--config", "c.toml")
GIVEN = Given(inputs=("a b.csv", "it's.csv"), out="my out", options=("--config", "c.toml"), words=WORDS, limit=5)


def test_the_words_come_back_as_they_were_given() -> None:
    """A shell reads from the command what the program was given."""
    assert shlex.split(GIVEN.again()) == ["onboard", *WORDS]


def test_a_command_loses_only_what_it_says() -> None:
    """An option is taken away with its value, however it was written."""
    rest = ["onboard", "run", "a b.csv", "it's.csv", "--out", "my out", "--config", "c.toml"]
    assert shlex.split(GIVEN.for_all_rows()) == rest
    spaced = replace(GIVEN, words=(*WORDS[:3], "--limit", "5", *WORDS[4:]))
    assert shlex.split(spaced.for_all_rows()) == rest


def test_a_configuration_of_the_environment_is_said() -> None:
    """Who reads the page has another shell than the night run."""
    named = replace(GIVEN, words=("run", "a.csv"))
    assert named.again() == "onboard run a.csv --config c.toml"
    assert replace(GIVEN, words=("run", "a.csv", "--config=c.toml")).again() == "onboard run a.csv --config=c.toml"


def test_without_words_the_command_is_made() -> None:
    """A run that a program started can be continued from a shell."""
    made = replace(GIVEN, words=())
    assert shlex.split(made.again()) == ["onboard", "run", "a b.csv", "it's.csv", "--config", "c.toml", "--limit", "5"]
    assert "--limit" not in made.for_all_rows()


@pytest.mark.parametrize(
    ("words", "real"),
    [
        (("validate", "a.csv", "--out", "checked", "--json"), "onboard run a.csv --config c.toml"),
        (("run", "a.csv", "--dry-run", "--rate", "5"), "onboard run a.csv --rate 5 --config c.toml"),
    ],
)
def test_a_check_leads_to_its_run(words: tuple[str, ...], real: str) -> None:
    """The run of what was checked: without the check's own folder and flags."""
    checked = replace(GIVEN, words=words)
    assert checked.is_check
    assert not GIVEN.is_check
    assert checked.for_real() == real


def test_a_run_needs_a_configuration() -> None:
    """Rows can be checked without one; then the command says where it is missing."""
    checked = Given(inputs=("a.csv",), out="out", options=(), words=("validate", "a.csv"))
    assert checked.for_real() == "onboard run a.csv --config FILE"
    assert checked.run("rejects/a.csv") == "onboard run rejects/a.csv --config FILE"
    assert checked.again() == "onboard validate a.csv --config FILE"


@pytest.mark.parametrize(
    "name", ["esc\x1b[31m.csv", "cust\u202evsc.csv", "bad\udcff'\\.csv", "a\nb\x85.csv", "\U000e0001.csv"]
)
def test_a_name_that_a_terminal_must_not_see_can_be_typed(name: str, tmp_path: Path) -> None:
    """Such names are written as escapes, which a shell turns back into the very bytes."""
    command = replace(GIVEN, words=("run", name, "--config", "c.toml")).again()
    assert command.isprintable()
    script = command.replace("onboard run", "printf %s", 1).replace(" --config c.toml", "")
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}, cwd=tmp_path
    )
    assert done.stdout == os.fsencode(name)
