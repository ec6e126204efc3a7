"""Accepted rows as customers, a batch at a time.

Promises: the result equals that of ``Customer(...)`` with the same texts. Knows no rules.
"""

from collections import deque
from collections.abc import Sequence

import polars as pl

from finhub_onboard.model import Customer
from finhub_onboard.model.columns import ROW_COLUMNS


def build(frame: pl.DataFrame, *, source: str, row_numbers: Sequence[int]) -> list[Customer]:
    """Return a customer per row of a normalised frame.

    Fills the slots column by column instead of calling the constructor: that of a frozen class makes a call for each of
    25 fields, which took a third of the intake's time.
    """
    customers = [Customer.__new__(Customer) for _ in row_numbers]
    _fill(customers, "source", [source] * len(customers))
    _fill(customers, "row_number", row_numbers)
    for column in ROW_COLUMNS:
        _fill(customers, column, frame[column].to_list())
    return customers


def _fill(customers: list[Customer], name: str, values: Sequence[object]) -> None:
    deque(map(Customer.__dict__[name].__set__, customers, values), maxlen=0)
