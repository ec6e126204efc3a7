"""Splits a full name in one cell into first and last name, as a profile says.

Promises: a name that does not fit the order becomes the last name, and its row a reject; a name that may be split in
the wrong place is reported. Knows no profile.
"""

import polars as pl

from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.checking.violation_codes import ViolationCode

_COMMA = "last, first"


def split_names(cell: pl.Series, order: str) -> tuple[pl.Series, pl.Series]:
    """Split names into first and last; one that does not fit the order becomes the last name."""
    name = cell.str.strip_chars(OUTER_SPACE)
    fits = comma = name.str.contains(",", literal=True)
    if order == _COMMA:
        parts = name.str.splitn(",", 2).struct
        last, first = parts.field("field_0"), parts.field("field_1")
    else:  # a comma shows that the name is written in the other order
        fits = name.str.contains(r"\s") & ~comma
        last = name.str.extract(r"\S+$" if order == "first last" else r"^\S+", 0)
        whole = pl.lit(name).str
        rest = whole.strip_suffix(pl.lit(last)) if order == "first last" else whole.strip_prefix(pl.lit(last))
        first = pl.select(rest).to_series()
    return (
        pl.select(pl.when(fits).then(first.str.strip_chars(OUTER_SPACE)).otherwise(pl.lit(""))).to_series(),
        pl.select(pl.when(fits).then(last.str.strip_chars(OUTER_SPACE)).otherwise(name)).to_series(),
    )


def find_doubtful(names: pl.Series, order: str, before: pl.Series | None) -> pl.Series | None:
    """Report names of more than two words, which may be split wrongly; keeps the codes of ``before``."""
    if order == _COMMA:
        return before
    words = names.str.strip_chars(OUTER_SPACE).str.count_matches(r"\s+") + 1
    is_doubtful = (words > 2) & ~names.str.contains(",", literal=True)  # noqa: PLR2004 - first and last
    doubtful = pl.when(is_doubtful).then(pl.lit(ViolationCode.NAME_SPLIT_DOUBTFUL))
    return pl.select(pl.coalesce([*([before] if before is not None else []), doubtful])).to_series()
