"""What a run knows about a customer beyond the ledger."""

import msgspec
from msgspec.structs import replace

from finhub_onboard.finhub.calls import Facts
from finhub_onboard.model import Phase


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows about a customer beyond the ledger; dropped when the run ends.

    ``row`` is the row's current fingerprint, ``email`` the identity hash of its e-mail. ``check_first``: the
    verification is older than this visit, so the check is read before an approval. ``check``, ``status``, ``listed``
    and ``searched`` are the results of reads for the current step, ``status_refused``: the status cannot be read.
    ``refused`` are documents that were uploaded and that the bank misses. ``tries`` counts the requests for the step
    ``tried``, ``polls`` the reads of the check, ``page`` the pages of deliveries, and ``created`` are the customers on
    them. ``begun_again``: phases that were carried out once more, each at most once in a visit. ``renewed``: the step
    that a token was renewed for. ``vouched``: an operator vouches that the attempts before the current one were not
    carried out. ``role_refused``: the bank says that the job may not approve. ``restored``: up to which time a
    restored ledger knows what happened, while this customer was not compared with the bank yet; else 0.
    """

    row: bytes = b""
    email: bytes = b""
    check_first: bool = False
    check: Facts | None = None
    status: Facts | None = None
    status_refused: bool = False
    listed: Facts | None = None
    refused: tuple[str, ...] = ()
    searched: bool = False
    page: int = 0
    page_mark: str = ""
    created: tuple[str, ...] = ()
    polls: int = 0
    begun_again: frozenset[Phase] = frozenset()
    tries: int = 0
    tried: str = ""
    renewed: str = ""
    refused_for_rate: int = 0
    gave_up: bool = False
    vouched: bool = False
    role_refused: bool = False
    restored: float = 0.0


def unread(visit: Visit) -> Visit:
    """Clear the results of all reads."""
    return replace(
        visit,
        check=None,
        status=None,
        status_refused=False,
        listed=None,
        searched=False,
        page=0,
        page_mark="",
        created=(),
        polls=0,
    )


MAX_DELIVERY_PAGES = 50
"""The paging of deliveries is not documented: the search is bounded and ends where a page repeats."""


def with_delivery_page(visit: Visit, page: Facts) -> Visit:
    """Add a page of deliveries; ``searched`` after the last one."""
    last = not page.page_mark or page.page_mark == visit.page_mark or visit.page + 1 >= MAX_DELIVERY_PAGES
    created = tuple(dict.fromkeys((*visit.created, *page.created)))
    return replace(visit, searched=last, page=visit.page + 1, page_mark=page.page_mark, created=created)
