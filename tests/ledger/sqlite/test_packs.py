"""A customer's calls in one value: exact, whatever their times, and small."""

import time

import pytest

from finhub_onboard.ledger.sqlite.packs import Pack, Packable, pack
from tests.ledger.support import call, key
from tests.values import replace

NOW = 1_795_000_000.123456


def packed(*calls: Packable) -> Pack:
    """Return calls as a row."""
    return Pack(calls[-1].number, key(1), 3, pack(calls))


@pytest.mark.parametrize(
    "times",
    [
        [(NOW, NOW + 0.05), (NOW + 0.06, NOW + 0.1)],
        [(NOW, 0.0), (NOW + 1, NOW + 2)],
        [(0.1, 1e12), (-0.5, 0.3), (1e300, 5e-324)],
        [(time.time(), time.time() + 1e-6)],
    ],
    ids=["usual", "an outcome is missing", "no clock's", "now"],
)
def test_times_come_back_to_the_bit(times: list[tuple[float, float]]) -> None:
    """Whether they are whole ticks or not, and in whatever order."""
    calls = [Packable(9 + place, place, *some, 0.0, 0.1 * place) for place, some in enumerate(times)]
    assert list(packed(*calls).calls()) == calls


def test_waits_and_numbers_far_apart_come_back() -> None:
    """As a retry has them, and calls in ranges of two writers."""
    calls = [Packable(1, 300, 1.0, 2.0, 0.0, 0.25), Packable(2**40, 1, 3.0, 4.0, 1.5, 1e-9)]
    assert list(packed(*calls).calls()) == calls
    assert packed(*calls).kinds() == [300, 1]


def test_records_are_their_kinds_with_what_is_their_own() -> None:
    """Key and run are those of the row."""
    kinds = {4: call(0, 0, outcome="done", sent=False), 5: call(0, 0, code="refused", attempt=2)}
    row = packed(Packable(1, 4, 1.0, 2.0, 0.5, 0.25), Packable(2, 5, 3.0, 0.0, 0.0, 0.0))
    own = {"key": key(1), "run": 3}
    assert list(row.records(kinds)) == [
        replace(kinds[4], number=1, intent_at=1.0, outcome_at=2.0, wait_s=0.5, seconds=0.25, **own),
        replace(kinds[5], number=2, intent_at=3.0, **own),
    ]


def test_a_usual_call_takes_twenty_five_bytes() -> None:
    """Ten calls of a customer, 256 in flight and 50 ms each."""
    calls = [
        Packable(2**33 + 256 * place, place, NOW + place * 0.055, NOW + place * 0.055 + 0.05, 0.0, 0.0471234567)
        for place in range(10)
    ]
    assert len(packed(*calls).content) < 260


def test_a_value_that_is_no_pack_is_a_value_error() -> None:
    """What reads it says in plain words that an entry is not as this program writes it."""
    with pytest.raises(ValueError, match=r".+"):
        list(Pack(1, key(1), 1, b"\x93nothing").calls())
