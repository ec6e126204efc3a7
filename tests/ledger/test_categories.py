"""The hierarchy as the ledger keeps it: how another one differs from it."""

from finhub_onboard.ledger.categories import changes
from finhub_onboard.model import Category
from tests.values import replace

OLD = tuple(Category(key=key, id=f"id-{key}", name=key, risk="LOW") for key in ("A", "B", "C"))


def test_a_hierarchy_is_compared_by_key() -> None:
    """New, gone and changed categories are named; the order does not matter."""
    assert changes(OLD, OLD[::-1]) == ""
    now = (replace(OLD[0], risk="PROHIBITED"), replace(OLD[1], id="other"), Category(key="D", id="d", name="D"))
    assert changes(OLD, now) == "new: D; gone: C; changed: A, B"


def test_a_level_that_was_not_known_before_is_no_change() -> None:
    """Ledgers of earlier versions kept neither PROHIBITED nor B2B."""
    before = (replace(OLD[0], risk=""), OLD[1], OLD[2])
    assert changes(before, (replace(OLD[0], risk="PROHIBITED"), *OLD[1:])) == ""
