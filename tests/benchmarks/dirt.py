"""A benchmark's good file made dirty: rejects, probable duplicates, documents of each row's own."""

import os
from pathlib import Path

import polars as pl

from finhub_onboard.model.columns import DOCUMENT_COLUMNS

_THREE = ("identity_document", "address_document", "funds_document")
assert {*_THREE} <= {*DOCUMENT_COLUMNS}
_ROWS_IN_A_FOLDER = 1000
_REJECTS_IN, _DUPLICATES_IN = 20, 6
"""One row in so many is a reject; the second of so many rows nearly repeats the first, so that both are told of."""


def make_dirty(book: Path, folder: Path) -> dict[str, Path]:
    """Write the dirty variants of a file of good rows; return them by name."""
    rows = pl.read_csv(book, infer_schema=False).fill_null("").with_row_index("n")
    variants = {"5 % rejects": _rejects(rows), "a third probable duplicates": _probable(rows)}
    paths = {}
    for name, frame in variants.items():
        paths[name] = folder / f"{name.replace(' ', '_')}.csv"
        frame.drop("n").with_columns(pl.when(pl.all() != "").then(pl.all())).write_csv(paths[name])
    return paths


def give_documents(book: Path, folder: Path, root: Path) -> Path:
    """Write a file of good rows with three documents of each row's own, made below ``root``; return it.

    The documents are hard links to small files, as many to one as a file system allows.
    """
    rows = pl.read_csv(book, infer_schema=False).fill_null("")
    names = [f"{number // _ROWS_IN_A_FOLDER:05}/{number:08}" for number in range(rows.height)]
    for first in range(0, rows.height, _ROWS_IN_A_FOLDER):
        below = root / names[first][:5]
        below.mkdir(parents=True)
        scan = below / "scan.pdf"
        scan.write_bytes(b"%PDF-1.4\n%%EOF\n")
        for name in names[first : first + _ROWS_IN_A_FOLDER]:
            for column in _THREE:
                os.link(scan, root / f"{name}-{column}.pdf")
    own = [pl.Series(column, [f"{name}-{column}.pdf" for name in names]) for column in _THREE]
    path = folder / "own_documents.csv"
    rows.with_columns(own).with_columns(pl.when(pl.all() != "").then(pl.all())).write_csv(path)
    return path


def _rejects(rows: pl.DataFrame) -> pl.DataFrame:
    """One row in twenty breaks a rule, of four kinds in turn."""
    bad, kind = pl.col("n") % _REJECTS_IN == 0, pl.col("n") // _REJECTS_IN % 4
    birth, email = pl.col("date_of_birth").str.head(4) + "-02-31", pl.col("email").str.replace("@", " at ")
    wrong = {"email": email, "phone": pl.lit("+37012"), "date_of_birth": birth, "last_name": pl.lit("")}
    return rows.with_columns(
        pl.when(bad & (kind == place)).then(value).otherwise(pl.col(name)).alias(name)
        for place, (name, value) in enumerate(wrong.items())
    )


def _probable(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each second of six rows the birth date and the name of the first, with another letter in it."""
    copied = pl.col("n") % _DUPLICATES_IN == 1
    name = pl.col("last_name")
    altered = name.str.head(2) + "x" + name.str.slice(3)
    like = {"first_name": pl.col("first_name"), "date_of_birth": pl.col("date_of_birth"), "last_name": altered}
    return rows.with_columns(
        pl.when(copied).then(value.shift(1)).otherwise(pl.col(column)).alias(column) for column, value in like.items()
    )
