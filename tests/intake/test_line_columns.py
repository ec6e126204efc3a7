"""Lines made by column are those that a loop over the rows would make."""

from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake import line_columns
from finhub_onboard.reports.projection import instant


@given(st.floats(0, 4e9), st.integers(0, 2_000_000))
def test_times_are_formatted_as_anywhere_else(seconds: float, micros: int) -> None:
    """Also those a fraction of a microsecond before the next millisecond, and none."""
    times = [seconds, 0.0, int(seconds) + micros / 1e6 - 5e-7, int(seconds) + micros / 1e3 - 4e-7]
    assert line_columns.instants(times).to_list() == [instant(time) for time in times]


def test_cells_are_joined_and_those_of_an_odd_column_written_anew() -> None:
    """A text stands in each line; a column is written anew if a text in it is odd, else not touched."""
    numbers = line_columns.numbers([3, 1], plus=4)
    plain, odd = (line_columns.texts(["x", text], "!", str.upper) for text in ("y", "!y"))
    assert line_columns.join(["a", numbers, plain, odd]) == ["a,7,x,X\n", "a,5,y,!Y\n"]
