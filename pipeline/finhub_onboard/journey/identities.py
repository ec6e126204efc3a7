"""By what else customers would be known again: written when the data leave, taken back when the bank has not got them.

A joiner of keys and ledger. Promises: identity hashes are handed in together with the intent of the call that sends the
data, and taken back together with the outcome that says that nobody is registered, so that none outlives its reason.
Memory: the customers under way. Does not know how a call went: it sees what is handed in for the ledger.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from finhub_onboard.journey.phase_table import BY_CALL
from finhub_onboard.journey.sent import changed_since_sent, is_at_the_bank
from finhub_onboard.journey.state import is_vouched
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.model import CallRecord, Customer, Journey

_KINDS = {str(name): rules.known_by for name, rules in BY_CALL.items() if rules.known_by}
"""Whose intent writes which identity hashes."""
_ALL_KINDS = tuple(dict.fromkeys(kind for kinds in _KINDS.values() for kind in kinds))

Hashes = list[tuple[bytes, bytes]]


class Book(Protocol):
    """The ledger's writer, as far as identities need it."""

    def post(
        self,
        journey: Journey,
        calls: Sequence[CallRecord] = (),
        *,
        hashes: Sequence[tuple[bytes, bytes]] = (),
        ended: Sequence[tuple[bytes, bytes]] = (),
    ) -> Awaitable[None]:
        """Hand these in, to become durable together and in the order of posting."""


class Identities:
    """A recorder before the ledger's writer; it is told who is under way, and with what data."""

    def __init__(self, book: Book, keys: Keys) -> None:
        self._book = book
        self._keys = keys
        self._under_way: dict[bytes, Customer] = {}
        self._claims: dict[bytes, dict[IdKind, str]] = {}

    def begin(self, key: bytes, customer: Customer, journey: Journey | None) -> None:
        """A customer is under way with these data; ``journey`` is how the ledger has it."""
        self._under_way[key] = customer
        if journey is not None:
            self._claims[key] = self._claimed(journey)

    def forget(self, key: bytes) -> None:
        """A customer is under way no more."""
        self._under_way.pop(key, None)
        self._claims.pop(key, None)

    def post(self, journey: Journey, calls: Sequence[CallRecord] = ()) -> Awaitable[None]:
        """Hand in as ``Recorder`` says, with what begins or ends to be known of the customer."""
        hashes: Hashes = []
        ended = self._disowned(journey)
        if (customer := self._under_way.get(journey.key)) is not None:
            for call in calls:
                kinds = _KINDS.get(call.step, ())
                if not call.outcome:
                    hashes += self._of(journey.key, customer, kinds)
                elif not is_at_the_bank(journey) or is_vouched(journey):
                    ended += self._of(journey.key, customer, kinds)
        return self._book.post(journey, calls, hashes=hashes, ended=ended)

    def lacking(self, journey: Journey, customer: Customer, fingerprint: bytes, *, visited: bool) -> Hashes:
        """What the ledger may lack of a customer at the bank, whose row is still as it was sent.

        Ledgers of older schemas lack it, and so does one whose operator took an answer back; of those that this schema
        took up and that are not ``visited`` nothing can be lacking.
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
        """Ids that an operator gave to the customer and that turned out not to be its own."""
        if not (claims := self._claims.get(journey.key)):
            return []
        self._claims[journey.key] = self._claimed(journey)
        return [
            (self._keys.id_hash(kind, identifier), journey.key)
            for kind, identifier in claims.items()
            if getattr(journey, kind) != identifier
        ]

    def _of(self, key: bytes, customer: Customer, kinds: Sequence[str]) -> Hashes:
        if not kinds:  # most calls send nothing by which anybody would be known again
            return []
        hashes = self._keys.identity_hashes(customer)
        return [(hashes[kind], key) for kind in kinds if kind in hashes]
