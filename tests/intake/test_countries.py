import pycountry
import pytest

from pipeline.intake.categories import Catalogue
from pipeline.intake.countries import english_name
from pipeline.model import Category
from tests.intake.helpers import CATEGORIES


def test_every_country_is_known_by_codes_and_names() -> None:
    """Alpha-2, alpha-3, name, common and official name mean the same country, in any case."""
    for country in pycountry.countries:
        name = english_name(country.alpha_2)
        assert name
        for attribute in ("alpha_3", "name", "common_name", "official_name"):
            spelling = getattr(country, attribute, name)
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


@pytest.mark.parametrize("word", ["Lithuanian", "XX", "", "L", "Congo (Kinshasa)", "Lietuva"])
def test_nothing_is_guessed(word: str) -> None:
    """Adjectives, other languages and near misses are no countries."""
    assert english_name(word) is None


def test_case_is_ignored_only_where_one_category_is_left() -> None:
    """Two categories that differ in case only must be written exactly."""
    twins = Catalogue(
        known=(*CATEGORIES, Category(key="vip", id="9", name="A"), Category(key="VIP", id="10", name="B"))
    )
    assert twins.spelling("vip") == "vip"
    assert twins.spelling("Vip") is None
    assert twins.spelling("individual_premium") == "INDIVIDUAL_PREMIUM"


def test_an_empty_hierarchy_knows_nothing() -> None:
    """With no category there is no nearest one."""
    assert Catalogue(known=()).spelling("x") is None
    assert Catalogue(known=()).nearest("x") == "not known"
