"""The owners of the bank's ids: an id of one customer is never accepted as another's.

A bank that gives two customers the same id, or a search that finds somebody else with the same e-mail, would lead a
journey to a stranger. Promises: an id belongs to a customer from the moment its answer is read, even before that is
durable; an id that only an operator gave does not count against anybody. Memory: the most recent ids, more than there
are customers in flight. Knows no call and no answer.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.model import Journey

_LAST_GIVEN = 16_384
_LAST_COMPARED = 16

Sharing = Callable[[Sequence[bytes]], dict[bytes, set[bytes]]]
Identify = Callable[[Sequence[tuple[bytes, bytes]]], None]
Find = Callable[[Sequence[bytes]], dict[bytes, Journey]]


class IdOwners:
    """The owners of all ids of a ledger.

    ``sharing`` reads identity hashes, ``find`` journeys, ``identify`` posts new hashes.
    """

    def __init__(self, keys: Keys, *, sharing: Sharing, find: Find, identify: Identify) -> None:
        # An id is hashed when it is compared and when it is given, one after the other.
        self._hash_of = lru_cache(maxsize=_LAST_COMPARED)(keys.id_hash)
        self._sharing = sharing
        self._find = find
        self._identify = identify
        self._given: dict[bytes, bytes] = {}
        self._just_free: tuple[bytes, bytes] | None = None

    def is_anothers(self, key: bytes, kind: IdKind, identifier: str) -> bool:
        """Whether the id belongs to another customer than ``key``.

        Asked for ids that the bank or an operator gives to ``key``.
        """
        identity = self._hash_of(kind, identifier)
        if identity in self._given:
            return self._given[identity] != key
        if self._just_free == (identity, key):  # one answer asks twice, and the ledger is a file
            return False
        others = self._sharing([identity]).get(identity, set()) - {key}
        if others and not all(_only_claims(journey, kind, identifier) for journey in self._journeys(others)):
            return True
        self._just_free = (identity, key)
        return False

    def give(self, key: bytes, kind: IdKind, identifier: str) -> None:
        """The bank gave the id to the customer ``key``; durable before later posts."""
        identity = self._hash_of(kind, identifier)
        if self._given.get(identity) == key:
            return
        self._given[identity] = key
        self._just_free = None
        if len(self._given) > _LAST_GIVEN:
            del self._given[next(iter(self._given))]
        self._identify([(identity, key)])

    def _journeys(self, keys: set[bytes]) -> list[Journey | None]:
        journeys = self._find(sorted(keys))
        return [journeys.get(key) for key in keys]


def _only_claims(journey: Journey | None, kind: IdKind, identifier: str) -> bool:
    """Whether an owner has the id from an operator only, or had it and was corrected; one without a journey has it."""
    if journey is None:
        return False
    held = journey.customer_id if kind is IdKind.CUSTOMER else journey.verification_id
    if held == identifier:
        return kind in journey.claimed
    # A customer id never changes, so a different one has replaced this claim; verifications may be several.
    return kind is IdKind.CUSTOMER and held != ""
