"""Countries by ISO 3166 code or English name, and the English name that the bank gets.

Promises: what is written as alpha-2, alpha-3 or an English name in use is one country, ``NA`` is Namibia, and nothing
is guessed: a name that several countries go by is none, and these can be asked for. Case, accents, punctuation, a
leading "The", "&" for "and" and "St." for "Saint" do not matter, nor whether ISO inverts a name. Knows no rows.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import pycountry

KOSOVO = ("XK", "XKX")
"""Not in ISO 3166, which leaves these codes to its users; the EU, the IMF and SWIFT use them so."""
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
    "AE": "UAE, Emirates",
    "AG": "Antigua",
    "BA": "Bosnia, Bosnia Herzegovina, Bosnia and Hercegovina",
    "BL": "Saint Barts, Saint Barths",
    "BN": "Brunei",
    "CC": "Keeling Islands",
    "CD": "DR Congo, Congo DR, DRC, Congo DRC, DRC Congo, Democratic Republic of Congo, Congo Democratic Republic,"
    " Congo Kinshasa, Zaire",
    "CF": "CAR",
    "CG": "Republic of Congo, Congo Republic, Congo Brazzaville",
    "CI": "Ivory Coast",
    "CN": "PRC, PR China, China PRC, Mainland China, China Mainland",
    "CV": "Cape Verde, Cape Verde Islands",
    "CZ": "Czech Republic",
    "DE": "Federal Republic of Germany",
    "DO": "Dominican Rep.",
    "FK": "Falklands, Malvinas",
    "FO": "Faeroe Islands, Faroes",
    "GB": "UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland, United Kingdom of Great Britain",
    "HM": "Heard and McDonald Islands",
    "HK": "Hong Kong SAR, Hong Kong China, Hong Kong SAR China",
    "IE": "Republic of Ireland, Eire",
    "KG": "Kyrgyz Republic",
    "KN": "Saint Kitts, Saint Kitts Nevis",
    "KP": "North Korea, Korea North, DPR Korea, Korea DPR, DPRK, Korea Democratic Republic",
    "KR": "South Korea, Korea South, S Korea, Korea Republic, ROK",
    "LA": "Laos, Lao, Lao PDR",
    "LY": "Libyan Arab Jamahiriya",
    "MD": "Moldavia",
    "MK": "Macedonia, Republic of Macedonia, FYR Macedonia, FYROM, Former Yugoslav Republic of Macedonia",
    "MM": "Burma, Myanmar Burma, Burma Myanmar",
    "MO": "Macau, Macao SAR, Macau SAR, Macao China, Macau China, Macao SAR China, Macau SAR China",
    "NL": "Holland",
    "PN": "Pitcairn Islands",
    "PS": "Palestinian Territories, Palestinian Territory, Occupied Palestinian Territory,"
    " Palestinian Territory Occupied, Palestinian Authority, West Bank and Gaza",
    "RE": "Reunion Island",
    "RU": "Russia",
    "SA": "KSA",
    "SH": "Saint Helena",
    "SJ": "Svalbard",
    "ST": "Sao Tome",
    "SY": "Syria",
    "SZ": "Swaziland",
    "TC": "Turks and Caicos",
    "TL": "East Timor",
    "TR": "Turkey",
    "TW": "Chinese Taipei, Taiwan ROC",
    "UM": "US Minor Outlying Islands",
    "US": "U.S., U.S.A., United States USA, United States of America USA",
    "VA": "Holy See, Vatican, Vatican City State",
    "VC": "Saint Vincent",
    "VG": "BVI, Virgin Islands UK",
    "VI": "USVI, US Virgin Islands, Virgin Islands US",
    "WF": "Wallis and Futuna Islands",
    "WS": "Western Samoa",
    "XK": "Republic of Kosovo, Kosovo UNSCR 1244",
}
_SEVERAL = {
    # Names that several countries share, or shared before they separated.
    "Congo": "CD CG",
    "Korea": "KP KR",
    "Virgin Islands": "VG VI",
    "Czechoslovakia": "CZ SK",
    "Serbia and Montenegro": "RS ME",
    "Yugoslavia": "BA HR ME MK RS SI",
    "Netherlands Antilles": "BQ CW SX",
    "Channel Islands": "GG JE",
}
_DROPPED = re.compile(r"[.'\u2019\u02bc\u0301\u0060\u00b4]|\b(?:the|of)\b")
_WORDS = {
    "st": "saint",
    "rep": "republic",
    "dem": "democratic",
    "is": "islands",
    "isl": "islands",
    "isle": "islands",
    "island": "islands",
    "terr": "territory",
    "fed": "federated",
    "sts": "states",
}
_INVERTED = re.compile(r"([^,(]+)[,(]([^,()]+)\)?")


@lru_cache(maxsize=4096)
def english_name(text: str) -> str | None:
    """Return the English name of the country that a code or a name means, or None."""
    codes, names = _known()
    return codes.get(text.casefold()) or next((names[key] for key in _keys(text) if key in names), None)


def is_code(text: str) -> bool:
    """Whether a text is a country's code."""
    return text.casefold() in _known()[0]


@lru_cache(maxsize=4096)
def candidates(text: str) -> tuple[str, ...]:
    """Return the English names of the countries that share an ambiguous name."""
    codes, _ = _known()
    meant = _several().get(_key(text), "") if english_name(text) is None else ""
    return tuple(codes[code.casefold()] for code in meant.split())


@cache
def _several() -> dict[str, str]:
    return {_key(name): codes for name, codes in _SEVERAL.items()}


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """Return English names by code in lower case, and by the key of every name that means one country."""
    codes = {code.casefold(): "Kosovo" for code in KOSOVO}
    names = {_key("Kosovo"): "Kosovo"}
    for country in pycountry.countries:
        english = _PLAIN_NAMES.get(country.alpha_2) or getattr(country, "common_name", None) or country.name
        codes |= {country.alpha_2.casefold(): english, country.alpha_3.casefold(): english}
        spellings = {english, country.name}
        spellings |= {getattr(country, kind, english) for kind in ("common_name", "official_name")}
        names.update((key, english) for spelling in spellings for key in _keys(spelling))
    for code, called in _ALSO_CALLED.items():
        names.update((_key(name), codes[code.casefold()]) for name in called.split(","))
    return codes, {key: english for key, english in names.items() if key and key not in _several()}


def _keys(name: str) -> Iterator[str]:
    """Yield the forms in which a name is compared: as it stands, and with what is behind a comma put before it."""
    yield _key(name)
    if inverted := _INVERTED.fullmatch(name.strip()):
        yield _key(f"{inverted[2]} {inverted[1]}")


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    plain = _DROPPED.sub("", "".join(letter for letter in letters if not unicodedata.combining(letter)))
    return " ".join(_WORDS.get(word, word) for word in re.findall(r"\w+", plain))
