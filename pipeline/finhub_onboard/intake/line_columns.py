"""Lines of text made by column, thousands at a time: a loop over rows would take several times as long.

Knows no file and no report.
"""

from collections.abc import Callable, Sequence

import polars as pl


def join(columns: Sequence[str | pl.Series]) -> list[str]:
    """Return the lines of CSV that these columns of cells make; a text is the same in each line."""
    cells = [pl.lit(column) if isinstance(column, str) else column for column in columns]
    return pl.select(pl.concat_str(cells, separator=",") + "\n").to_series().to_list()


def join_rows(rows: pl.DataFrame, between: str) -> list[str]:
    """Return the cells of each row as one text."""
    return rows.select(pl.concat_str(pl.all(), separator=between)).to_series().to_list()


def texts(values: Sequence[str] | pl.Series, odd: str, write: Callable[[str], str]) -> pl.Series:
    """Return a column of texts; ``write`` makes cells of those that match the pattern ``odd``, others are cells."""
    column = pl.Series(values, dtype=pl.String)
    return pl.Series(map(write, column), dtype=pl.String) if column.str.contains(odd).any() else column


def numbers(values: Sequence[int], *, plus: int = 0) -> pl.Series:
    """Return a column of numbers."""
    return pl.Series(values, dtype=pl.Int64) + plus


def instants(seconds: Sequence[float]) -> pl.Series:
    """Return a column of ISO instants in UTC from seconds since the epoch, empty for 0.

    As in ``datetime``: to the nearest microsecond, and of that the whole milliseconds.
    """
    times = pl.Series(seconds, dtype=pl.Float64)
    whole = times.floor()
    micros = whole.cast(pl.Int64) * 1_000_000 + ((times - whole) * 1e6).round().cast(pl.Int64)
    written = micros.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
    return pl.select(pl.when(times == 0).then(pl.lit("")).otherwise(written)).to_series()
