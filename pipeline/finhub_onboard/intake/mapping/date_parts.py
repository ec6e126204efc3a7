"""Splits texts in a profile's date format into days, times of day and offsets.

Promises: a text that does not match the whole format is not split. Whether a day exists is not checked here.
"""

import re
from typing import NamedTuple

import polars as pl

from finhub_onboard.config.profile import CLOCK_PARTS, DATE_PARTS

MIDNIGHT = "00:00:00"
_CLOCK = "hh:mm:ss"
_PARTS = re.compile(f"({'|'.join((*DATE_PARTS, *CLOCK_PARTS))})")
_ONE_OR_TWO = ("M", "D", "h")
_WIDTHS = {
    "MMM": "[A-Za-z]{3}",
    "fff": "[0-9]{1,9}",
    "AM": r"[AaPp]\.?[Mm]\.?",
    "Z": "[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?",
}
"""Patterns of the parts that have no fixed width."""
_NOON = 12
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Parts(NamedTuple):
    """Days as ``YYYY-MM-DD`` and times, null where there is no such month or hour; offsets, if the format has them."""

    days: pl.Series
    clocks: pl.Series
    offsets: pl.Series | None = None


def split_dates(text: pl.Series, written: str, pivot: int | None) -> Parts:
    """Split texts that match the format."""
    named = {piece[0]: piece for piece in _PARTS.findall(written)}
    loose = {*_ONE_OR_TWO, *_WIDTHS} - {"MMM"} & set(named.values())
    groups = text.str.extract_groups(pattern(written)).struct if loose else None

    def part(piece: str) -> pl.Series:
        # If all parts have a fixed width, slicing is faster than groups.
        return groups.field(piece[0]) if groups is not None else text.str.slice(written.index(piece), len(piece))

    year, month, day = (part(named[letter]) for letter in "YMD")
    if named["Y"] == "YY":
        century = pl.when(year <= f"{pivot or 0:02d}").then(pl.lit("20")).otherwise(pl.lit("19"))
        year = join_texts(century, year)
    if named["M"] == "MMM":
        numbers = [f"{number:02d}" for number in range(1, 13)]
        month = month.str.to_lowercase().replace_strict(_MONTHS, numbers, default=None, return_dtype=pl.String)
    if loose:
        month, day = month.str.zfill(2), day.str.zfill(2)
    days = join_texts(year, "-", month, "-", day)
    if _CLOCK in written and not loose:
        return Parts(days, part(_CLOCK))
    if not set(CLOCK_PARTS) & set(named.values()):
        return Parts(days, pl.repeat(MIDNIGHT, text.len(), dtype=pl.String, eager=True))
    none = pl.repeat("00", text.len(), dtype=pl.String, eager=True)
    hours, minutes, seconds = (part(named[letter]) if letter in named else none for letter in "hms")
    if loose:
        hours = _of_the_day(hours.str.zfill(2), part("AM") if "A" in named else None)
    fraction = join_texts(".", part("fff")) if "f" in named else ""
    return Parts(
        days,
        join_texts(hours, ":", minutes, ":", seconds, fraction),
        part("Z").str.to_uppercase() if "Z" in named else None,
    )


def _of_the_day(hours: pl.Series, halves: pl.Series | None) -> pl.Series:
    """Convert hours with AM or PM to 24 hours; null where there is no such hour."""
    if halves is None:
        return hours
    clock = [f"{hour:02d}" for hour in range(1, _NOON + 1)]
    before, after = ([f"{hour % _NOON + add:02d}" for hour in range(1, _NOON + 1)] for add in (0, _NOON))
    morning, evening = (
        hours.replace_strict(clock, day, default=None, return_dtype=pl.String) for day in (before, after)
    )
    return pl.select(pl.when(halves.str.contains("^[Pp]")).then(evening).otherwise(morning)).to_series()


def pattern(written: str) -> str:
    """Return the pattern of a format, with a group per part, named by its letter.

    A part of one or two digits needs a separator from the next number: ``DMYYYY`` would be ambiguous, so it is read as
    ``DDMMYYYY``.
    """
    pieces = [piece for piece in _PARTS.split(written) if piece]
    expression = ""
    for place, piece in enumerate(pieces):
        around = pieces[max(place - 1, 0) : place] + pieces[place + 1 : place + 2]
        apart = not any(_PARTS.fullmatch(other) and other != "MMM" for other in around)
        if not _PARTS.fullmatch(piece):
            expression += pl.escape_regex(piece)
        elif piece in _WIDTHS:
            expression += f"(?<{piece[0]}>{_WIDTHS[piece]})"
        elif piece in _ONE_OR_TWO:
            expression += f"(?<{piece}>[0-9]{{{'1,2' if apart else '2'}}})"
        else:
            expression += f"(?<{piece[0]}>[0-9]{{{len(piece)}}})"
    return f"^{expression}$"


def join_texts(*parts: pl.Series | pl.Expr | str) -> pl.Series:
    """Join texts row by row."""
    return pl.select(pl.concat_str(pl.lit(part) if isinstance(part, str) else part for part in parts)).to_series()
