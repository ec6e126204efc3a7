"""Make ``sample_data/`` anew: ``python -m tests.make_samples``, with the package installed.

Everybody in it is invented: common names of many countries drawn with a fixed seed, addresses under example.com,
numbers made from the example numbers of the phonenumbers library. The same seed gives the same files, so a change of
``tests/samples/`` shows as a change of the samples. Written are

- ``customers.csv`` and ``customers.parquet``: 500 customers, the same rows, all of them accepted;
- ``documents/``: scans of the three kinds, and the faulty ones that the messy file names;
- ``customers_parking.csv``: rows that wait for somebody, or whose category takes nobody;
- ``customers_messy.csv``: good rows, and rows with one planted fault, warning or notice each; what is planted stands
  beside the scripts, in ``tests/samples/customers_messy.expected.csv``.
"""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from finhub_onboard.model.columns import CANONICAL_COLUMNS, CONSENTS
from tests.samples.documents import write_documents
from tests.samples.messy import write_messy
from tests.samples.parking import parking
from tests.samples.people import COLUMNS, SEED, Row, customer

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = ROOT / "tests" / "samples" / "customers_messy.expected.csv"
"""What is planted in the messy file: row number, field, code and severity."""
ROWS = 500


def main(folder: Path, expected: Path) -> None:
    """Write all samples below a folder, and what is planted in the messy file elsewhere."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    write_documents(folder / "documents")
    rows = list(_customers(random.Random(SEED)))
    _write_csv(folder / "customers.csv", rows)
    _write_parquet(folder / "customers.parquet", rows)
    _write_csv(folder / "customers_parking.csv", list(parking()))
    write_messy(folder, expected)


def _customers(draw: random.Random) -> Iterator[Row]:
    for number in range(1, ROWS + 1):
        yield customer(draw, number, f"CUST-{number:06d}", f"customer{number:04d}@example.com")


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: list[Row]) -> None:
    frame = (
        pl.DataFrame(rows, schema=dict.fromkeys(CANONICAL_COLUMNS, pl.String))
        .select(COLUMNS)
        .with_columns(pl.all().replace("", None))
    )
    instants = [f"{consent}_accepted_at" for consent in CONSENTS]
    frame.with_columns(
        pl.col("date_of_birth").str.to_date(),
        pl.col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
    ).write_parquet(path)


if __name__ == "__main__":
    main(ROOT / "sample_data", EXPECTED)
