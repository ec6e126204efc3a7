"""What tests of mapping share: profiles, and columns read under them."""

from typing import Any

import polars as pl

from finhub_onboard.config.profile import Profile
from finhub_onboard.intake.mapping.columns import plan
from finhub_onboard.model.columns import REQUIRED_COLUMNS, ROW_COLUMNS
from tests.intake.helpers import a_row

Cells = dict[str, list[str]]


def profile(**sections: Any) -> Profile:
    """Return a profile made of these sections."""
    return Profile.model_validate(sections)


def mapped(by: Profile, cells: Cells, *, typed: bool = False) -> pl.DataFrame:
    """Map columns of cells; required ones that are neither there nor made are filled in."""
    made = {*by.columns, *by.compose, *by.constants, *(("first_name", "last_name") if by.split else ())}
    height = len(next(iter(cells.values())))
    row = a_row()
    every = {column: [row[column]] * height for column in REQUIRED_COLUMNS if column not in made} | cells
    file = pl.DataFrame(every, schema=dict.fromkeys(every, pl.String))
    how = plan(by, file.columns, "book.csv", typed=typed)
    frame = how.apply(pl.DataFrame([file[column] for column in how.wanted]))
    assert frame.columns == list(ROW_COLUMNS)
    assert set(frame.dtypes) == {pl.String}
    assert frame.height == height
    assert not any(frame.null_count().row(0))
    return frame


def column(by: Profile, name: str, values: list[str], *, typed: bool = False) -> list[str]:
    """Map one column that has its canonical name."""
    return mapped(by, {name: values}, typed=typed)[name].to_list()
