"""The README is held against the code: commands, tables and help texts."""

import csv
import dataclasses
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from finhub_onboard import events
from finhub_onboard.cli.console import SHOWN
from finhub_onboard.cli.json_logs import WARNINGS
from finhub_onboard.cli.main import cli
from finhub_onboard.cli.shared import FAILED, INTERRUPTED, STOPPED, Failure
from finhub_onboard.config.profile import ExtraMember, Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition
from finhub_onboard.model.columns import CANONICAL_COLUMNS, REQUIRED_COLUMNS
from finhub_onboard.sandbox.magic import MAGIC
from tests.acceptance.support import ROOT, Desk, sandbox
from tests.make_samples import EXPECTED

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, SECOND = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)


def table(header: str) -> list[list[str]]:
    """The cells of the table whose header line begins so, code marks kept."""
    lines = README[README.index(header) :].splitlines()[2:]
    end = next(number for number, line in enumerate(lines) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[:end]]


def named(cell: str) -> list[str]:
    """The words between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_command_is_listed_with_an_example_in_its_help() -> None:
    """The table names exactly the commands that exist; each help ends with an example of that command."""
    listed = {named(row[0])[0].split()[1] for row in table("| command | does |")}
    assert listed == set(cli.commands)
    for name in cli.commands:
        shown = CliRunner().invoke(cli, [name, "--help"], prog_name="onboard").output
        assert f"  onboard {name}" in shown.split("Example:")[1]


def test_the_magic_addresses_are_those_of_the_sandbox() -> None:
    """The table of addresses that decide a customer's fate says what the sandbox's own says."""
    listed = {named(row[0])[0].removesuffix("@"): row[1] for row in table("| e-mail ends with | what happens |")}
    assert listed == dict(MAGIC)


def test_no_text_names_a_command_that_does_not_exist() -> None:
    """Hints and advice send nobody to a command that is not there."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py")]
    named_commands = {name for text in [README, *texts] for name in re.findall(r"`onboard ([a-z]+)", text)}
    assert named_commands <= set(cli.commands)


def test_the_help_of_run_is_what_the_command_prints() -> None:
    """The README's help text is the real one."""
    shown = CliRunner().invoke(cli, ["run", "--help"], prog_name="onboard", terminal_width=100).output
    block = re.search(r"<!-- help:run -->\n```text\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert block[1] == shown


def test_every_setting_is_listed_with_its_default() -> None:
    """The settings table names every key of the configuration, with the default that holds."""
    listed = {key: row[1] for row in table("| setting | default | meaning |") for key in named(row[0])}
    known = {
        f"{section}.{key}": getattr(getattr(Settings.model_construct(), section), key)
        for section, field in Settings.model_fields.items()
        if section not in ("credentials", "categories")
        for key in type(field.default).model_fields
    } | {"categories.*.parametrization": ""}
    assert set(listed) == set(known)
    for key, shown in listed.items():
        default = known[key]
        if key == "api.forwarded_for":
            continue
        words = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
        assert shown.replace("`", "") == ("none" if default in ("", None, ()) else words), key


def test_every_key_of_a_profile_is_listed() -> None:
    """The profile table names every key, and nothing else."""
    listed = {key for row in table("| key | meaning |") for key in named(row[0])}
    known = set()
    for name, field in Profile.model_fields.items():
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if hasattr(kind, "model_fields")]
        known |= {f"{name}.{key}" for kind in inner if kind is not ExtraMember for key in kind.model_fields} or {name}
    assert listed == known


def test_tables_of_exit_codes_dispositions_and_columns_match() -> None:
    """Every exit code, disposition and column of the code is explained once."""
    assert [int(row[0]) for row in table("| code | meaning |")] == [int(code) for code in ExitCode]
    assert [named(row[0])[0] for row in table("| disposition | meaning |")] == [str(word) for word in Disposition]
    rows = table("| column | required | rule |")
    assert sorted(name for row in rows for name in named(row[0])) == sorted(CANONICAL_COLUMNS)
    assert {name for row in rows if row[1] == "yes" for name in named(row[0])} == set(REQUIRED_COLUMNS)


def test_exit_codes_in_the_help_match() -> None:
    """`onboard --help` lists the same exit codes."""
    shown = CliRunner().invoke(cli, ["--help"], prog_name="onboard").output
    assert [int(code) for code in re.findall(r"^ +(\d+)  ", shown, re.MULTILINE)] == [int(code) for code in ExitCode]


def test_every_event_of_the_logs_is_listed_with_its_fields() -> None:
    """The table of `--json-logs` names the events that are shown and the lines of failures, with levels and fields."""
    rows = {named(row[0])[0]: row for row in table("| event | level | fields |")}
    failures = dict.fromkeys((FAILED, STOPPED, INTERRUPTED), Failure)
    kinds = {events.NAMES[kind]: kind for kind in SHOWN}
    assert set(rows) == {*kinds, *failures}
    for name, kind in (kinds | failures).items():
        own = {field.name for field in dataclasses.fields(kind)} - {"run_id", "event"}
        assert own <= set(named(rows[name][2])), name
    plain = {name: named(row[1]) for name, row in rows.items() if len(named(row[1])) == 1}
    warnings = {events.NAMES[kind] for kind in WARNINGS}
    assert plain == {
        name: ["warning" if name in warnings else "error" if name in failures else "info"] for name in plain
    }
    assert set(rows) - set(plain) == {"finished"}


def test_every_fault_of_the_messy_file_is_named() -> None:
    """The README's list of planted faults is the one that the test of the intake uses."""
    block = README[README.index("<!-- messy -->") : README.index("<!-- /messy -->")]
    listed = set()
    for line in block.splitlines():
        if match := re.match(r"\| ([\d, ]+) \| (\S+) \| `(\w+)` \|", line):
            field = "" if match[2] == "(record)" else match[2]
            listed |= {(number.strip(), field, match[3]) for number in match[1].split(",")}
    with EXPECTED.open(encoding="utf-8", newline="") as stream:
        assert listed == {(row["row_number"], row["field"], row["code"]) for row in csv.DictReader(stream)}


def test_files_that_the_readme_names_exist() -> None:
    """No path in the README leads nowhere."""
    for path in re.findall(r"`((?:configs|sample_data|tests|pipeline|\.ci)/[\w./]*)`", README):
        assert (ROOT / path).exists(), path


def test_ci_takes_the_test_command_from_here() -> None:
    """`.ci/run` finds the second command by its form; it installs the extra that the tests need."""
    assert SECOND.endswith("-m pytest")
    assert "'.[test]'" in SECOND
    assert "sed -n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.exhaustive  # `.ci/wheel` and `.ci/lowest` run the sample, too
def test_the_first_command_onboards_500(tmp_path: Path) -> None:
    """The job on the sample data ends with exit 0 and 500 onboarded; again: 500 unchanged, no customer call."""
    words = FIRST.split(".venv/bin/onboard ")[1].split()
    desk = Desk(folder=tmp_path)
    env = desk.environment({"ONBOARD_LEDGER__URL": f"sqlite:///{tmp_path}/ledger.db"})
    env = {name: value for name, value in env.items() if not name.startswith("ONBOARD_CREDENTIALS__")}
    for expected in ("onboarded", "unchanged"):
        done = subprocess.run(
            [*desk.command(*words), "--out", str(desk.out)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {expected: 500}
    assert [phase for phase, calls in desk.summary()["calls"].items() if calls["sent"]] == ["categorization"]


EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_python_api_run(number: int, tmp_path: Path) -> None:
    """As they stand, in a folder with the files that they name."""
    config = (ROOT / "configs" / "sandbox.toml").read_text(encoding="utf-8")
    config = config.replace("../sample_data/", "").replace("../", "")
    (tmp_path / "my.toml").write_text(config, encoding="utf-8")
    (tmp_path / "partner.toml").write_bytes((ROOT / "configs" / "profiles" / "partner_de.toml").read_bytes())
    for name, source in (("partner.csv", "partner_de.csv"), ("customers.csv", "customers.csv")):
        (tmp_path / name).write_bytes((ROOT / "sample_data" / source).read_bytes())
    (tmp_path / "documents").symlink_to(ROOT / "sample_data" / "documents")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARD_")}
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[number]],
        cwd=tmp_path,
        env=env | {"PYTHONPATH": str(ROOT / "pipeline")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("word", ["traceback", "TODO", "lorem"])
def test_nothing_unfinished_stands_in_the_readme(word: str) -> None:
    """The README holds no left-overs."""
    assert word not in README


def test_the_sandbox_server_takes_the_log_in_that_is_told(tmp_path: Path) -> None:
    """The lines to export are those of its invented tenant: with them every check holds."""
    told = [line for line in README.splitlines() if line.startswith("export ONBOARD_")]
    words = [word for line in told for word in shlex.split(line)[1:]]
    with sandbox() as bank:
        config = tmp_path / "onboard.toml"
        config.write_text(f'[api]\nbase_url = "{bank.base_url}"\n[documents]\nroot = "{tmp_path}"\n', encoding="utf-8")
        env = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARD_")}
        done = subprocess.run(
            [sys.executable, "-m", "finhub_onboard", "check", "--config", str(config)],
            env=env | {"PYTHONPATH": str(ROOT)} | dict(word.split("=", 1) for word in words),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
