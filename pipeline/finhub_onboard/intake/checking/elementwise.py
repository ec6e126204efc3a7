"""Applies functions of single values to whole columns, as cheaply as the column allows.

Promises: the result is the same as applying the function to each value. Where values repeat, such as nationalities,
only distinct values are computed; a costly function is applied only to the values that match a pattern. Knows no
columns by name and no rules.
"""

from collections.abc import Callable

import polars as pl

_SAMPLE_ROWS = 1000
_MAX_DISTINCT = 600
"""The most distinct values among the first ``_SAMPLE_ROWS`` for which computing by distinct value pays (first names of
a country are some 400)."""


def distinct_if_few(values: pl.Series) -> pl.Series | None:
    """Return the distinct values of a column, or None where values hardly repeat."""
    if is_constant(values):
        return values.head(1)
    if values.len() <= _SAMPLE_ROWS or values.head(_SAMPLE_ROWS).n_unique() > _MAX_DISTINCT:
        return None
    return values.unique()


def is_constant(values: pl.Series) -> bool:
    """Tell whether a column has one value throughout, such as '' where the file does not have the column."""
    if values.is_empty() or values[0] != values[-1]:
        return False
    nulls = values.null_count()
    return nulls == values.len() if values[0] is None else not nulls and bool((values == values[0]).all())


def is_ascii(values: pl.Series) -> bool:
    """Tell whether a whole column is ASCII: by comparing sizes, which is much cheaper than a pattern."""
    return bool(values.str.len_chars().sum() == values.str.len_bytes().sum())


def map_distinct(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a function; where values repeat, only to the distinct ones."""
    distinct = distinct_if_few(values)
    return function(values) if distinct is None else spread(values, distinct, function(distinct))


def spread(values: pl.Series, distinct: pl.Series, answers: pl.Series) -> pl.Series:
    """Return for each value the answer to it, given one for each distinct value."""
    if distinct.equals(answers, check_dtypes=True):
        return values
    if answers.n_unique() == 1:
        return answers.new_from_index(0, values.len())
    return values.replace_strict(distinct, answers, return_dtype=answers.dtype)


def map_matching(values: pl.Series, odd: str, mend: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a costly function only to the texts that match a pattern."""
    places = values.str.contains(odd).fill_null(value=False).arg_true()
    # scatter changes its series in place
    return values.clone().scatter(places, mend(values.gather(places))) if places.len() else values


def map_texts(values: pl.Series, answer: Callable[[str], str | None]) -> pl.Series:
    """Apply a Python function once to each distinct text; null stays null."""
    distinct = (values.head(1) if is_constant(values) else values.unique()).drop_nulls()
    answers = pl.Series([answer(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, answers, default=None, return_dtype=pl.String)
