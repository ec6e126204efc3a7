"""All calls of a customer in one run as one value, and back.

What calls have in common, such as their step and outcome, is a kind that the ledger keeps once (``kinds.py``). Of each
call remain its number, its kind and its times: some 25 bytes. Promise: what is packed comes back the same, field by
field. Knows no database.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from finhub_onboard.model import CallRecord

_TICKS = 2.0**22
"""So many are a second: every float between the years 2004 and 2038 is a whole number of them."""
_MOST_TICKS = 2.0**62


class Packable(NamedTuple):
    """What a pack has of a call; ``kind`` is the number of its kind."""

    number: int
    kind: int
    intent_at: float
    outcome_at: float
    wait_s: float
    seconds: float


class _Content(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A pack's columns, with a value for each call.

    ``below`` is how far its number is below the last one. ``times`` are intent and outcome in turns: ticks since the
    time before, or seconds where they are no whole number of ticks. ``waits`` is empty if nobody waited.
    """

    below: list[int]
    kinds: list[int]
    times: list[int | float]
    seconds: list[float]
    waits: list[float]


_decode = msgspec.msgpack.Decoder(_Content).decode


class Pack(NamedTuple):
    """A row of ``call_pack``: the calls of a customer in one run. ``number`` is that of the last one."""

    number: int
    key: bytes
    run: int
    content: bytes

    def kinds(self) -> list[int]:
        """The kind of each call."""
        return _decode(self.content).kinds

    def calls(self) -> Iterator[Packable]:
        """The calls, in the order of their numbers."""
        content = _decode(self.content)
        times = _read_times(content.times)
        waits = content.waits or [0.0] * len(content.kinds)
        numbers = [self.number - below for below in content.below]
        return map(Packable, numbers, content.kinds, times, times, waits, content.seconds)

    def records(self, kinds: Mapping[int, CallRecord]) -> Iterator[CallRecord]:
        """The calls as the model has them; ``kinds`` has a call of each kind."""
        for number, kind, intent_at, outcome_at, wait_s, seconds in self.calls():
            yield msgspec.structs.replace(
                kinds[kind],
                number=number,
                key=self.key,
                run=self.run,
                intent_at=intent_at,
                outcome_at=outcome_at,
                wait_s=wait_s,
                seconds=seconds,
            )


def pack(calls: Iterable[Packable]) -> bytes:
    """Pack the calls of a customer, in the order of their numbers."""
    numbers, kinds, intents, outcomes, waits, seconds = zip(*calls, strict=True)
    content = _Content(
        below=[numbers[-1] - number for number in numbers],
        kinds=list(kinds),
        times=_written_times(time for pair in zip(intents, outcomes, strict=True) for time in pair),
        seconds=[each or 0 for each in seconds],  # an integer takes a byte
        waits=[each or 0 for each in waits] if any(waits) else [],
    )
    return msgspec.msgpack.encode(content)


class PackCalls:
    """The aggregate function ``pack_calls`` of a migration: packs rows that have the columns of ``Packable``."""

    def __init__(self) -> None:
        self._calls: list[Packable] = []

    def step(self, *columns: object) -> None:
        """Take a row."""
        self._calls.append(Packable(*columns))  # type: ignore[arg-type]

    def finalize(self) -> bytes:
        """The rows of a group, packed."""
        return pack(sorted(self._calls))


def _written_times(times: Iterable[float]) -> list[int | float]:
    written: list[int | float] = []
    before = 0
    for time in times:
        ticks = time * _TICKS
        if ticks.is_integer() and -_MOST_TICKS < ticks < _MOST_TICKS:
            at = int(ticks)
            written.append(at - before)
            before = at
        else:
            written.append(time)
    return written


def _read_times(written: Iterable[int | float]) -> Iterator[float]:
    at = 0
    for time in written:
        if isinstance(time, int):
            at += time
            yield at / _TICKS
        else:
            yield time
