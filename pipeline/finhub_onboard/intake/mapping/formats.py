"""Parses a partner's dates, instants and phone numbers into the form that the rules expect.

Promises: nothing is guessed. A value that does not match the stated format becomes ``UNREADABLE``, which the rules
refuse, even if it happens to look like ISO. The rules check whether a day exists and a number is valid. Works on whole
columns; phonenumbers is called only where its own metadata do not decide. Knows no column names.
"""

import re
from datetime import date, datetime
from functools import cache, lru_cache

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata

from finhub_onboard.config.profile import Formats
from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.checking.elementwise import map_texts
from finhub_onboard.intake.checking.phones import write_prefixes
from finhub_onboard.intake.checking.rewritten import SURE
from finhub_onboard.intake.mapping.date_parts import MIDNIGHT, join_texts, pattern, split_dates

UNREADABLE = "?"
"""Replaces a value that does not match the stated format; no rule accepts it."""
NOT_MIDNIGHT = "?time"
"""Replaces a birth date with a time of day other than midnight."""

_DAY = "YYYY-MM-DD"
_IS_MIDNIGHT = r"^00:00:00(?:\.0+)?$"
_ISO_BIRTHDAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?)?$"
_ISO_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"
_ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}"
_NAIVE_INSTANT = _ISO_INSTANT + r"(:[0-9]{2}([.,][0-9]{1,9})?)?$"
_FIRST_DAY, _LAST_DAY = date(2005, 1, 1), date(2044, 12, 31)
"""Between these years offsets are looked up by day; others are computed one by one."""
_PHONE_SEPARATORS = " ()[].-/\xa0\u2212\u2010\u2011\u2012\u2013\u2014\u2015"
_NATIONAL = re.compile(r"[\d\s()\[\].\-/\u2212\u2010-\u2015]+", re.ASCII)
_CACHED = 65_536


def birth_dates(values: pl.Series, formats: Formats, *, typed: bool) -> pl.Series:
    """Write dates as ``YYYY-MM-DD``; ``typed`` values may be ISO as well.

    A time of day must be midnight, in any time zone: another hour shows that a zone was lost, and the day may be wrong.
    """
    if formats.date_of_birth in ("", _DAY) and not typed:
        return values
    written = formats.date_of_birth or _DAY
    text, fits = _fitting(values, written)
    day, clock, _ = split_dates(text, written, formats.pivot_year)
    fits &= clock.is_not_null() & day.is_not_null()
    midnight = clock.str.contains(_IS_MIDNIGHT)
    if (fits & midnight).all():
        return day
    dates = pl.when(fits & midnight).then(day).when(fits).then(pl.lit(NOT_MIDNIGHT)).when(text == "").then(pl.lit(""))
    if typed:
        dates = dates.when(text.str.contains(_ISO_BIRTHDAY)).then(text.str.slice(0, len(_DAY)))
        dates = dates.when(text.str.contains(_ISO_TIME)).then(pl.lit(NOT_MIDNIGHT))
    return pl.select(dates.otherwise(pl.lit(UNREADABLE))).to_series()


def instants(values: pl.Series, formats: Formats, *, typed: bool) -> pl.Series:
    """Write instants as ISO 8601, with their offset where they have one or the profile states a time zone.

    A day alone means its start where the format has no time of day or the cell was ``typed``. A local time that occurs
    twice or never in the zone gets no offset.
    """
    if (values == "").all() or not (formats.accepted_at or formats.time_zone):
        return values
    if not formats.accepted_at:
        return _iso_instants(values.str.strip_chars(OUTER_SPACE), formats.time_zone, typed=typed)
    text, fits = _fitting(values, formats.accepted_at)
    day, clock, offset = split_dates(text, formats.accepted_at, formats.pivot_year)
    read = _instants(day, clock, formats.time_zone) if offset is None else join_texts(day, "T", clock, offset)
    fits &= read.is_not_null()
    if fits.all():
        return read
    instant = pl.when(fits).then(read).when(text == "").then(pl.lit(""))
    if typed:
        iso = text.str.contains(f"{_ISO_INSTANT}|{_ISO_DAY}")
        instant = instant.when(iso).then(_iso_instants(text, formats.time_zone, typed=True))
    return pl.select(instant.otherwise(pl.lit(UNREADABLE))).to_series()


def knows_time_zone(zone: str) -> bool:
    """Tell whether a time zone is known."""
    try:
        _offsets(pl.Series([datetime(2026, 1, 1)]), zone)  # noqa: DTZ001 - the zone is what is tried
    except pl.exceptions.ComputeError:
        return False
    return True


def _fitting(values: pl.Series, written: str) -> tuple[pl.Series, pl.Series]:
    """Return the texts without outer white space, and which of them match the format."""
    form = pattern(written)
    fits = values.str.contains(form)
    if (fits | (values == "")).all():  # the usual case, without another pass over the texts
        return values, fits
    text = values.str.strip_chars(OUTER_SPACE)
    return text, text.str.contains(form)


def _iso_instants(text: pl.Series, zone: str, *, typed: bool) -> pl.Series:
    """Add the zone's offset to ISO instants without one; a day alone counts only where the cell was a date."""
    if typed:
        midnight = pl.when(text.str.contains(_ISO_DAY)).then(pl.lit(f"T{MIDNIGHT}")).otherwise(pl.lit(""))
        text = join_texts(text, midnight)
    naive = text.str.contains(_NAIVE_INSTANT)
    if not zone or not naive.any():
        return text
    clock = text.str.slice(11).str.replace(",", ".", literal=True)
    seconds = pl.when(clock.str.len_bytes() == len("hh:mm")).then(pl.lit(":00")).otherwise(pl.lit(""))
    zoned = _instants(text.str.slice(0, 10), join_texts(clock, seconds), zone)
    return pl.select(pl.when(naive).then(zoned).otherwise(text)).to_series()


def _instants(day: pl.Series, clock: pl.Series, zone: str) -> pl.Series:
    """Join days, times and the zone's offsets; no offset where the local time occurs twice or never."""
    if not zone:
        return join_texts(day, "T", clock)
    offsets = day.replace_strict(*_whole_days(zone), default=None, return_dtype=pl.String)
    doubtful = offsets.is_null().arg_true()
    moments = join_texts(day.gather(doubtful), "T", clock.gather(doubtful))
    read = moments.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    offsets = offsets.scatter(doubtful, _offsets(read, zone).fill_null(""))
    return join_texts(day, "T", clock, offsets)


def _offsets(moments: pl.Series, zone: str) -> pl.Series:
    return moments.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.to_string("%:z")


@cache
def _whole_days(zone: str) -> tuple[pl.Series, pl.Series]:
    """Return the days that have the same offset from their start to their end, and these offsets."""
    days = pl.datetime_range(_FIRST_DAY, _LAST_DAY, "1d", time_unit="us", eager=True)
    starts, ends = _offsets(days, zone), _offsets(days.dt.offset_by("1d"), zone)
    whole = starts == ends
    return days.filter(whole).dt.to_string("%Y-%m-%d"), starts.filter(whole)


def knows_region(region: str) -> bool:
    """Tell whether phone numbers of this region are known."""
    return region in phonenumbers.SUPPORTED_REGIONS


def phones(values: pl.Series, region: str) -> pl.Series:
    """Add the country code to national numbers; international ones, rewritten ones and other texts stay."""
    text = values.str.strip_chars(OUTER_SPACE)
    digits = text.str.replace_many(list(_PHONE_SEPARATORS), [""] * len(_PHONE_SEPARATORS))
    coded = write_prefixes(text).str.starts_with("+") | text.str.starts_with("00")
    national = text.str.contains("^[^+]*[0-9]") & ~coded & ~text.str.contains(SURE)
    known = _sure(digits.set(~(national & digits.str.contains("^[0-9]{4,17}$")), None), region)
    asked = text.set(known.is_not_null() | ~national, None)
    answers = map_texts(asked, lambda value: _parsed(value, region))
    return pl.select(pl.coalesce(known, answers, values)).to_series()


def _sure(digits: pl.Series, region: str) -> pl.Series:
    """Return national digits as E.164; null where the library does more than drop a prefix and add the code."""
    metadata, main = _metadata(region)
    code, prefix = str(metadata.country_code), metadata.national_prefix_for_parsing
    foreign = _begins(digits, metadata.international_prefix)
    national = _without_prefix(digits, metadata)
    doubtful = digits.str.starts_with(code) & (national != digits)
    first = national.set(~_is_number(national, metadata) | foreign | doubtful, None)
    # With the code but without +: the library drops the code if only the rest is a valid number, and reads the rest as
    # one of the code's main region.
    coded = digits.set(first.is_not_null() | foreign | ~digits.str.starts_with(code), None)
    rest = _without_prefix(coded.str.strip_prefix(code), metadata)
    again = _begins(rest, prefix) | _begins(rest, main.national_prefix_for_parsing) | _has_shape(coded, metadata)
    second = rest.set(~_is_number(rest, metadata) | again, None)
    return join_texts(f"+{code}", pl.coalesce(first, second))


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
    """Drop the national prefix; null where the library rewrites it instead."""
    prefix = metadata.national_prefix_for_parsing or ""
    if not prefix or prefix.isdigit():
        return numbers.str.strip_prefix(prefix)
    rest, groups = numbers.str.replace(f"^(?:{prefix})", ""), re.compile(prefix).groups
    if not metadata.national_prefix_transform_rule or not groups:
        return rest
    return rest.set(numbers.str.extract(f"^(?:{prefix})", groups).is_not_null(), None)


@lru_cache(maxsize=_CACHED)
def _parsed(value: str, region: str) -> str | None:
    """Parse a number of a region; refuse letters and extensions, which the library would convert or drop silently."""
    if not _NATIONAL.fullmatch(" ".join(value.split())):
        return None
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
