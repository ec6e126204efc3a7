"""The commands of the report's next steps, typed as they stand, with the real command and bank."""

import html
import re
import shlex
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Bank, Desk, head

PARKING = ROOT / "sample_data" / "customers_parking.csv"


def commands(out: Path) -> list[str]:
    """The commands of a page, in order."""
    page = (out / "report.html").read_text(encoding="utf-8")
    return [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]


def titles(out: Path) -> list[str]:
    """What the steps of a page are called."""
    page = (out / "report.html").read_text(encoding="utf-8")
    return re.findall(r"<li[^>]*><strong>(.*?)</strong>", page)


def test_the_command_goes_on_as_it_was_given(desk: Desk, bank: Bank, tmp_path: Path) -> None:
    """What narrowed a run narrows it again; all rows, and the rest of the journey, are steps of their own."""
    head(SAMPLE, 8, tmp_path / "book.csv")
    given = ["run", "book.csv", "--limit", "5", "--until", "documents", "--rate", "300", "--out", "my out"]
    done = desk.onboard(*given, "--config", desk.config.name)
    assert done.returncode == 4, done.stderr
    typed = f"onboard run book.csv --limit 5 --until documents --rate 300 --out 'my out' --config {desk.config.name}"
    beyond, everybody = commands(tmp_path / "my out")
    assert titles(tmp_path / "my out") == ["Take 5 rows beyond documents when you want to", "Then run all rows"]
    assert beyond == typed.replace("--until documents ", "")
    assert everybody == typed.replace("--limit 5 ", "")
    assert desk.onboard(*shlex.split(everybody)[1:]).returncode == 4
    acts = bank.record()["acts"]
    assert acts.get("activate", 0) == 0  # nobody was sent on
    assert desk.onboard(*shlex.split(beyond)[1:]).returncode == 0


def test_a_stopped_run_goes_on_by_its_own_words(desk: Desk, tmp_path: Path) -> None:
    """The configuration that the environment named is in the command: another shell does not have it."""
    head(SAMPLE, 8, tmp_path / "a book.csv")
    desk.configure(FAST + '[stop]\ndeadline = "2020-01-01T00:00:00Z"\n')
    env = {"ONBOARD_CONFIG": desk.config.name}
    done = desk.onboard("run", "a book.csv", "--limit=4", "--out", "out", env=env)
    assert done.returncode == 4, done.stderr
    again, _ = commands(desk.out)
    assert again == f"onboard run 'a book.csv' --limit=4 --out out --config {desk.config.name}"
    desk.configure(FAST)
    assert desk.onboard(*shlex.split(again)[1:]).returncode == 0


def test_each_cause_has_a_step_that_names_its_file(desk: Desk) -> None:
    """What lacks a document is not offered to be run again; what a person approves is, and rejects name their file."""
    desk.configure(FAST)
    assert desk.run(PARKING).returncode == 3
    found = dict(
        zip(
            titles(desk.out), re.split(r"<li", (desk.out / "report.html").read_text(encoding="utf-8"))[1:], strict=False
        )
    )
    lacking = found["Add the missing document to 2 rows"]
    assert f"onboard run {PARKING}" not in lacking
    assert f"onboard run {desk.out}/incomplete/customers_parking.csv --config {desk.config}" in lacking
    assert f"{desk.out}/parked.csv" in lacking
    assert "<pre>" in found["Have the power tenant approve 2 rows of high risk"]
    rejected = found["Correct 2 rows that broke a rule"]
    assert f"onboard run {desk.out}/rejects/customers_parking.csv --config {desk.config}" in rejected


def test_a_check_leads_to_the_run(desk: Desk, tmp_path: Path) -> None:
    """The page of `validate` speaks of validation, and its command is the run of what was checked."""
    head(SAMPLE, 4, tmp_path / "book.csv")
    done = desk.onboard("validate", "book.csv", "--out", "checked", "--config", desk.config.name)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "checked" / "report.html").read_text(encoding="utf-8")
    assert "again" not in page[page.index("<body>") :]
    (run,) = commands(tmp_path / "checked")
    assert run == f"onboard run book.csv --config {desk.config.name}"
    assert desk.onboard(*shlex.split(run)[1:]).returncode == 0
