"""A group is known again only if every cell and every fingerprint in it is the same."""

from pathlib import Path

import pytest

from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching import known_groups
from finhub_onboard.matching.known_groups import KnownGroups, group_of
from tests.ledger.support import opened

ROWS = [["Ada", "a@example.com"], ["Bo", "b@example.com"]]
CUSTOMERS = [Finished(bytes([number] * 16), b"f" * number, (), "c", "u", "v", 1.0, 2.0) for number in (1, 2)]


def test_a_group_is_known_to_the_next_run(tmp_path: Path) -> None:
    """What was added and stored is known; what was only added is not, and neither is another group."""
    with opened(tmp_path / "ledger.db") as ledger:
        first = KnownGroups(ledger)
        group = first.hash_of(ROWS, CUSTOMERS)
        first.add(group)
        assert not first.knows(group)
        assert not KnownGroups(ledger).knows(group)
        first.remember(ledger)
        assert KnownGroups(ledger).knows(group)
        assert not KnownGroups(ledger).knows(first.hash_of(ROWS[:1], CUSTOMERS[:1]))


def test_any_difference_makes_another_group(tmp_path: Path) -> None:
    """A cell, where it ends, the order of rows, a fingerprint or a key."""
    with opened(tmp_path / "ledger.db") as ledger:
        groups = KnownGroups(ledger)
        hashes = [
            groups.hash_of(ROWS, CUSTOMERS),
            groups.hash_of([["Ada", "a@example.com"], ["Bo", "c@example.com"]], CUSTOMERS),
            groups.hash_of([["Ad", "aa@example.com"], ["Bo", "b@example.com"]], CUSTOMERS),
            groups.hash_of(ROWS[::-1], CUSTOMERS),
            groups.hash_of(ROWS, [CUSTOMERS[0], CUSTOMERS[1]._replace(fingerprint=b"g")]),
            groups.hash_of(ROWS, [CUSTOMERS[0], CUSTOMERS[1]._replace(key=b"k" * 16)]),
        ]
        assert len({*hashes}) == len(hashes)
        assert groups.hash_of(iter(ROWS), CUSTOMERS) == hashes[0]


def test_a_cell_that_could_hide_where_it_ends_has_no_hash(tmp_path: Path) -> None:
    """Such a group is compared every night."""
    with opened(tmp_path / "ledger.db") as ledger:
        groups = KnownGroups(ledger)
        group = groups.hash_of([["Ada\0", "a@example.com"]], CUSTOMERS[:1])
        groups.add(group)
        groups.remember(ledger)
        assert group == ""
        assert not KnownGroups(ledger).knows(group)


def test_a_ledger_keeps_the_groups_that_were_met_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two inputs in turn are both known, as long as there is room."""
    monkeypatch.setattr(known_groups, "_MOST", 2)
    with opened(tmp_path / "ledger.db") as ledger:
        for group in ("a", "b", "c"):
            groups = KnownGroups(ledger)
            groups.add(group)
            groups.remember(ledger)
        last = KnownGroups(ledger)
        assert [last.knows(group) for group in ("a", "b", "c")] == [False, True, True]


def test_customers_are_grouped_by_their_keys() -> None:
    """By the first byte, so that a row that comes or goes leaves other groups as they are."""
    assert [group_of(customer.key) for customer in CUSTOMERS] == [1, 2]
