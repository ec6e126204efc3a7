"""Dates, instants and phone numbers as a partner writes them, brought to the form that the rules read.

Promises: nothing is guessed. What is not written as the profile states becomes ``UNREADABLE``, which the rules refuse,
even where it looks like ISO by luck; whether a day is in the calendar and a number is valid is for the rules to say.
Whole columns at a time; phonenumbers is asked only about numbers of which its own metadata leave doubt. Knows no
column names.
"""

import re
from datetime import date, datetime
from functools import cache, lru_cache

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata

from pipeline.intake.elementwise import per_distinct
from pipeline.intake.normalise import OUTER_SPACE
from pipeline.profile import CLOCK_PARTS, DATE_PARTS, Formats

UNREADABLE = "?"
"""What stands for a value that is not written as the profile states; no rule takes it for a date or an instant."""

_DAY, _CLOCK = "YYYY-MM-DD", "hh:mm:ss"
_PARTS = re.compile(f"({'|'.join((*DATE_PARTS, *CLOCK_PARTS))})")
_ONE_OR_TWO = ("M", "D")
_MIDNIGHT = "00:00:00"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO_BIRTHDAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?)?$"
_ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}"
_NAIVE_INSTANT = _ISO_INSTANT + r"(:[0-9]{2}([.,][0-9]{1,9})?)?$"
_FIRST_DAY, _LAST_DAY = date(2005, 1, 1), date(2044, 12, 31)
"""Between these the offset of a day is looked up; other days are reckoned one by one."""
_PHONE_SEPARATORS = " ().-/\xa0\u2010\u2011\u2012\u2013\u2014\u2015"
_NATIONAL = re.compile(r"[\d\s().\-/\u2010-\u2015]+", re.ASCII)
_CACHED = 65_536


def birth_dates(values: pl.Series, formats: Formats, *, typed: bool) -> pl.Series:
    """Write dates as ``YYYY-MM-DD``; ``typed`` values may be ISO as well.

    A clock, if the format has one, must show midnight: any other hour is the trace of a lost time zone, and the day
    may be wrong.
    """
    if formats.date_of_birth in ("", _DAY) and not typed:
        return values
    written = formats.date_of_birth or _DAY
    text, fits = _fitting(values, written)
    day, clock = _cut(text, written, formats.pivot_year)
    fits &= (clock == _MIDNIGHT) & day.is_not_null()
    if fits.all():
        return day
    found = pl.when(fits).then(day).when(text == "").then(pl.lit(""))
    if typed:
        found = found.when(text.str.contains(_ISO_BIRTHDAY)).then(text.str.slice(0, len(_DAY)))
    return pl.select(found.otherwise(pl.lit(UNREADABLE))).to_series()


def instants(values: pl.Series, formats: Formats, *, typed: bool) -> pl.Series:
    """Write instants as ISO 8601, with their offset where they have one or the profile states a time zone.

    A day alone is the start of that day where the format has no clock or the cell was ``typed``. A clock time that
    the zone has twice or never gets no offset.
    """
    if (values == "").all() or not (formats.accepted_at or formats.time_zone):
        return values
    if not formats.accepted_at:
        return _iso_instants(values.str.strip_chars(OUTER_SPACE), formats.time_zone, typed=typed)
    text, fits = _fitting(values, formats.accepted_at)
    day, clock = _cut(text, formats.accepted_at, formats.pivot_year)
    told = _instants(day, clock, formats.time_zone)
    fits &= told.is_not_null()
    if fits.all():
        return told
    found = pl.when(fits).then(told).when(text == "").then(pl.lit(""))
    if typed:
        iso = text.str.contains(f"{_ISO_INSTANT}|{_ISO_DAY}")
        found = found.when(iso).then(_iso_instants(text, formats.time_zone, typed=True))
    return pl.select(found.otherwise(pl.lit(UNREADABLE))).to_series()


def knows_time_zone(zone: str) -> bool:
    """Tell whether instants can be reckoned in this zone."""
    try:
        _offsets(pl.Series([datetime(2026, 1, 1)]), zone)  # noqa: DTZ001 - the zone is what is tried
    except pl.exceptions.ComputeError:
        return False
    return True


def _fitting(values: pl.Series, written: str) -> tuple[pl.Series, pl.Series]:
    """Return the texts without outer white space, and where they are written so."""
    pattern = _pattern(written)
    fits = values.str.contains(pattern)
    if (fits | (values == "")).all():  # which is usual, and saves a pass over the texts
        return values, fits
    text = values.str.strip_chars(OUTER_SPACE)
    return text, text.str.contains(pattern)


def _cut(text: pl.Series, written: str, pivot: int | None) -> tuple[pl.Series, pl.Series]:
    """Return the days as ``YYYY-MM-DD`` (null: no such month) and the clocks of texts that are written so."""
    named = {piece[0]: piece for piece in _PARTS.findall(written)}
    loose = set(_ONE_OR_TWO) & set(named.values())
    groups = text.str.extract_groups(_pattern(written)).struct if loose else None

    def part(piece: str) -> pl.Series:
        # Without loose parts everything has its place, and cutting there is faster than groups.
        return groups.field(piece[0]) if groups is not None else text.str.slice(written.index(piece), len(piece))

    year, month, day = (part(named[letter]) for letter in "YMD")
    if named["Y"] == "YY":
        century = pl.when(year <= f"{pivot or 0:02d}").then(pl.lit("20")).otherwise(pl.lit("19"))
        year = _joined(century, year)
    if named["M"] == "MMM":
        numbers = [f"{number:02d}" for number in range(1, 13)]
        month = month.str.to_lowercase().replace_strict(_MONTHS, numbers, default=None, return_dtype=pl.String)
    if loose:
        month, day = month.str.zfill(2), day.str.zfill(2)
    days = _joined(year, "-", month, "-", day)
    if _CLOCK in written and not loose:
        return days, part(_CLOCK)
    if not set(CLOCK_PARTS) & set(named.values()):
        return days, pl.repeat(_MIDNIGHT, text.len(), dtype=pl.String, eager=True)
    hours, minutes, seconds = (part(piece) if piece in written else "00" for piece in CLOCK_PARTS)
    return days, _joined(hours, ":", minutes, ":", seconds)


def _pattern(written: str) -> str:
    """Return a format as a pattern with a group per part, named by its letter.

    One or two digits are only read where something stands between them and the next number: ``DMYYYY`` would be
    a guess, so it is read like ``DDMMYYYY``.
    """
    pieces = [piece for piece in _PARTS.split(written) if piece]
    pattern = ""
    for place, piece in enumerate(pieces):
        around = pieces[max(place - 1, 0) : place] + pieces[place + 1 : place + 2]
        apart = not any(_PARTS.fullmatch(other) and other != "MMM" for other in around)
        if not _PARTS.fullmatch(piece):
            pattern += pl.escape_regex(piece)
        elif piece == "MMM":
            pattern += "(?<M>[A-Za-z]{3})"
        elif piece in _ONE_OR_TWO:
            pattern += f"(?<{piece}>[0-9]{{{'1,2' if apart else '2'}}})"
        else:
            pattern += f"(?<{piece[0]}>[0-9]{{{len(piece)}}})"
    return f"^{pattern}$"


def _iso_instants(text: pl.Series, zone: str, *, typed: bool) -> pl.Series:
    """Give ISO instants that carry no offset that of the zone; a day alone is one only where the cell was a date."""
    if typed:
        midnight = pl.when(text.str.contains(_ISO_DAY)).then(pl.lit(f"T{_MIDNIGHT}")).otherwise(pl.lit(""))
        text = _joined(text, midnight)
    naive = text.str.contains(_NAIVE_INSTANT)
    if not zone or not naive.any():
        return text
    clock = text.str.slice(11).str.replace(",", ".", literal=True)
    seconds = pl.when(clock.str.len_bytes() == len("hh:mm")).then(pl.lit(":00")).otherwise(pl.lit(""))
    told = _instants(text.str.slice(0, 10), _joined(clock, seconds), zone)
    return pl.select(pl.when(naive).then(told).otherwise(text)).to_series()


def _instants(day: pl.Series, clock: pl.Series, zone: str) -> pl.Series:
    """Join days, clocks and the zone's offsets at those times; no offset where there is none, or two."""
    if not zone:
        return _joined(day, "T", clock)
    offsets = day.replace_strict(*_whole_days(zone), default=None, return_dtype=pl.String)
    doubtful = offsets.is_null().arg_true()
    moments = _joined(day.gather(doubtful), "T", clock.gather(doubtful))
    read = moments.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    offsets = offsets.scatter(doubtful, _offsets(read, zone).fill_null(""))
    return _joined(day, "T", clock, offsets)


def _offsets(moments: pl.Series, zone: str) -> pl.Series:
    return moments.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.to_string("%:z")


@cache
def _whole_days(zone: str) -> tuple[pl.Series, pl.Series]:
    """Return the days that have the same offset from their start to their end, and these offsets."""
    days = pl.datetime_range(_FIRST_DAY, _LAST_DAY, "1d", time_unit="us", eager=True)
    starts, ends = _offsets(days, zone), _offsets(days.dt.offset_by("1d"), zone)
    whole = starts == ends
    return days.filter(whole).dt.to_string("%Y-%m-%d"), starts.filter(whole)


def _joined(*parts: pl.Series | pl.Expr | str) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit(part) if isinstance(part, str) else part for part in parts)).to_series()


def knows_region(region: str) -> bool:
    """Tell whether phone numbers of this region are known."""
    return region in phonenumbers.SUPPORTED_REGIONS


def phones(values: pl.Series, region: str) -> pl.Series:
    """Give national numbers their country code; what starts with + or 00, or is no number, stays as it is."""
    text = values.str.strip_chars(OUTER_SPACE)
    digits = text.str.replace_many(list(_PHONE_SEPARATORS), [""] * len(_PHONE_SEPARATORS))
    national = text.str.contains("^[^+]*[0-9]") & ~text.str.starts_with("00")
    known = _sure(digits.set(~(national & digits.str.contains("^[0-9]{4,17}$")), None), region)
    asked = text.set(known.is_not_null() | ~national, None)
    answers = per_distinct(asked, lambda value: _parsed(value, region))
    return pl.select(pl.coalesce(known, answers, values)).to_series()


def _sure(digits: pl.Series, region: str) -> pl.Series:
    """Return E.164 of national digits, null where the library would do more than drop a prefix and add the code."""
    metadata, main = _metadata(region)
    code, prefix = str(metadata.country_code), metadata.national_prefix_for_parsing
    foreign = _begins(digits, metadata.international_prefix)
    national = _without_prefix(digits, metadata)
    doubtful = digits.str.starts_with(code) & (national != digits)
    first = national.set(~_is_number(national, metadata) | foreign | doubtful, None)
    # With its code but without +: the library drops the code where only the rest is a number, and then reads the rest
    # as one of the code's main region.
    coded = digits.set(first.is_not_null() | foreign | ~digits.str.starts_with(code), None)
    rest = _without_prefix(coded.str.strip_prefix(code), metadata)
    again = _begins(rest, prefix) | _begins(rest, main.national_prefix_for_parsing) | _has_shape(coded, metadata)
    second = rest.set(~_is_number(rest, metadata) | again, None)
    return _joined(f"+{code}", pl.coalesce(first, second))


def _metadata(region: str) -> tuple[PhoneMetadata, PhoneMetadata]:
    """Return what is known of a region, and of the main region of its country code."""
    own = PhoneMetadata.metadata_for_region(region, None)
    assert own is not None
    assert own.country_code is not None
    main = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(own.country_code), None)
    return own, main or own


def _begins(numbers: pl.Series, prefix: str | None) -> pl.Series:
    return numbers.str.contains(f"^(?:{prefix or '[^0-9]'})")


def _has_shape(numbers: pl.Series, metadata: PhoneMetadata) -> pl.Series:
    assert metadata.general_desc is not None
    return numbers.str.contains(f"^(?:{metadata.general_desc.national_number_pattern})$")


def _is_number(numbers: pl.Series, metadata: PhoneMetadata) -> pl.Series:
    assert metadata.general_desc is not None
    return _has_shape(numbers, metadata) & numbers.str.len_bytes().is_in(list(metadata.general_desc.possible_length))


def _without_prefix(numbers: pl.Series, metadata: PhoneMetadata) -> pl.Series:
    """Drop the national prefix; null where the library would not drop but rewrite it."""
    prefix = metadata.national_prefix_for_parsing or ""
    if not prefix or prefix.isdigit():
        return numbers.str.strip_prefix(prefix)
    rest, groups = numbers.str.replace(f"^(?:{prefix})", ""), re.compile(prefix).groups
    if not metadata.national_prefix_transform_rule or not groups:
        return rest
    return rest.set(numbers.str.extract(f"^(?:{prefix})", groups).is_not_null(), None)


@lru_cache(maxsize=_CACHED)
def _parsed(value: str, region: str) -> str | None:
    """Read a number of a region; letters and extensions would be turned or dropped in silence, so they are not."""
    if not _NATIONAL.fullmatch(" ".join(value.split())):
        return None
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
