"""What a run wrote last, which is not yet filed into the tables: its newest entries, packed for the table ``recent``.

To change a customer's line, its calls and its identity hashes touches random pages, which are written twice each. A run
appends its entries instead, a line or two for each group, and files them in portions: then a page is written once for
many entries, and of a customer's states and a call's two entries only the last. Promise: an entry that the tables would
refuse is refused when it is packed, because it could never be filed. Knows no transaction: who calls has one.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import compress, groupby
from math import isnan
from operator import attrgetter, is_not
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from finhub_onboard.ledger.sqlite.calls import check_same
from finhub_onboard.ledger.sqlite.queries import sql, write_rows
from finhub_onboard.ledger.sqlite.rows import journey_values
from finhub_onboard.model import CallRecord, Journey, Repeat, Standing

_LARGEST = 2**63
_LEVEL = 1
_T = TypeVar("_T", Journey, CallRecord)
_NO_JOURNEY = Journey(key=b"", fingerprint=b"")
_NO_CALL = CallRecord(number=0, key=b"", run=0, phase="", step="", attempt=0, changes=False, intent_at=0.0)


class HashChange(NamedTuple):
    """An identity hash that begins or ends to be valid for a customer."""

    ended: bool
    identity: bytes
    key: bytes


class Group(NamedTuple):
    """What is written together: the newest state of each journey and call, and changes of hashes in their order."""

    journeys: dict[bytes, Journey]
    calls: dict[int, CallRecord]
    hashes: list[HashChange]


class Recent:
    """The entries of run ``run`` that are in ``recent`` and not filed.

    The lines of one ``generation`` are packed and read without the others: when those before are filed they can go.
    Readers of other threads may look into its members while the writer changes them: each is replaced or grows.
    """

    def __init__(self, run: int, generation: int = 0) -> None:
        self.run = run
        self.generation = generation
        self.journeys: dict[bytes, Journey] = {}
        self.calls: dict[int, CallRecord] = {}
        self.hashes: list[HashChange] = []
        self.owners: dict[bytes, dict[bytes, bool]] = {}

    def __len__(self) -> int:
        return len(self.journeys) + len(self.calls) + len(self.hashes)

    @classmethod
    def read(cls, lines: Iterable[tuple[int, bytes]]) -> "Recent":
        """The entries of lines of ``recent``: (run, entries)."""
        recent, base = cls(0), cls(0)
        for run, entries in lines:
            recent.run = run
            journeys, calls, hashes, *generation = msgspec.msgpack.decode(zlib.decompress(entries))
            if generation and generation[0] != base.generation:
                base = cls(run, generation[0])
            group = base.unpack(journeys, calls)
            base.take(group)
            recent.take(group._replace(hashes=[HashChange(*change) for change in hashes]))
        return recent

    def under_way(self) -> set[bytes]:
        """The customers whose journeys have not ended."""
        return {key for key, journey in self.journeys.items() if journey.standing is Standing.OPEN}

    def is_left_behind_by(self, group: Group) -> bool:
        """Whether a customer is taken up by another run: then the table must have how the one before left it."""
        before = self.journeys
        return any(key in before and before[key].last_run != each.last_run for key, each in group.journeys.items())

    def take(self, group: Group) -> None:
        """Add a group that is durable."""
        self.journeys.update(group.journeys)
        self.calls.update(group.calls)
        self.hashes += group.hashes
        for ended, identity, key in group.hashes:
            self.owners[identity] = self.owners.get(identity, {}) | {key: not ended}

    def pack(self, group: Group) -> bytes:
        """The line of a group: of each journey and call what differs from its entry before."""
        journeys = [
            (key, _changes(journey, self.journeys.get(key, _NO_JOURNEY))) for key, journey in group.journeys.items()
        ]
        calls = [(number, _changes(call, self._before(call))) for number, call in group.calls.items()]
        entries = journeys, calls, group.hashes, self.generation
        return zlib.compress(msgspec.msgpack.encode(entries), _LEVEL)

    def unpack(self, journeys: Iterable[tuple[bytes, list[Any]]], calls: Iterable[tuple[int, list[Any]]]) -> Group:
        """The entries of a line that follows what was taken."""
        return Group(
            {key: _changed(self.journeys.get(key, _NO_JOURNEY), changes) for key, changes in journeys},
            {number: _changed(self.calls.get(number, _NO_CALL), changes) for number, changes in calls},
            [],
        )

    def _before(self, call: CallRecord) -> CallRecord:
        before = self.calls.get(call.number, _NO_CALL)
        if before is not _NO_CALL:
            check_same(call, before)
        return before


class Live:
    """The entries of the run that this process writes; ``None`` while it writes none."""

    recent: Recent | None = None


def write_journeys(db: sqlite3.Connection, journeys: Iterable[Journey], *, table: str = "customer") -> None:
    """Write how customers stand from now on."""
    write_rows(db, "upsert_customer", map(journey_values, journeys), table=table)


def write_hashes(db: sqlite3.Connection, changes: Iterable[HashChange], run: int, *, table: str = "identity") -> None:
    """Write which identity hashes begin and end to be valid with this run."""
    for ended, some in groupby(changes, attrgetter("ended")):
        identities = [(identity, key) for _, identity, key in some]
        if ended:
            db.executemany(sql("drop_mark", table=table), [(*identity, run) for identity in identities])
            db.executemany(sql("end_mark", table=table), [(run, *identity) for identity in identities])
        else:
            write_rows(db, "add_mark", identities, run, table=table)


def _changes(entry: _T, before: _T) -> list[Any]:
    """The fields that differ, as place, value, place, value, and so on."""
    values, known, types = msgspec.structs.astuple(entry), msgspec.structs.astuple(before), _types(type(entry))
    changes: list[Any] = []
    for place in compress(range(len(values)), map(is_not, values, known)):  # most values are the very same objects
        value = values[place]
        if value != known[place]:
            kind = type(value)
            if kind not in types[place] and not isinstance(value, types[place]):
                raise TypeError(type(entry).__struct_fields__[place])
            if (kind is float and isnan(value)) or (kind is int and not -_LARGEST <= value < _LARGEST):
                raise ValueError(type(entry).__struct_fields__[place])
            changes += (place, value)
    return changes


def _changed(before: _T, changes: Sequence[Any]) -> _T:
    values = list(msgspec.structs.astuple(before))
    readers = _readers(type(before))
    for place, value in zip(changes[::2], changes[1::2], strict=True):
        values[place] = readers[place](value) if place in readers else value
    return type(before)(**dict(zip(type(before).__struct_fields__, values, strict=True)))


@cache
def _types(kind: type) -> tuple[tuple[type, ...], ...]:
    """The types of each field; an integer may stand where a float is meant."""
    hints = get_type_hints(kind)
    return tuple(_types_of(hints[name]) for name in kind.__struct_fields__)  # type: ignore[attr-defined]


def _types_of(hint: Any) -> tuple[type, ...]:
    if isinstance(hint, UnionType):
        return tuple(one for part in get_args(hint) for one in _types_of(part))
    kind = get_origin(hint) or hint
    return (float, int) if kind is float else (kind,)


@cache
def _readers(kind: type) -> dict[int, Callable[[Any], Any]]:
    """By place how a field is read that the packing does not keep as it is."""
    enums: dict[Any, Callable[[Any], Any]] = {Standing: Standing, Repeat: Repeat}
    found: dict[int, Callable[[Any], Any]] = {}
    for place, types in enumerate(_types(kind)):
        if tuple in types:
            found[place] = _tuple if NoneType in types else tuple
        elif types[0] in enums:
            found[place] = enums[types[0]]
    return found


def _tuple(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)
