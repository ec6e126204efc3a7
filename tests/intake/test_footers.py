"""Footers: what stands below the rows of other programs' files has one plain name, and no customer has it."""

from pathlib import Path

import polars as pl
import pytest

from tests.intake.helpers import a_row, csv_text, judged, told, write

GOOD = [a_row(number) for number in range(1, 8)]


@pytest.mark.parametrize(
    "footer",
    [
        "Total: 250",
        "Total,,,,7",
        '"Grand total",7',
        "TOTAL" + "," * 40,
        "Summe;7",
        "Iš viso: 7",
        "7 rows",
        "(7 rows affected)",
        "*** End of report ***",
        "TRL|7|2026-01-01",
        "Exported by SAP 2026-01-01",
    ],
)
def test_a_footer_is_named_as_such(tmp_path: Path, footer: str) -> None:
    """Once, not by the rules that it breaks, whether or not it has as many cells as the header."""
    path = tmp_path / "x.csv"
    path.write_text(csv_text(GOOD) + footer + "\n", encoding="utf-8")
    _, found = judged(path)
    assert told(found) == [(8, "", "footer")]
    assert len(found) == len(GOOD) + 1


def test_a_footer_of_a_table_is_named_as_such(tmp_path: Path) -> None:
    """Where the input is no text, by its cells."""
    path = tmp_path / "x.parquet"
    footer = dict.fromkeys(GOOD[0], None) | {"external_id": "Total", "phone": "7"}
    pl.DataFrame([*GOOD, footer]).write_parquet(path)
    _, found = judged(path)
    assert told(found) == [(8, "", "footer")]


@pytest.mark.parametrize("cells", ["Totally,Anna", "Fin", "C-8,Total"])
def test_other_short_records_are_short(tmp_path: Path, cells: str) -> None:
    """A word that begins like one of a footer, or stands behind another cell, tells nothing."""
    path = tmp_path / "x.csv"
    path.write_text(csv_text(GOOD) + cells + "\n", encoding="utf-8")
    _, found = judged(path)
    assert told(found) == [(8, "", "record_short")]


def test_only_the_end_of_an_input_has_a_footer(tmp_path: Path) -> None:
    """In the middle it is a malformed record; a customer who is called so is a customer."""
    path = tmp_path / "x.csv"
    text = csv_text(GOOD).replace("\nC-2,", "\nTotal: 1\nC-2,")
    path.write_text(text, encoding="utf-8")
    _, found = judged(path)
    assert told(found) == [(2, "", "record_short")]
    _, found = judged(write(tmp_path / "y.csv", [*GOOD, a_row(8, external_id="Total", last_name="Total")]))
    assert told(found) == []
