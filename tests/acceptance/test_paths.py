"""Where a configuration's paths begin, whichever folder the command is given in; and that a new ledger is announced."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Bank, Desk, assert_no_traceback, disagreements, head, table_in

NEW = "is new: nobody is in it yet"
RELATIVE = f"""
[ledger]
url = "sqlite:///state/l.db"
[reports]
dir = "reports"
{FAST}
"""


@pytest.fixture
def home(tmp_path: Path, bank: Bank) -> Desk:
    """A configuration in a folder of its own, its paths relative; commands are given elsewhere."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "documents").symlink_to(ROOT / "sample_data" / "documents")
    desk = Desk(folder=tmp_path / "etc", bank=bank).configure(RELATIVE)
    text = desk.config.read_text(encoding="utf-8")
    before, _, after = text.partition("[documents]")
    desk.config.write_text(before + "[ledger]" + after.split("[ledger]", 2)[2], encoding="utf-8")
    assert str(tmp_path) not in desk.config.read_text(encoding="utf-8")
    return desk


def given_in(desk: Desk, folder: Path) -> Desk:
    """The same, with the commands given in another folder."""
    folder.mkdir(exist_ok=True)
    return replace(desk, folder=folder)


def test_the_same_configuration_is_the_same_job_from_every_folder(home: Desk, tmp_path: Path) -> None:
    """Ledger, reports and documents are those beside it; a new ledger is said once; nobody is sent twice."""
    source, config = head(SAMPLE, 4, tmp_path / "customers.csv"), home.config
    first, second = given_in(home, tmp_path / "one"), given_in(home, tmp_path / "two")
    ledger = config.parent / "state" / "l.db"
    done = first.onboard("run", source, "--config", config)
    assert_no_traceback(done)
    assert done.returncode == 0, done.stderr
    assert f"{ledger} {NEW}" in done.stderr
    done = second.onboard("run", source, "--config", "../etc/onboard.toml")
    assert done.returncode == 0, done.stderr
    assert NEW not in done.stderr
    runs = sorted((config.parent / "reports").glob("2*"), key=lambda run: run.stat().st_mtime_ns)
    assert [sum(json.loads((run / "summary.json").read_text())["dispositions"].values()) for run in runs] == [4, 4]
    assert json.loads((runs[1] / "summary.json").read_text())["dispositions"]["unchanged"] == 4
    assert home.bank is not None
    assert disagreements(home.bank.record(), table_in(runs[1], "results.csv"), source) == []
    assert [list(desk.folder.iterdir()) for desk in (first, second)] == [[], []]
    for words in (["status"], ["report"], ["explain", "CUST-000001"], ["plan", source], ["check"]):
        done = second.onboard(*words, env={"ONBOARD_CONFIG": str(config)})
        assert done.returncode == 0, done.stderr
        assert "new" not in done.stderr


def test_the_environment_names_the_configuration_and_a_flag_wins(home: Desk, tmp_path: Path) -> None:
    """``ONBOARD_CONFIG`` where ``--config`` is left out; without either there is none."""
    there = given_in(home, tmp_path / "one")
    found = there.onboard("check", env={"ONBOARD_CONFIG": "../etc/onboard.toml"})
    assert (found.returncode, str(home.folder / "state" / "l.db") in found.stdout) == (0, True), found.stderr
    flag = there.onboard("check", "--config", home.config, env={"ONBOARD_CONFIG": "nowhere.toml"})
    assert flag.returncode == 0, flag.stderr
    assert there.onboard("check").returncode == 2
    assert there.onboard("check", env={"ONBOARD_CONFIG": ""}).returncode == 2


def test_a_ledger_in_the_current_folder_is_pointed_at(home: Desk, tmp_path: Path) -> None:
    """Older versions would have used it: who upgrades and is in another folder is told before anything is sent."""
    source, there = head(SAMPLE, 1, tmp_path / "customers.csv"), given_in(home, tmp_path / "one")
    (there.folder / "l.db").write_bytes(b"x")
    done = there.onboard("run", source, "--config", home.config)
    assert f"{there.folder / 'l.db'}: older versions looked there" in done.stderr


@pytest.mark.parametrize("words", [["run", "--dry-run"], ["plan"]], ids=["dry run", "plan"])
def test_a_command_that_makes_no_ledger_says_that_there_is_none(home: Desk, tmp_path: Path, words: list[str]) -> None:
    """Its numbers are those of a book of which nobody is known."""
    source = head(SAMPLE, 2, tmp_path / "customers.csv")
    done = given_in(home, tmp_path / "one").onboard(*words, source, "--config", home.config)
    assert done.returncode == 0, done.stderr
    assert f"there is no ledger {home.folder / 'state' / 'l.db'} yet" in done.stderr
    assert not (home.folder / "state").exists()


def test_an_old_book_and_a_new_ledger_stop_with_the_ledgers_name(desk: Desk, tmp_path: Path) -> None:
    """The bank has the first customers: the message says which ledger it is, that it is new, and what to do."""
    source = head(SAMPLE, 12, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    wrong = tmp_path / "wrong.db"
    done = desk.run(source, env={"ONBOARD_LEDGER__URL": f"sqlite:///{wrong}"})
    assert_no_traceback(done)
    assert done.returncode == 4, done.stderr
    stopped = next(line for line in done.stderr.splitlines() if line.startswith("stopped:"))
    assert all(word in stopped for word in (str(wrong), "new ledger", "is it the right one?", "ledger.url")), stopped


def test_the_shipped_practice_configuration_leads_to_the_projects_folder(tmp_path: Path) -> None:
    """As the README says: reports in ``out/``, the ledger at the top, wherever the command is given."""
    done = subprocess.run(
        Desk(folder=tmp_path).command("check", "--config", ROOT / "configs" / "sandbox.toml"),
        cwd=tmp_path,
        env=Desk(folder=tmp_path).environment({"ONBOARD_LEDGER__URL": f"sqlite:///{tmp_path}/l.db"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"documents      ok: {ROOT / 'sample_data' / 'documents'}" in done.stdout
