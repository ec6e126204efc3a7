"""Groups of rows that were found to be as they were sent, known again the next night by one hash for each.

To compare a row with what was sent takes a keyed hash of each of its cells, which is most of a night's work. A hash
over the rows of a group, and over what the ledger has of their customers, tells that the same cells were compared with
the same fingerprints before. A joiner of keys and ledger. Promises: what differs in any cell or fingerprint is compared
anew; without the seed nothing can be read from the hashes. Memory: a hash per group. Knows no documents.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.ledger.records import Finished

_NOTE = "unchanged_groups"
_MOST = 100_000
"""Hashes that a ledger keeps: of some ten million rows."""
_BETWEEN = "\0"


def group_of(key: bytes) -> int:
    """The group of a customer within a batch: rows that come or go change no group but their own."""
    return key[0]


class KnownGroups:
    """What reports of earlier runs found, and what those of this one find."""

    def __init__(self, ledger: Reader) -> None:
        self._keys = ledger.keys
        self._before = ledger.noted(_NOTE).split()
        self._known = frozenset(self._before)
        self._seen: dict[str, None] = {}

    def hash_of(self, rows: Iterable[Sequence[str]], customers: Sequence[Finished]) -> str:
        """Return the hash of a group; empty if a cell holds what stands between cells, so that it tells nothing."""
        cells = list(chain.from_iterable(rows))
        for customer in customers:
            cells += (customer.key.hex(), customer.fingerprint.hex())
        text = _BETWEEN.join(cells)
        is_plain = text.count(_BETWEEN) == len(cells) - 1
        return self._keys.content_hash("", text.encode()) if is_plain else ""

    def knows(self, group: str) -> bool:
        """Whether all rows of the group with this hash were found to be as they were sent."""
        if group not in self._known:
            return False
        self._seen[group] = None
        return True

    def add(self, group: str) -> None:
        """All rows of this group were compared, and are as they were sent."""
        if group:
            self._seen[group] = None

    def remember(self, ledger: Ledger) -> None:
        """Store the hashes for the next run, those of this one first. Raises :class:`LedgerError`."""
        if not self._seen.keys() <= self._known:
            ledger.note(_NOTE, " ".join(islice(dict.fromkeys((*self._seen, *self._before)), _MOST)))
