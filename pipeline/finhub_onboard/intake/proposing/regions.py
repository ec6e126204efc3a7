"""The country of phone numbers without a country code.

Promises: a region is proposed only if nearly all numbers are valid in it and in no other candidate; candidates come
from nationalities, the header's language and e-mail domains. The verdict is that of phonenumbers.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers

from finhub_onboard.intake.proposing import nations

_OF_LANGUAGE: Mapping[str, str] = {
    "en": "GB IE US CA AU NZ",
    "de": "DE AT CH LI LU",
    "fr": "FR BE CH LU CA",
    "es": "ES MX AR CO CL PE",
    "it": "IT CH",
    "pt": "PT BR",
    "nl": "NL BE",
    "pl": "PL",
    "lt": "LT",
    "lv": "LV",
    "et": "EE",
    "sv": "SE FI",
}
_OF_DOMAIN = {"uk": "GB"}
_MIN_HINT_SHARE = 0.05
"""The minimum share of nationalities or domains that makes a country a candidate."""
_MIN_VALID_SHARE = 0.9
_MIN_LEAD = 0.1
"""The minimum distance of the share of valid numbers from that of every other region."""
_MIN_NUMBERS = 5
"""The minimum number of phone numbers that prove a region."""
_MAX_NUMBERS_ASKED = 300
"""The maximum number of distinct phone numbers to validate; more would not change the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The share of valid numbers by region, best first, and the count of numbers without country code."""

    bare: int
    valid: tuple[tuple[str, float], ...]

    @property
    def proved(self) -> bool:
        """Whether exactly one region is possible."""
        if not self.valid or self.valid[0][1] < _MIN_VALID_SHARE or self.bare < _MIN_NUMBERS:
            return False
        return all(self.valid[0][1] - share >= _MIN_LEAD for _, share in self.valid[1:])


def bare(numbers: Iterable[str]) -> list[str]:
    """Return the numbers that lack a country code."""
    return [number for number in numbers if not number.startswith(("+", "00"))]


def find_region(
    numbers: Sequence[str],
    *,
    nationalities: Sequence[str],
    emails: Sequence[str],
    languages: Collection[str],
) -> Region:
    """Find the region of the numbers without a country code."""
    without = bare(numbers)
    asked = list(dict.fromkeys(without))[:_MAX_NUMBERS_ASKED]
    hinted = dict.fromkeys((*_common(map(nations.code, nationalities)), *_common(map(_domain, emails))))
    hinted |= dict.fromkeys(region for language in sorted(languages) for region in _OF_LANGUAGE[language].split())
    written = _shares(asked, hinted, as_written=True)
    # A spreadsheet may have removed leading zeros: then accept numbers without the region's leading digits.
    valid = written if any(share >= _MIN_VALID_SHARE for share in written.values()) else _shares(asked, hinted)
    return Region(bare=len(without), valid=tuple(sorted(valid.items(), key=lambda pair: -pair[1])))


def _shares(asked: Sequence[str], regions: Iterable[str], *, as_written: bool = False) -> dict[str, float]:
    """Return the share of valid numbers by region; of regions that share a calling code only the first."""
    shares: dict[str, float] = {}
    codes: set[int] = set()
    for region in regions:
        share = sum(_valid(number, region, as_written=as_written) for number in asked) / max(1, len(asked))
        code = phonenumbers.country_code_for_region(region)
        if share and code not in codes:
            shares[region] = share
            codes.add(code)
    return shares


def _common(regions: Iterable[str | None]) -> list[str]:
    counts = Counter(regions)
    enough = _MIN_HINT_SHARE * counts.total()
    return [region for region, times in counts.most_common() if region and times >= enough]


def _domain(email: str) -> str | None:
    """Return the country of an address's domain, if it has one."""
    top = email.rpartition(".")[2].lower()
    region = _OF_DOMAIN.get(top, top.upper())
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _valid(number: str, region: str, *, as_written: bool) -> bool:
    """Whether a number is valid in a region; ``as_written``: with the region's own leading digits."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_valid_number(parsed):
        return False
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return not as_written or _digits(national) == _digits(number)


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))
