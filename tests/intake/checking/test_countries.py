import pycountry
import pytest

from finhub_onboard.intake.checking.countries import candidates, english_name


def test_every_country_is_known_by_codes_and_names() -> None:
    """Alpha-2, alpha-3, name, common and official name mean the same country, in any case; Congo is the name of two."""
    for country in pycountry.countries:
        name = english_name(country.alpha_2)
        assert name
        for attribute in ("alpha_3", "name", "common_name", "official_name"):
            spelling = getattr(country, attribute, name)
            if spelling == "Congo":
                continue
            assert english_name(spelling.upper()) == english_name(spelling.lower()) == name


def test_names_for_the_bank_are_names_as_people_write_them() -> None:
    """No inverted name and no parenthesis is sent."""
    names = {english_name(country.alpha_2) or "" for country in pycountry.countries}
    assert len(names) == len(pycountry.countries)
    assert [name for name in names if "(" in name or ", " in name] == [
        name
        for name in names
        if name in {"Bonaire, Sint Eustatius and Saba", "Saint Helena, Ascension and Tristan da Cunha"}
    ]


@pytest.mark.parametrize("word", ["Lithuanian", "XX", "", "L", "Lituania", "Lietuva"])
def test_nothing_is_guessed(word: str) -> None:
    """Adjectives, other languages and near misses are no countries."""
    assert english_name(word) is None


NAMES = {
    "NL": ("The Netherlands", "the netherlands", "Kingdom of the Netherlands", "Holland"),
    "GM": ("The Gambia", "Gambia, The", "GAMBIA"),
    "BS": ("The Bahamas", "Bahamas, The", "Bahamas (the)"),
    "GB": ("UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Northern Ireland"),
    "US": ("USA", "U.S.A.", "U.S.", "The United States", "United States of America"),
    "KR": (
        "South Korea",
        "Republic of Korea",
        "Korea, Republic of",
        "Korea (Republic of)",
        "Korea, South",
        "Korea, Rep.",
    ),
    "KP": (
        "North Korea",
        "DPRK",
        "Korea (North)",
        "Korea, Democratic People's Republic of",
        "Korea, Dem. People\u2019s Rep.",
    ),
    "CD": (
        "DR Congo",
        "D.R. Congo",
        "DRC",
        "Congo, Democratic Republic of the",
        "Congo (Kinshasa)",
        "Congo, Dem. Rep.",
    ),
    "CG": ("Republic of the Congo", "Republic of Congo", "Congo, Rep.", "Congo-Brazzaville"),
    "CI": ("Cote d'Ivoire", "C\u00f4te d\u2019Ivoire", "Ivory Coast", "COTE D`IVOIRE"),
    "CW": ("Curacao",),
    "RE": ("Reunion",),
    "ST": ("S\u00e3o Tom\u00e9 and Pr\u00edncipe", "Sao Tome & Principe"),
    "TT": ("Trinidad & Tobago", "Trinidad and Tobago"),
    "BA": ("Bosnia & Herzegovina", "Bosnia-Herzegovina"),
    "AG": ("Antigua & Barbuda",),
    "KN": ("St. Kitts & Nevis", "St Kitts and Nevis", "Saint Kitts and Nevis"),
    "LC": ("St. Lucia", "St Lucia"),
    "VC": ("St. Vincent & the Grenadines",),
    "CZ": ("Czech Republic", "The Czech Republic", "Czechia"),
    "CV": ("Cape Verde",),
    "SZ": ("Swaziland",),
    "MM": ("Burma",),
    "MK": ("Macedonia", "FYROM", "North Macedonia"),
    "MO": ("Macau", "Macao", "Macao SAR, China"),
    "HK": ("Hong Kong", "Hong Kong SAR, China"),
    "VN": ("Vietnam", "Viet Nam"),
    "LA": ("Laos", "Lao PDR", "Lao People's Democratic Republic"),
    "SY": ("Syria", "Syrian Arab Republic"),
    "MD": ("Moldova", "Republic of Moldova", "Moldova, Republic of"),
    "TZ": ("Tanzania", "Tanzania, United Republic of"),
    "BO": ("Bolivia", "Bolivia (Plurinational State of)"),
    "VE": ("Venezuela", "Venezuela, Bolivarian Republic of"),
    "IR": ("Iran", "Iran, Islamic Republic of", "Iran (Islamic Republic of)"),
    "PS": ("Palestine", "State of Palestine", "Palestinian Territories"),
    "TW": ("Taiwan", "Taiwan, Province of China"),
    "VA": ("Vatican", "Vatican City", "Holy See", "The Holy See"),
    "FM": ("Micronesia", "Micronesia (Federated States of)", "Micronesia, Fed. Sts."),
    "TR": ("Turkey", "T\u00fcrkiye", "Turkiye"),
    "RU": ("Russia", "Russian Federation"),
    "EG": ("Egypt, Arab Rep.",),
    "TL": ("East Timor", "Timor-Leste", "Timor Leste"),
    "GW": ("Guinea Bissau", "Guinea-Bissau"),
    "GN": ("Guinea",),
    "IE": ("Ireland", "Republic of Ireland"),
    "VI": ("Virgin Islands, U.S.", "U.S. Virgin Islands", "Virgin Islands (U.S.)"),
    "XK": ("Kosovo", "kosovo", "XKX", "Republic of Kosovo"),
}


@pytest.mark.parametrize("code", list(NAMES))
def test_countries_are_known_by_the_names_in_use(code: str) -> None:
    """With article or without, inverted or not, without accents, with & and St., short and long."""
    meant = english_name(code)
    assert meant
    assert {name: english_name(name) for name in NAMES[code]} == dict.fromkeys(NAMES[code], meant)
    assert {name: english_name(name.upper()) for name in NAMES[code]} == dict.fromkeys(NAMES[code], meant)


@pytest.mark.parametrize(
    ("name", "countries"),
    [
        ("Congo", ("Democratic Republic of the Congo", "Congo")),
        ("The Congo", ("Democratic Republic of the Congo", "Congo")),
        ("KOREA", ("North Korea", "South Korea")),
        ("Virgin Islands", ("British Virgin Islands", "United States Virgin Islands")),
        ("Czechoslovakia", ("Czechia", "Slovakia")),
    ],
)
def test_a_name_of_several_countries_is_not_guessed(name: str, countries: tuple[str, ...]) -> None:
    """It is none, and those that go by it are named."""
    assert english_name(name) is None
    assert candidates(name) == countries


def test_a_name_of_one_country_has_no_candidates() -> None:
    """Nor has a name of none."""
    assert candidates("Lithuania") == candidates("Lituania") == candidates("CG") == ()


def test_codes_and_names_do_not_collide() -> None:
    """No name that is compared loosely is another country's code."""
    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3):
            assert english_name(code) == english_name(country.alpha_2)
