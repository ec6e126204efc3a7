"""The command line: outcomes become exit codes, and a defect shows no data."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from finhub_onboard import job
from finhub_onboard.cli.ending import _elsewhere
from finhub_onboard.cli.main import cli
from finhub_onboard.errors import (
    ConfigurationError,
    ExitCode,
    LockedError,
    OnboardError,
    RefusedError,
    StoppedEarlyError,
    UnreadableInputError,
)
from finhub_onboard.reports.outcome import Written


def invoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[int, str]:
    """Exit code and output of `onboard run` when the job raises."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(job, "run", fail)
    config = tmp_path / "onboard.toml"
    config.write_text('[api]\nbase_url = "sandbox:"\n', encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", "customers.csv", "--config", str(config)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ConfigurationError, ExitCode.USAGE),
        (UnreadableInputError, ExitCode.UNREADABLE_INPUT),
        (LockedError, ExitCode.LOCKED),
        (RefusedError, ExitCode.REFUSED),
        (StoppedEarlyError, ExitCode.STOPPED_EARLY),
    ],
)
def test_what_stops_a_run_is_one_message_a_hint_and_its_exit_code(
    kind: type[OnboardError], code: ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each class of error ends the command as DESIGN 3.2 says."""
    assert invoked(tmp_path, monkeypatch, kind("what happened", hint="what to do")) == (
        code,
        "error: what happened\nhint: what to do\n",
    )


def test_a_defect_shows_where_but_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an unexpected exception may hold a customer's data: only its class and place are shown."""
    code, output = invoked(tmp_path, monkeypatch, ValueError("ana.sample@example.com"))
    assert code == ExitCode.UNEXPECTED
    assert "ana.sample" not in output
    assert "Traceback" not in output
    assert "ValueError at" in output
    assert "test_main.py" in output


def test_interrupting_before_the_run_is_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while inputs are read ends with the code of SIGINT, without a traceback."""
    code, output = invoked(tmp_path, monkeypatch, KeyboardInterrupt())  # type: ignore[arg-type]
    assert (code, "Traceback" in output) == (ExitCode.INTERRUPTED, False)


def test_a_message_is_one_line_that_does_not_steer_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files and columns may hold anything: what is no printable character is shown escaped."""
    odd = UnreadableInputError("a\n\x1b[31m\u202eb.csv is empty, sö", hint="see\rÜ")
    assert invoked(tmp_path, monkeypatch, odd) == (
        ExitCode.UNREADABLE_INPUT,
        "error: a\\n\\x1b[31m\\u202eb.csv is empty, sö\nhint: see\\rÜ\n",
    )


def test_a_command_ends_in_peace() -> None:
    """The interpreter is taken down as usual: what libraries do at the end they can, and the exit code stands."""
    code = """
import atexit, os, sys
from finhub_onboard.cli import main
atexit.register(os.write, 2, b"in peace")
sys.argv = ["onboard", *sys.argv[1:]]
main.main()
"""
    for words, exit_code, printed in ((["--version"], 0, "onboard, version"), (["no-such-command"], 2, "")):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == exit_code
        assert done.stdout.startswith(printed)
        assert done.stderr.endswith("in peace")


@pytest.mark.parametrize(
    ("elsewhere", "unnamed", "said"),
    [
        (1, 0, "1 customer is in doubt and in no row of this run; answer in out/in_doubt.csv"),
        (
            3,
            2,
            "answer in out/in_doubt.csv; of 2 an older version did not keep the external_id: give their rows to a run",
        ),
        (2, 2, "in no row of this run; of 2 an older version did not keep the external_id: give their rows to a run"),
    ],
)
def test_the_last_line_says_who_is_in_doubt_besides_the_rows(elsewhere: int, unnamed: int, said: str) -> None:
    """It leads to the file only if there is a line in it."""
    written = Written(
        exit_code=ExitCode.NEEDS_SOMEBODY, dispositions={}, elsewhere=elsewhere, unnamed=unnamed, out=Path("out")
    )
    assert _elsewhere(written).endswith(said)
