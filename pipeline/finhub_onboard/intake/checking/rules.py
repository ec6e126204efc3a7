"""The rules: each function returns an expression that is true where the rule holds.

Promises: an empty value breaks only :func:`present`; a rule holds for a value that another rule reports as unreadable,
so that one fault gives one violation. Pure; knows no schema and no messages.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from finhub_onboard.intake.checking import rewritten
from finhub_onboard.intake.checking.normalise import canonical_instant
from finhub_onboard.intake.mapping.formats import NOT_MIDNIGHT

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_CALENDAR_DAY = (
    "(?:[0-9]{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"  # a month of 31 days
    "|[0-9]{4}-(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"  # a month of 30 days
    "|[0-9]{4}-02-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"  # a leap year
)
"""A day of the calendar. polars evaluates a pattern once for all rules of a column, but a parser once for each rule."""
_CALENDAR_DATE = f"^{_CALENDAR_DAY}$"
_CANONICAL_INSTANT = f"^{_CALENDAR_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{{6}})?Z$"
_NAIVE_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?$"
_LENGTH_TO_SECONDS = 19
_FIRST_BIRTH_DATE = "1900-01-01"


def present(column: str) -> pl.Expr:
    """Hold where the value is there."""
    return pl.col(column) != ""


def at_most(column: str, longest: int) -> pl.Expr:
    """Hold where the value has no more characters than that."""
    return pl.col(column).str.len_chars() <= longest


@dataclass(frozen=True, slots=True)
class Lacks:
    """A rule that holds where nothing in the value matches a pattern."""

    pattern: str

    def __call__(self, column: str) -> pl.Expr:
        """Return the condition on a column."""
        return ~pl.col(column).str.contains(self.pattern)


no_controls = Lacks(r"[\p{Cc}\u{2028}\u{2029}]")
"""Hold where the value has no control character and no line or paragraph separator."""
not_garbled = Lacks("\ufffd")
"""Hold where no character was replaced by U+FFFD before the file was made."""
no_cell_error = Lacks(r"^#(?:N/A|VALUE!|REF!|NAME\?|DIV/0!|NULL!|NUM!)$")
"""Hold where the value is not what a spreadsheet shows in place of one."""
not_rewritten = Lacks(rewritten.SURE)
"""Hold where the value is not a number as a tool rewrote it, perhaps without its last digits."""
no_number = Lacks(f"{rewritten.SURE}|{rewritten.DOUBTFUL}")
"""Hold where the value is not a number with an exponent in any writing, however doubtful."""


def has_letter(column: str) -> pl.Expr:
    """Hold where the value has a letter of any script."""
    return (pl.col(column) == "") | pl.col(column).str.contains(r"\p{L}")


def one_of(column: str, words: tuple[str, ...]) -> pl.Expr:
    """Hold where the value is one of the words."""
    return pl.col(column).is_in(["", *words])


def no_verdict(column: str) -> pl.Expr:
    """Hold where a library or the file system found no fault; the value of a verdict column is the code."""
    return pl.col(column).is_null()


def international_phone(column: str) -> pl.Expr:
    """Hold where the number starts with its country code, or is another rule's fault."""
    return (pl.col(column) == "") | pl.col(column).str.starts_with("+") | ~not_rewritten(column)


def date_written(column: str) -> pl.Expr:
    """Hold where the value is written as a date, or as one with a time of day."""
    return (pl.col(column) == "") | pl.col(column).str.contains(_DATE) | ~date_at_midnight(column)


def date_at_midnight(column: str) -> pl.Expr:
    """Hold where the date had no time of day but midnight."""
    return pl.col(column) != NOT_MIDNIGHT


def date_real(column: str) -> pl.Expr:
    """Hold where the date is in the calendar."""
    return ~pl.col(column).str.contains(_DATE) | _is_in_calendar(column)


def date_not_after(column: str, day: str) -> pl.Expr:
    """Hold where the date is that day or earlier; ISO dates sort like texts."""
    return _where_in_calendar(column, pl.col(column) <= day)


def date_valid(column: str) -> pl.Expr:
    """Hold where the value is a day of the calendar."""
    return (pl.col(column) == "") | _is_in_calendar(column)


def date_not_before(column: str, day: str) -> pl.Expr:
    """Hold where the date is that day or later."""
    return _where_in_calendar(column, pl.col(column) >= day)


def date_not_before_1900(column: str) -> pl.Expr:
    """Hold where the date can be that of a living person."""
    return date_not_before(column, _FIRST_BIRTH_DATE)


def adult(column: str, now: datetime, min_age: int) -> pl.Expr:
    """Hold where the person has reached the age today; a date in the future is another rule's fault.

    Who was born on 29 February comes of age on 1 March of a common year: as texts, ``2008-02-29`` is later than
    ``2008-02-28``, and the day before ``2008-03-01``.
    """
    today = now.date().isoformat()
    born = pl.col(column)
    return _where_in_calendar(column, (born > today) | (born <= _latest_birth_date(now, min_age)))


def _latest_birth_date(now: datetime, min_age: int) -> str:
    today = now.date()
    return f"{max(today.year - min_age, 0):04d}-{today.month:02d}-{today.day:02d}"


def instant_written(column: str) -> pl.Expr:
    """Hold where the value is an instant, or one that only lacks its offset."""
    value = pl.col(column)
    return (value == "") | value.str.contains(_CANONICAL_INSTANT) | value.str.contains(_NAIVE_INSTANT)


def instant_has_offset(column: str) -> pl.Expr:
    """Hold where the value does not lack its offset."""
    return ~pl.col(column).str.contains(_NAIVE_INSTANT)


def instant_not_after(column: str, now: datetime) -> pl.Expr:
    """Hold where the instant is not later than now, to the second."""
    value = pl.col(column)
    latest = canonical_instant(now)[:_LENGTH_TO_SECONDS]
    return ~value.str.contains(_CANONICAL_INSTANT) | (value.str.slice(0, _LENGTH_TO_SECONDS) <= latest)


def _where_in_calendar(column: str, holds: pl.Expr) -> pl.Expr:
    # Written as ``~is_in_calendar | holds``, polars would search for the pattern once more.
    return pl.when(_is_in_calendar(column)).then(holds).otherwise(statement=True)


def _is_in_calendar(column: str) -> pl.Expr:
    return pl.col(column).str.contains(_CALENDAR_DATE)


def no_escapes(column: str) -> pl.Expr:
    """Hold where a JSON text has no control character in its values; a backslash of a value is two there."""
    return ~pl.col(column).str.contains(r"(?:^|[^\\])(?:\\\\)*\\(?:u00[01]|[bfnrt])")


def no_text_for(column: str, members: Collection[str]) -> pl.Expr:
    """Hold where none of these members of a JSON object is a text."""
    names = "|".join(map(pl.escape_regex, members))
    return ~pl.col(column).str.contains(f'"(?:{names})":"')
