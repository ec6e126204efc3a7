"""Functions of one value applied to whole columns, at no more cost than the column needs.

Promises: the result is the same as applying the function to each value. A column in which few values repeat, such as a
nationality, is worked on by its distinct values; a costly function is applied where a pattern says that it changes
something. Knows no columns by name and no rules.
"""

from collections.abc import Callable

import polars as pl

_SAMPLE_ROWS = 1000
_MAX_DISTINCT = 600
"""Distinct values among the first ``_SAMPLE_ROWS`` up to which it pays to look at each of the whole column once."""


def distinct_if_few(values: pl.Series) -> pl.Series | None:
    """Return the distinct values of a column where values repeat, None where they hardly do."""
    if values.null_count() == values.len() > 0:
        return values.head(1)
    if values.len() <= _SAMPLE_ROWS or values.head(_SAMPLE_ROWS).n_unique() > _MAX_DISTINCT:
        return None
    return values.unique()


def is_ascii(values: pl.Series) -> bool:
    """Tell whether a whole column is ASCII: by its sizes, at a fraction of what looking at each character costs."""
    return bool(values.str.len_chars().sum() == values.str.len_bytes().sum())


def map_distinct(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a function of texts, once per distinct value where values repeat."""
    distinct = distinct_if_few(values)
    if distinct is None:
        return function(values)
    answers = function(distinct)
    if distinct.equals(answers):
        return values
    if answers.n_unique() == 1:
        return answers.new_from_index(0, values.len())
    return values.replace_strict(distinct, answers, return_dtype=answers.dtype)


def map_matching(values: pl.Series, odd: str, mend: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Apply a costly function to those texts only that match a pattern."""
    places = values.str.contains(odd).fill_null(value=False).arg_true()
    # scatter would change the series that the caller holds
    return values.clone().scatter(places, mend(values.gather(places))) if places.len() else values


def map_texts(values: pl.Series, answer: Callable[[str], str | None]) -> pl.Series:
    """Ask a function of Python about each distinct text once; null stays null."""
    distinct = values.unique().drop_nulls()
    answers = pl.Series([answer(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, answers, default=None, return_dtype=pl.String)
