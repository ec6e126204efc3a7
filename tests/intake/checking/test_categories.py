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
