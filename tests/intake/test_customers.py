from dataclasses import fields

import polars as pl

from finhub_onboard.intake.customers import build
from finhub_onboard.model import Customer
from finhub_onboard.model.columns import ROW_COLUMNS


def test_customers_are_what_the_constructor_makes() -> None:
    """Built in bulk or one by one, customers are equal, with every field set."""
    frame = pl.DataFrame({column: [f"{column} {place}" for place in range(3)] for column in ROW_COLUMNS})
    one_by_one = [
        Customer(source="x.csv", row_number=number, **row)
        for number, row in zip((2, 5, 9), frame.iter_rows(named=True), strict=True)
    ]
    assert build(frame, source="x.csv", row_numbers=(2, 5, 9)) == one_by_one
    assert {field.name for field in fields(Customer)} == {"source", "row_number", *ROW_COLUMNS}
