"""What one run knows about one customer beyond the ledger."""

import msgspec
from msgspec.structs import replace

from finhub_onboard.finhub.calls import Facts


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What one run knows about one customer beyond the ledger; gone when the run ends.

    ``row`` is the fingerprint of the row as it is now, ``email`` the identity mark of its e-mail. ``check_first``: the
    verification is older than this visit, so it is looked at before it is approved. ``check``, ``status``, ``listed``
    and ``searched`` answer reads for the step at hand, ``status_refused``: the status may not be read; ``tries`` counts
    requests for the step ``tried``, ``polls`` looks at the check, ``page`` pages of deliveries, ``created`` who was
    found on them; ``renewed``: the step a token was renewed for. ``vouched``: an operator vouches that the attempts
    before the one under way were not carried out. ``role_refused``: the bank says that the job may not approve.
    ``restored``: until when the ledger knows what happened, where it was restored from a backup and this customer was
    not compared with the bank yet; else 0.
    """

    row: bytes = b""
    email: bytes = b""
    check_first: bool = False
    check: Facts | None = None
    status: Facts | None = None
    status_refused: bool = False
    listed: Facts | None = None
    searched: bool = False
    page: int = 0
    page_mark: str = ""
    created: tuple[str, ...] = ()
    polls: int = 0
    consent_rounds: int = 0
    tries: int = 0
    tried: str = ""
    renewed: str = ""
    refused_for_rate: int = 0
    gave_up: bool = False
    vouched: bool = False
    role_refused: bool = False
    restored: float = 0.0


def unread(visit: Visit) -> Visit:
    """Nothing is read yet about what stands now."""
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
"""Paging of deliveries is not documented: the search is bounded and ends where a page repeats."""


def with_delivery_page(visit: Visit, page: Facts) -> Visit:
    """One more page of deliveries was read; ``searched`` once it was the last."""
    last = not page.page_mark or page.page_mark == visit.page_mark or visit.page + 1 >= MAX_DELIVERY_PAGES
    created = tuple(dict.fromkeys((*visit.created, *page.created)))
    return replace(visit, searched=last, page=visit.page + 1, page_mark=page.page_mark, created=created)
