from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.model import Category
from tests.intake.helpers import CATEGORIES


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


def test_categories_that_take_no_individual_are_barred_by_any_of_their_words() -> None:
    """A prohibited one, and one for companies; without a hierarchy nothing is known against any."""
    prohibited = Category(key="NO", id="7", name="Nobody", risk="PROHIBITED")
    business = Category(key="B2B_SMALL", id="8", name="Small", risk="B2B")
    known = Catalogue(known=(*CATEGORIES, prohibited, business))
    assert {known.bar(word) for word in ("NO", "7", "Nobody")} == {"category_prohibited"}
    assert {known.bar(word) for word in ("B2B_SMALL", "8", "Small")} == {"category_of_business"}
    assert {known.bar(category.key) for category in CATEGORIES} == {None}
    assert Catalogue(known=None).bar("NO") is None
