"""Validates phone numbers and brings them into E.164.

Promises: the verdict is that of phonenumbers. :func:`plain` decides whole columns by that library's own metadata, and
only where the library would surely accept the number unchanged; for all others the library is called. Knows no rows.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata, PhoneNumberDesc

from finhub_onboard.intake.checking.elementwise import is_ascii, map_distinct, map_matching, map_texts

_CACHE_SIZE = 65_536
_MIN_NUMBERS_TO_COMPILE = 256
"""How many numbers of a calling code justify compiling its long patterns."""
_DIGITS = re.compile(r"\+[\d\s()\[\].\-/\u2010-\u2015\u2212]+", re.ASCII)
_CODED = re.compile(r"[^0-9+]*(?:\+|00)([^+]*)")
"""A number that begins with its country code: behind brackets, ``tel:`` or the like, but no digit."""
_ABROAD = ("000", "001", "009", "010", "011", "0011", "810", "8810", "119")
"""International dialling prefixes other than 00."""
_KINDS = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


def write_prefixes(values: pl.Series) -> pl.Series:
    """Replace 00 and the like before a country code by ``+``, and all digits by ASCII ones."""
    odd = r"^00|^[^+0-9]" if is_ascii(values) else r"^00|^[^+0-9]|[^\x00-\x7f]"
    return map_matching(values, odd, lambda few: map_texts(few, _write_prefix))


def _write_prefix(text: str) -> str:
    plain = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in unicodedata.normalize("NFKC", text)
    )
    coded = _CODED.fullmatch(plain)
    return f"+{coded[1].strip()}" if coded else plain


def loses_digits(given: pl.Series, sent: pl.Series) -> Iterator[int]:
    """Yield the places where normalising changed more digits than a country code and a trunk prefix.

    ``given`` are the numbers as written, ``sent`` as normalised; those not in E.164 could not be read.
    """
    places = ((sent != given) & sent.str.starts_with("+")).arg_true()
    written, read = given.gather(places), sent.gather(places)
    digits = written.str.replace_all(r"[^0-9]+", "")
    number = read.str.slice(1)
    national = pl.select(pl.lit(number).str.strip_prefix(map_distinct(number.str.head(3), _calling_codes))).to_series()
    same = (number == digits.str.strip_prefix("00")) | (national == digits.str.strip_prefix("0"))
    pairs = zip(places, written, read, same, strict=True)
    yield from (place for place, was, became, sure in pairs if not sure and not _is_same(was, became))


@lru_cache(maxsize=_CACHE_SIZE)
def _is_same(given: str, sent: str) -> bool:
    """Whether a number without country code equals the parsed one, digit by digit."""
    plain = _write_prefix(given)
    digits = "".join(filter(str.isdigit, plain))
    if plain.startswith("+"):
        return digits == sent[1:]
    try:
        code = str(phonenumbers.parse(sent, None).country_code)
    except phonenumbers.NumberParseException:
        return True  # another rule rejects it: nothing is sent
    national = sent[1 + len(code) :]
    if not digits.endswith(national):
        return False
    before = digits.removesuffix(national)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    known = (PhoneMetadata.metadata_for_region(region, None) for region in regions)
    trunks = [region.national_prefix_for_parsing or "" for region in known if region]
    matches = [match for trunk in trunks if (match := re.fullmatch(trunk, before))]
    # Captured groups of a trunk prefix are not dropped: a carrier code, or digits that are replaced.
    if before in ("", code) or any(not any(match.groups()) for match in matches):
        return True
    return before.endswith(code) and before.removesuffix(code) in _ABROAD


@lru_cache(maxsize=_CACHE_SIZE)
def e164(text: str) -> str | None:
    """Return a number that starts with + in E.164, or None when it is not valid in its country."""
    if not _DIGITS.fullmatch(" ".join(text.split())):
        return None  # letters would be converted and extensions dropped silently
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def plain(values: pl.Series) -> pl.Series:
    """Tell which texts are surely valid numbers, already in E.164."""
    sure = _none(values)
    places = values.str.contains(r"^\+[1-9][0-9]{6,14}$").arg_true()
    numbers = values.gather(places)
    codes = map_distinct(numbers.str.slice(1, 3), _calling_codes)
    for code, times in codes.value_counts().iter_rows():
        if code and times >= _MIN_NUMBERS_TO_COMPILE:
            alike = (codes == code).arg_true()
            good = alike.filter(_sure(numbers.gather(alike), int(code)))
            sure = sure.scatter(places.gather(good), values=True)
    return sure


def _calling_codes(starts: pl.Series) -> pl.Series:
    """Find the calling code from the first three digits; codes are prefix-free, so at most one length fits."""
    known = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    lengths = (3, 2, 1)
    codes = [next((start[:length] for length in lengths if start[:length] in known), "") for start in starts]
    return pl.Series(codes, dtype=pl.String)


def _sure(numbers: pl.Series, code: int) -> pl.Series:
    """Tell which numbers of this calling code are valid as they stand.

    Taken from the code's main region alone, whose metadata the library tries first; numbers of other regions of the
    code, with leading zeros, or that begin like a national prefix are left to the library.
    """
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    metadata = PhoneMetadata.metadata_for_region(regions[0], None) if regions[0] != "001" else None
    if metadata is None:
        return _none(numbers)
    national = numbers.str.slice(1 + len(str(code)))
    possible = _matching(national, metadata.general_desc) & ~national.str.starts_with("0")
    if metadata.national_prefix_for_parsing:
        possible &= ~national.str.contains(f"^(?:{metadata.national_prefix_for_parsing})")
    if len(regions) > 1 and metadata.leading_digits:
        possible &= national.str.contains(f"^(?:{metadata.leading_digits})")
    sure = possible.clone()
    for kind in _KINDS:  # each tests only what earlier kinds have left undecided
        left = possible.arg_true()
        if not left.len():
            break
        possible = possible.scatter(
            left.filter(_matching(national.gather(left), getattr(metadata, kind))), values=False
        )
    return sure & ~possible


def _matching(national: pl.Series, desc: PhoneNumberDesc | None) -> pl.Series:
    """Match numbers like the library: by their length where lengths are stated, and by the whole pattern."""
    if desc is None or not desc.national_number_pattern:
        return _none(national)
    fits = national.str.contains(f"^(?:{desc.national_number_pattern})$")
    return fits & national.str.len_bytes().is_in(list(desc.possible_length)) if desc.possible_length else fits


def _none(values: pl.Series) -> pl.Series:
    return pl.Series([False], dtype=pl.Boolean).new_from_index(0, values.len())
