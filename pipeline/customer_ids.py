"""Whose a customer's id at the bank is: an id that the ledger has as one customer's is never believed as another's.

A bank that gives two customers one id, or a look-up that finds somebody else with the same e-mail, would lead a
journey to a stranger. Promise: an id counts as given from the moment its answer is read, also while that is not
durable yet. Memory: the ids given last, more than there can be customers under way. Knows no call and no answer.
"""

from collections.abc import Callable, Sequence

from pipeline.keys import Keys

_LAST_GIVEN = 16_384

Sharing = Callable[[Sequence[bytes]], dict[bytes, set[bytes]]]
Identify = Callable[[Sequence[tuple[bytes, bytes]]], None]


class CustomerIds:
    """The ids of all customers of a ledger; ``sharing`` reads marks from it, ``identify`` hands them in."""

    def __init__(self, keys: Keys, *, sharing: Sharing, identify: Identify) -> None:
        self._keys = keys
        self._sharing = sharing
        self._identify = identify
        self._given: dict[bytes, bytes] = {}

    def taken(self, key: bytes, customer_id: str) -> bool:
        """Whether the id belongs to another customer than that of ``key``."""
        mark = self._keys.id_mark(customer_id)
        if mark in self._given:
            return self._given[mark] != key
        return bool(self._sharing([mark]).get(mark, set()) - {key})

    def give(self, key: bytes, customer_id: str) -> None:
        """The id belongs to the customer of ``key``; durable before whatever the ledger is told later."""
        mark = self._keys.id_mark(customer_id)
        if self._given.get(mark) == key:
            return
        self._given[mark] = key
        if len(self._given) > _LAST_GIVEN:
            del self._given[next(iter(self._given))]
        self._identify([(mark, key)])
