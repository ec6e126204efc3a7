"""The calls of customers, which lie in packs: written, read and counted.

Promise: a call's number stays its own; another call that claims it is an error, and overwrites nothing.
"""

import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import attrgetter

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.ledger.sqlite.kinds import KindNumbers, Kinds
from finhub_onboard.ledger.sqlite.packs import Pack, Packable, pack
from finhub_onboard.ledger.sqlite.queries import ROWS, slices, sql, write_rows
from finhub_onboard.model import CallRecord

_number_of = attrgetter("number")
_key_of = attrgetter("key")
_identity_of = attrgetter("key", "run", "step", "attempt")
"""By these an outcome belongs to its intent."""
_TOO_MANY = 429
_LATEST = 10_000


def check_same(call: CallRecord, before: CallRecord) -> None:
    """Refuse a call whose number another one has: a defect, and nothing is overwritten."""
    if _identity_of(call) != _identity_of(before):
        message = "two calls of the ledger were given one number"
        raise LedgerError(message, hint="report this: it is a defect; nothing of its group was written")


def check_free(db: sqlite3.Connection, call: CallRecord, *, only_its_customer: bool) -> None:
    """Refuse a call whose number another one in the tables has; to look at all customers may read all calls."""
    name, value = ("packs_of_customer", call.key) if only_its_customer else ("packs_from", call.number)
    for each in map(Pack._make, db.execute(sql(name), (value,))):
        _check_same(db, each, {call.number: call})


def write_calls(db: sqlite3.Connection, calls: Iterable[CallRecord], kinds: KindNumbers) -> None:
    """Write intents and outcomes, with those of each customer and run that are there already."""
    replaced, new = merged(db, calls, kinds)
    db.executemany(sql("drop_pack"), replaced)
    try:
        write_rows(db, "add_pack", new, table="call_pack")
    except sqlite3.IntegrityError:
        for each in new:
            _check_numbers(db, each)
        raise


def write_recent_calls(db: sqlite3.Connection, calls: Iterable[CallRecord], kinds: KindNumbers) -> None:
    """Write them into the tables in front of those of the file (``tail.sql``)."""
    replaced, new = merged(db, calls, kinds)
    db.executemany(sql("hide_pack"), replaced)
    write_rows(db, "add_pack", new, table="temp.recent_call_pack")


def merged(
    db: sqlite3.Connection, calls: Iterable[CallRecord], kinds: KindNumbers
) -> tuple[list[tuple[int]], list[Pack]]:
    """Calls with those of their customers and runs in the tables: the numbers of the packs to replace, and the new.

    What is merged already may be merged again.
    """
    groups: dict[tuple[bytes, int], dict[int, CallRecord]] = defaultdict(dict)
    for call in calls:
        groups[call.key, call.run][call.number] = call
    before = _packs_before(db, groups)
    replaced: list[tuple[int]] = []
    new: list[Pack] = []
    for (key, run), some in groups.items():
        known: dict[int, Packable] = {}
        for each in before.get((key, run), ()):
            _check_same(db, each, some)
            replaced.append((each.number,))
            known |= {call.number: call for call in each.calls()}
        for number, call in some.items():
            times = map(float, (call.intent_at, call.outcome_at, call.wait_s, call.seconds))
            known[number] = Packable(number, kinds.number_of(db, call), *times)
        together = [known[number] for number in sorted(known)]
        new.append(Pack(together[-1].number, key, run, pack(together)))
    return replaced, new


def records(packs: Iterable[Pack], kinds: Kinds) -> Iterator[CallRecord]:
    """The calls of packs that are sorted by customer; those of a customer in the order of sending."""
    for _, some in groupby(packs, _key_of):
        yield from sorted((call for each in some for call in each.records(kinds)), key=_number_of)


def totals(packs: Iterable[Pack], kinds: Mapping[int, CallRecord]) -> dict[str, CallCounts]:
    """By phase the requests that left, of them repeats, of them refused for rate."""
    counts: dict[str, CallCounts] = defaultdict(CallCounts)
    for number, count in _counted(packs).items():
        kind = kinds[number]
        counts[kind.phase] += CallCounts(
            sent=count * kind.sent,
            retried=count * (kind.sent and kind.attempt > 1),
            refused_for_rate=count * (kind.http_status == _TOO_MANY),
        )
    return dict(counts)


def changes(packs: Iterable[Pack], kinds: Mapping[int, CallRecord]) -> tuple[int, int]:
    """Intents of calls that change something, and how many of them have an outcome."""
    counts = [(count, kinds[number]) for number, count in _counted(packs).items()]
    intents = sum(count for count, kind in counts if kind.changes)
    return intents, sum(count for count, kind in counts if kind.changes and kind.outcome)


def last_change(packs: Iterable[Pack], kinds: Mapping[int, CallRecord]) -> float | None:
    """When the last change was made at the bank; ``None`` if none was."""
    made = (
        call.intent_at
        for each in packs
        for call in each.calls()
        if kinds[call.kind].changes and kinds[call.kind].outcome == "done"
    )
    return max(made, default=None)


def by_bucket(
    packs: Iterable[Pack], kinds: Mapping[int, CallRecord], *, since: float, bucket_s: float
) -> Iterator[tuple[float, float, bool, str]]:
    """Each request that left and was answered: bucket start in seconds since ``since``, latency, refused, phase.

    The earlier buckets first. Memory is eight bytes for each.
    """
    buckets: dict[tuple[float, bool, str], array[float]] = defaultdict(lambda: array("d"))
    for each in packs:
        for call in each.calls():
            kind = kinds[call.kind]
            if kind.sent and call.outcome_at > 0:
                at = (call.outcome_at - since) // bucket_s * bucket_s
                buckets[at, kind.http_status == _TOO_MANY, kind.phase].append(call.seconds)
    for (at, refused, phase), latencies in sorted(buckets.items()):
        for seconds in latencies:
            yield at, seconds, refused, phase


def mean_latency_s(packs: Iterable[Pack], kinds: Mapping[int, CallRecord]) -> float | None:
    """What the bank took on average for the last requests, of packs with the latest first; ``None`` without any."""
    answered = (
        call.seconds for each in packs for call in each.calls() if kinds[call.kind].sent and call.outcome_at > 0
    )
    latest = list(islice(answered, _LATEST))
    return sum(latest) / len(latest) if latest else None


def _counted(packs: Iterable[Pack]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for each in packs:
        counts.update(each.kinds())
    return counts


def _packs_before(db: sqlite3.Connection, groups: Collection[tuple[bytes, int]]) -> dict[tuple[bytes, int], list[Pack]]:
    """The packs of these customers and runs."""
    found: dict[tuple[bytes, int], list[Pack]] = defaultdict(list)
    if groups:
        since = min(run for _, run in groups)
        for some in slices({key for key, _ in groups}, ROWS):
            for row in db.execute(sql("packs_since", places=len(some)), (*some, since)):
                before = Pack._make(row)
                found[before.key, before.run].append(before)
    return found


def _check_numbers(db: sqlite3.Connection, new: Pack) -> None:
    for call in new.records(Kinds(db)):
        check_free(db, call, only_its_customer=False)


def _check_same(db: sqlite3.Connection, before: Pack, calls: Mapping[int, CallRecord]) -> None:
    if calls.keys().isdisjoint(each.number for each in before.calls()):
        return
    for known in before.records(Kinds(db)):
        if known.number in calls:
            check_same(calls[known.number], known)
