"""Parses the ``Retry-After`` header in every form of RFC 9110, section 10.2.3, and in no other.

Seconds are ASCII digits; dates are IMF-fixdate, RFC 850 or asctime (section 5.6.7). Anything else, such as fractions,
negatives, words or other digits, is ignored. Pure: the current time is passed in.
"""

import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_LONG_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_TIME = r"(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>\d{{2}}) (?P<month>{_MONTH}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"{_LONG_DAY}, (?P<day>\d{{2}})-(?P<month>{_MONTH})-(?P<year>\d{{2}}) {_TIME} GMT",
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>{_MONTH}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_MAX_DIGITS = 9
_LEAP_SECOND = 60


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """The seconds from ``now`` (aware) that ``value`` asks to wait, 0 for a past date; ``None``: invalid."""
    if value is None:
        return None
    text = value.strip(" \t")
    if re.fullmatch(r"[0-9]+", text):
        return float(text if len(text) <= _MAX_DIGITS else "9" * _MAX_DIGITS)
    moment = to_moment(text, now)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def to_moment(text: str, now: datetime) -> datetime | None:
    """The instant that an HTTP date names; ``None``: it is none."""
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _moment(match, now)
    return None


def _moment(match: re.Match[str], now: datetime) -> datetime | None:
    now = now.astimezone(UTC)
    year, second = int(match["year"]), int(match["s"])
    two_digits = len(match["year"]) == 2  # noqa: PLR2004 - RFC 850
    if two_digits:
        year += now.year - now.year % 100
    if second == _LEAP_SECOND:
        second = 59  # datetime has no leap seconds
    rest = _MONTHS.index(match["month"]) + 1, int(match["day"]), int(match["h"]), int(match["m"]), second
    try:
        moment = datetime(year, *rest, tzinfo=UTC)
        # RFC 9110: what appears to be over 50 years ahead is the most recent past year with these digits.
        if two_digits and (year - 50, *rest) > (now.year, now.month, now.day, now.hour, now.minute, now.second):
            moment = datetime(year - 100, *rest, tzinfo=UTC)
    except ValueError:
        return None
    return moment
