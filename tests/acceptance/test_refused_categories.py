"""A category that the bank refuses concerns the rows that have it: all others are onboarded, in one run."""

import csv
import json
from pathlib import Path

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.interposed import Made, interposed, told
from tests.acceptance.support import SAMPLE, Desk, sandbox
from tests.support import typical

ROWS = 50
REFUSAL = told(400, "Categorization validation failed", error="Invalid categorization")


def write(path: Path, categories: list[str]) -> Path:
    """A row of the sample for each of these categories, each of low risk."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[: len(categories)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(
            row | {"category": category, "risk_level": "LOW"} for row, category in zip(rows, categories, strict=True)
        )
    return path


@pytest.mark.parametrize("bad", typical([3, 20], 3))
@pytest.mark.waits
def test_bad_categories_at_the_head_of_a_file_stop_nobody(tmp_path: Path, bad: int) -> None:
    """Refused only by the bank, one call at a time: they are in rejects/ with the field, the rest is onboarded."""

    def refuse_plus(path: str, body: bytes) -> Made | None:
        return REFUSAL if path.endswith("/registration") and b"Individual Plus" in body else None

    with sandbox() as bank, interposed(bank.root, refuse_plus) as between:
        settings = FAST.replace("max_in_flight = 16", "max_in_flight = 1") + "[stop]\nmin_rows = 1000\n"
        desk = Desk(folder=tmp_path, bank=bank).configure(settings, base_url=between.base_url)
        source = write(tmp_path / "book.csv", ["INDIVIDUAL_PLUS"] * bad + ["INDIVIDUAL_STANDARD"] * (ROWS - bad))
        assert desk.run(source).returncode == 3
        assert desk.counts() == {"failed": bad, "onboarded": ROWS - bad}
        with (desk.out / "rejects" / source.name).open(encoding="utf-8", newline="") as stream:
            rejects = [(row["_err_field"], row["_err_code"]) for row in csv.DictReader(stream)]
        assert rejects == [("category", "category_refused")] * bad


def test_a_run_whose_only_category_is_refused_stops(tmp_path: Path) -> None:
    """Exit 5 after a few customers, and nobody is given up."""
    refuse = lambda path, _: REFUSAL if path.endswith("/registration") else None  # noqa: E731
    with sandbox() as bank, interposed(bank.root, refuse) as between:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, base_url=between.base_url)
        assert desk.run(write(tmp_path / "book.csv", ["INDIVIDUAL_STANDARD"] * ROWS)).returncode == 5
        assert desk.counts() == {"pending": ROWS}


@pytest.mark.parametrize("bad", typical(["B2B_SMALL_BUSINESS", "INDIVIDUAL_PROHIBITED"], "INDIVIDUAL_PROHIBITED"))
def test_a_category_that_takes_nobody_is_rejected_before_any_call(desk: Desk, tmp_path: Path, bad: str) -> None:
    """By what the hierarchy says of it; `check` says so, and `plan` after it."""
    assert desk.bank is not None
    source = write(tmp_path / "book.csv", [bad] * 3 + ["INDIVIDUAL_STANDARD"] * (ROWS - 3))
    checked = desk.onboard("check", "--config", desk.config)
    assert [bad in line for line in checked.stdout.splitlines() if "rows of it are rejected" in line].count(True) == 1
    planned = json.loads(desk.onboard("plan", source, "--config", desk.config, "--json").stdout)
    assert (planned["dispositions"]["rejected"], planned["dispositions"]["onboarded"]) == (3, ROWS - 3)
    assert desk.run(source, "--dry-run").returncode == 3
    assert desk.counts() == {"rejected": 3, "pending": ROWS - 3}
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"rejected": 3, "onboarded": ROWS - 3}
    assert {row["field"] for row in desk.table("errors.csv")} == {"category"}
    assert desk.summary()["calls"]["registration"]["sent"] == ROWS - 3


def test_a_hierarchy_that_changed_since_the_last_run_is_said(tmp_path: Path) -> None:
    """One line that names the categories; a night later it is the known one."""
    few = {"INDIVIDUAL_STANDARD": {"databaseId": demo.CATEGORIES[0].id, "categoryName": "Individual Standard"}}
    fewer = told(200, "Success", categories=few)
    with sandbox() as bank, interposed(bank.root) as between:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, base_url=between.base_url)
        source = write(tmp_path / "book.csv", ["INDIVIDUAL_STANDARD"])
        assert "categories changed" not in desk.run(source).stderr
        between.between = lambda path, _: fewer if "hierarchy" in path else None
        assert "the bank's categories changed since the last run: gone: B2B_SMALL_BUSINESS" in desk.run(source).stderr
        assert "categories changed" not in desk.run(source).stderr


def test_what_a_category_asks_for_is_stated_once_or_by_each_row(desk: Desk, tmp_path: Path) -> None:
    """Without it nothing is sent for its rows; a value that the bank does not allow ends the run before any of them."""
    assert desk.bank is not None
    source = write(tmp_path / "customers.csv", ["INDIVIDUAL_MONITORED"] * 3 + ["INDIVIDUAL_STANDARD"])
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"failed": 3, "onboarded": 1}
    assert {(row["field"], row["code"]) for row in desk.table("errors.csv")} == {("category", "category_parameters")}
    assert desk.bank.record()["calls"]["registerIndividual"]["received"] == 1
    table = '[categories."Individual Monitored".parametrization]\nriskLevel = "{risk_level}"\n'
    for value, code in (("HOURLY", 2), ("DAILY", 0)):
        desk.configure(f'{FAST}\n{table}monitoring = "{value}"\n')
        assert desk.run(source).returncode == code
        checked = desk.onboard("check", "--config", desk.config)
        assert (checked.returncode == 0, "one of WEEKLY, DAILY, REAL_TIME" in checked.stdout) == (not code, bool(code))
    assert desk.counts() == {"onboarded": 3, "unchanged": 1}


def test_a_file_is_validated_by_the_hierarchy_that_was_read_last(desk: Desk, tmp_path: Path) -> None:
    """Before any run or check every category passes; afterwards those that take nobody or are not there are rejects."""
    source = write(tmp_path / "customers.csv", ["INDIVIDUAL_PROHIBITED", "NO_SUCH", "INDIVIDUAL_STANDARD"])
    words = ("validate", source, "--config", desk.config, "--out", desk.out)
    assert desk.onboard(*words).returncode == 0
    assert desk.onboard("check", "--config", desk.config).returncode == 0
    assert desk.onboard(*words).returncode == 3
    assert [row["code"] for row in desk.table("errors.csv")] == ["category_prohibited", "category_unknown"]
