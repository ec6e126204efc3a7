"""Phone numbers: valid in their country, and in E.164.

Promises: the verdict is that of phonenumbers. :func:`plain` decides whole columns from that library's own metadata,
and only where it is sure that the library would say "valid" and change nothing; the rest is asked value by value.
Knows no rows.
"""

import re
from functools import cache, lru_cache

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata, PhoneNumberDesc

_CACHED = 65_536
_WORTH_COMPILING = 256
"""Numbers of one calling code from which on its patterns, which are long, are compiled; fewer are asked about."""
_DIGITS = re.compile(r"\+[\d\s().\-/\u2010-\u2015]+", re.ASCII)
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


@lru_cache(maxsize=_CACHED)
def e164(text: str) -> str | None:
    """Return a number that starts with + in E.164, or None when it is not valid in its country."""
    if not _DIGITS.fullmatch(" ".join(text.split())):
        return None  # letters and extensions would be turned or dropped in silence
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def plain(values: pl.Series) -> pl.Series:
    """Tell which texts are surely valid numbers in E.164 already."""
    frame = values.to_frame("value").with_row_index("place")
    digits = frame.filter(pl.col("value").str.contains(r"^\+[1-9][0-9]{6,14}$"))
    coded = digits.with_columns(code=_calling_code(pl.col("value").str.slice(1, 3)))
    sure = [
        group.filter(_sure(int(code))).get_column("place")
        for (code,), group in coded.filter(pl.col("code") != "").group_by("code")
        if group.height >= _WORTH_COMPILING
    ]
    places = pl.concat(sure) if sure else pl.Series([], dtype=pl.get_index_type())
    return frame.select(pl.col("place").is_in(places.implode())).to_series()


def _calling_code(start: pl.Expr) -> pl.Expr:
    """Find the calling code from the first three digits; codes are prefix-free, so at most one length fits."""
    known = [str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]
    found = pl.lit("")
    for length in (3, 2, 1):
        found = pl.when(start.str.slice(0, length).is_in(known)).then(start.str.slice(0, length)).otherwise(found)
    return found


@cache
def _sure(code: int) -> pl.Expr:
    """Return the condition under which a number of this calling code is valid as it stands.

    Taken from the code's main region alone, whose metadata the library tries first; numbers of other regions of the
    code, with leading zeros, or that begin like a national prefix are left to the library.
    """
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    metadata = PhoneMetadata.metadata_for_region(regions[0], None) if regions[0] != "001" else None
    if metadata is None:
        return pl.lit(value=False)
    national = pl.col("value").str.slice(1 + len(str(code)))
    condition = _matches(national, metadata.general_desc) & ~national.str.starts_with("0")
    if metadata.national_prefix_for_parsing:
        condition &= ~national.str.contains(f"^(?:{metadata.national_prefix_for_parsing})")
    if len(regions) > 1 and metadata.leading_digits:
        condition &= national.str.contains(f"^(?:{metadata.leading_digits})")
    kinds = [getattr(metadata, kind) for kind in _KINDS]
    return condition & pl.any_horizontal(*(_matches(national, kind) for kind in kinds))


def _matches(national: pl.Expr, desc: PhoneNumberDesc | None) -> pl.Expr:
    """Match a number like the library: by its length where lengths are stated, and by the whole pattern."""
    if desc is None or not desc.national_number_pattern:
        return pl.lit(value=False)
    fits = national.str.contains(f"^(?:{desc.national_number_pattern})$")
    return fits & national.str.len_bytes().is_in(list(desc.possible_length)) if desc.possible_length else fits
