"""The hierarchy as the ledger keeps it: what older versions read of it, and how another one differs from it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from finhub_onboard.ledger.categories import changes, known_categories, remember
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.model import Category
from tests.finhub.test_parametrization import CATEGORY
from tests.ledger.support import opened
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


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    with opened(tmp_path / "ledger.db") as found:
        yield found


def test_what_categories_ask_for_is_remembered(ledger: Ledger) -> None:
    """As it was read last, also where it was taken away since."""
    assert known_categories(ledger) is None
    remember([*OLD, CATEGORY], ledger)
    assert known_categories(ledger) == (*OLD, CATEGORY)
    remember([replace(CATEGORY, features=()), replace(OLD[0], features=CATEGORY.features)], ledger)
    assert known_categories(ledger) == (
        replace(CATEGORY, features=()),
        replace(OLD[0], features=CATEGORY.features),
    )


def test_what_the_bank_calls_its_features_is_sealed(ledger: Ledger) -> None:
    """Nothing of it stands in the file of a ledger."""
    remember([CATEGORY], ledger)
    assert "MONITORING" in ledger.keys.unseal_text(ledger.noted("category_features"))
    files = [path.read_bytes() for path in Path(ledger.name).parent.glob("ledger.db*")]
    assert files
    assert not any(word in content for content in files for word in (b"MONITORING", b"monitoring", b"WEEKLY"))


def test_a_ledger_of_an_earlier_version_knows_of_no_features(ledger: Ledger) -> None:
    """Nothing is judged by what is not known."""
    remember([CATEGORY, *OLD], ledger)
    ledger.note("category_features", "")
    assert known_categories(ledger) == (replace(CATEGORY, features=()), *OLD)


def test_an_earlier_version_reads_the_categories(ledger: Ledger) -> None:
    """It makes a category of each entry of the note, with four members and no others."""
    remember([CATEGORY], ledger)
    [stored] = json.loads(ledger.keys.unseal_text(ledger.noted("hierarchy")))
    assert sorted(stored) == ["id", "key", "name", "risk"]
    assert Category(**stored) == replace(CATEGORY, features=())
