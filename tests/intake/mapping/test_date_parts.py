from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.config.profile import Formats
from finhub_onboard.intake.mapping import formats
from tests.intake.mapping.support import column, profile


def test_a_format_is_no_pattern() -> None:
    """The characters between a date's parts mean themselves."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    assert column(by, "date_of_birth", ["03x10x1990", "03.10.1990.", "(03.10.1990)"]) == ["?", "?", "?"]


@given(day=st.dates(), one=st.booleans(), month=st.sampled_from(["MM", "M", "MMM"]), separator=st.sampled_from("./- ·"))
@settings(max_examples=50)
def test_any_date_is_read_back(day: Any, one: bool, month: str, separator: str) -> None:  # noqa: FBT001
    """What a format writes, it reads."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    months = {"MM": f"{day.month:02d}", "M": str(day.month), "MMM": names[day.month - 1]}
    text = separator.join((str(day.day) if one else f"{day.day:02d}", months[month], f"{day.year:04d}"))
    stated = Formats(date_of_birth=separator.join(("D" if one else "DD", month, "YYYY")))
    assert formats.birth_dates(pl.Series([text, ""]), stated, typed=False).to_list() == [day.isoformat(), ""]
