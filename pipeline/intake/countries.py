"""Countries by ISO 3166 code or English name, and the English name that the bank gets.

Promises: what is written as alpha-2, alpha-3 or an English name of ISO 3166 is one country, ``NA`` is Namibia, and
nothing is guessed. Knows no rows.
"""

from functools import cache, lru_cache

import pycountry

_PLAIN_NAMES = {
    # ISO inverts or qualifies these names for sorting; a person writes them so.
    "CC": "Cocos Islands",
    "CD": "Democratic Republic of the Congo",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "MF": "Saint Martin",
    "PS": "Palestine",
    "SX": "Sint Maarten",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "United States Virgin Islands",
}
_ALSO_CALLED = {
    # English names in everyday use that ISO 3166 lists under another one; each means one country only.
    "Brunei": "BN",
    "Cape Verde": "CV",
    "Holy See": "VA",
    "Ivory Coast": "CI",
    "Russia": "RU",
    "Swaziland": "SZ",
    "Turkey": "TR",
}


@lru_cache(maxsize=4096)
def english_name(text: str) -> str | None:
    """Return the English name of the country that a code or a name means, or None."""
    return _names().get(text.casefold())


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for country in pycountry.countries:
        english = _PLAIN_NAMES.get(country.alpha_2) or getattr(country, "common_name", None) or country.name
        spellings = {country.alpha_2, country.alpha_3, country.name, english}
        spellings.update(getattr(country, kind, english) for kind in ("common_name", "official_name"))
        spellings.update(also for also, code in _ALSO_CALLED.items() if code == country.alpha_2)
        names.update((spelling.casefold(), english) for spelling in spellings)
    return names
