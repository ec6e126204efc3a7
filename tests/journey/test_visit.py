"""What a run knows of a customer beyond the ledger: what was read, and pages of deliveries."""

import pytest

from finhub_onboard.finhub.calls import Facts
from finhub_onboard.journey.visit import MAX_DELIVERY_PAGES, Visit, unread, with_delivery_page
from finhub_onboard.model import Phase

AGAIN = frozenset({Phase.CONSENTS})
SEEN = Visit(
    check=Facts(), status=Facts(), status_refused=True, listed=Facts(), searched=True, page=3, page_mark="d",
    created=("c",), polls=4, tries=2, tried="check", begun_again=AGAIN, row=b"r", role_refused=True,
)  # fmt: skip


def test_nothing_is_read_yet_about_what_comes_next() -> None:
    """Tries, rounds and the row stay."""
    assert unread(SEEN) == Visit(tries=2, tried="check", begun_again=AGAIN, row=b"r", role_refused=True)


@pytest.mark.parametrize(
    ("before", "mark", "searched"),
    [
        (Visit(), "d1", False),
        (Visit(page=1, page_mark="d1"), "d2", False),
        (Visit(page=1, page_mark="d1"), "d1", True),
        (Visit(page=1, page_mark="d1"), "", True),
        (Visit(page=MAX_DELIVERY_PAGES - 1), "d9", True),
    ],
)
def test_the_last_page_is_empty_or_seen_before_or_at_the_bound(before: Visit, mark: str, *, searched: bool) -> None:
    """Paging is not documented, so the search ends by what comes."""
    found = with_delivery_page(before, Facts(page_mark=mark))
    assert (found.page, found.searched) == (before.page + 1, searched)


def test_whoever_was_created_is_remembered_once() -> None:
    """Over all pages, in the order of their reading."""
    first = with_delivery_page(Visit(), Facts(created=("c1", "c2"), page_mark="d1"))
    assert with_delivery_page(first, Facts(created=("c2", "c3"))).created == ("c1", "c2", "c3")
