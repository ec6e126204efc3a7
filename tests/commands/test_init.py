"""A folder to start from: the README's commands work there, and no file of anybody is touched."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from finhub_onboard.cli.main import cli
from finhub_onboard.commands.init import NEXT, write_starter
from finhub_onboard.errors import ConfigurationError, ExitCode
from tests.acceptance.support import ROOT


def test_all_that_the_readme_starts_with_is_there(tmp_path: Path) -> None:
    """As in the project, but for the scenarios of the practice bank, which the program has by itself."""
    names = set(map(str, write_starter(tmp_path / "job")))
    ours = {path for name in ("configs", "sample_data") for path in (ROOT / name).rglob("*") if path.is_file()}
    assert names == {str(path.relative_to(ROOT)) for path in ours if "scenarios" not in path.parts}
    for name in names:
        assert (tmp_path / "job" / name).read_bytes() == (ROOT / name).read_bytes()


def test_its_next_command_works_there(tmp_path: Path) -> None:
    """As it is printed, in the new folder; reports and ledger stay in it."""
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "job")])
    assert done.exit_code == 0, done.output
    assert NEXT in done.stderr
    assert str(tmp_path / "job" / "configs" / "production.toml") in done.stdout.splitlines()
    command = [sys.executable, "-m", "finhub_onboard", *NEXT.split()[1:], "--limit", "3"]
    ran = subprocess.run(command, cwd=tmp_path / "job", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert list((tmp_path / "job" / "out").glob("*/results.csv"))
    assert list((tmp_path / "job").glob("onboard-ledger*.db"))


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """One file in the way, and none is written."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "sandbox.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"sandbox\.toml is there already; nothing was written"):
        write_starter(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "configs" / "sandbox.toml"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "job").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot write into"):
        write_starter(tmp_path / "job")


def test_a_kit_needs_what_it_runs(tmp_path: Path) -> None:
    """Exit 2 with an example; given both, its files are named."""
    words = ["init", "--kit", "cron", str(tmp_path / "kit")]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == ExitCode.USAGE
    assert "a kit needs --config and --input" in done.stderr
    config = tmp_path / "my.toml"
    config.write_text("", encoding="utf-8")
    done = CliRunner().invoke(cli, [*words, "--config", str(config), "--input", str(tmp_path / "a.csv")])
    assert done.exit_code == 0, done.output
    assert sorted(done.stdout.splitlines()) == sorted(str(path) for path in (tmp_path / "kit").iterdir())
