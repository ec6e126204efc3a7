"""Identity hashes: written when a customer's data are sent, removed when the bank turns out not to have them.

A joiner of keys and ledger. Promises: hashes are written together with the intent of the call that sends the data, and
ended together with the outcome that says that nobody was registered. Memory: the active customers. Knows no outcome of
a call except by what is posted to the ledger.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from finhub_onboard.journey.phase_table import BY_CALL
from finhub_onboard.journey.sent import changed_since_sent, is_at_the_bank
from finhub_onboard.journey.state import is_vouched
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.model import CallRecord, Customer, Journey

_KINDS = {str(name): rules.known_by for name, rules in BY_CALL.items() if rules.known_by}
"""Step -> the kinds of identity hashes that its intent writes."""
_ALL_KINDS = tuple(dict.fromkeys(kind for kinds in _KINDS.values() for kind in kinds))

Hashes = list[tuple[bytes, bytes]]


class Book(Protocol):
    """The ledger's writer, as far as this module needs it."""

    def post(
        self,
        journey: Journey,
        calls: Sequence[CallRecord] = (),
        *,
        hashes: Sequence[tuple[bytes, bytes]] = (),
        ended: Sequence[tuple[bytes, bytes]] = (),
    ) -> Awaitable[None]:
        """Queue these to become durable together, in posting order."""


class Identities:
    """A recorder in front of the ledger's writer, which adds identity hashes; it must be told who is active."""

    def __init__(self, book: Book, keys: Keys) -> None:
        self._book = book
        self._keys = keys
        self._under_way: dict[bytes, Customer] = {}
        self._claims: dict[bytes, dict[IdKind, str]] = {}

    def begin(self, key: bytes, customer: Customer, journey: Journey | None) -> None:
        """A customer becomes active with these data; ``journey`` is its state in the ledger."""
        self._under_way[key] = customer
        if journey is not None:
            self._claims[key] = self._claimed(journey)

    def forget(self, key: bytes) -> None:
        """A customer is no longer active."""
        self._under_way.pop(key, None)
        self._claims.pop(key, None)

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Post as ``Recorder`` does, with the identity hashes that begin or end to be valid."""
        hashes: Hashes = []
        ended = self._disowned(journey)
        if (customer := self._under_way.get(journey.key)) is not None:
            for call in calls:
                if not (kinds := _KINDS.get(call.step)):  # most calls send nothing that identifies a person
                    continue
                if not call.outcome:
                    hashes += self._of(journey.key, customer, kinds)
                elif not is_at_the_bank(journey) or is_vouched(journey):
                    ended += self._of(journey.key, customer, kinds)
        return self._book.post(journey, calls, hashes=hashes, ended=ended)

    def lacking(self, journey: Journey, customer: Customer, fingerprint: bytes, *, visited: bool) -> Hashes:
        """The hashes that the ledger lacks of a customer at the bank whose row is unchanged.

        Ledgers of older schemas lack them, and so does one whose operator withdrew an answer. Customers that this
        schema took up and that are not ``visited`` lack none.
        """
        if not is_at_the_bank(journey) or is_vouched(journey) or (journey.sealed_id and not visited):
            return []
        held = {kind: getattr(journey, kind) for kind in IdKind}
        ids = [(self._keys.id_hash(kind, known), journey.key) for kind, known in held.items() if known]
        same = not changed_since_sent(journey, fingerprint)
        return ids + (self._of(journey.key, customer, _ALL_KINDS) if same else [])

    @staticmethod
    def _claimed(journey: Journey) -> dict[IdKind, str]:
        return {kind: getattr(journey, kind) for kind in IdKind if kind in journey.claimed}

    def _disowned(self, journey: Journey) -> Hashes:
        """The ids that an operator gave to the customer and that turned out to be wrong."""
        if not (claims := self._claims.get(journey.key)):
            return []
        self._claims[journey.key] = self._claimed(journey)
        return [
            (self._keys.id_hash(kind, identifier), journey.key)
            for kind, identifier in claims.items()
            if getattr(journey, kind) != identifier
        ]

    def _of(self, key: bytes, customer: Customer, kinds: Sequence[str]) -> Hashes:
        hashes = self._keys.identity_hashes(customer)
        return [(hashes[kind], key) for kind in kinds if kind in hashes]
