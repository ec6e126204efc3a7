"""A category that the bank refuses concerns the rows that have it: all others are onboarded, in one run."""

import csv
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.interposed import Made, interposed, told
from tests.acceptance.support import SAMPLE, Desk, sandbox

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


@pytest.mark.parametrize("bad", [3, 20])
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
