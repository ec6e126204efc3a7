"""Kinds of calls: each is kept once as a rule, remembered within bounds, and never mistaken for another."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite import kinds as module
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.kinds import KindNumbers, Kinds
from finhub_onboard.ledger.sqlite.queries import sql
from finhub_onboard.model import Phase
from tests.ledger.support import call, opened
from tests.values import replace


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection to a new ledger."""
    opened(tmp_path / "l.db").close()
    with closing(connect(tmp_path / "l.db")) as opened_:
        yield opened_


def count(db: sqlite3.Connection) -> int:
    """Return how many kinds there are."""
    return int(db.execute("SELECT count(*) FROM call_kind").fetchone()[0])


def test_calls_that_differ_in_what_is_their_own_are_of_one_kind(db: sqlite3.Connection) -> None:
    """Number, customer, run and times; any other field makes another kind, and comes back as it was."""
    numbers = KindNumbers()
    one = call(1, 1, outcome="done", http_status=200)
    alike = [one, replace(one, number=2, key=b"k", run=9, intent_at=3.0, outcome_at=4.0, wait_s=1.0, seconds=2.0)]
    others = [replace(one, http_status=None), replace(one, sent=False), replace(one, message="m"), call(1, 1)]
    assert len({numbers.number_of(db, each) for each in [*alike, replace(one, phase=Phase.REGISTRATION)]}) == 1
    found = [numbers.number_of(db, each) for each in others]
    assert len(set(found)) == len(others) == count(db) - 1
    kinds = Kinds(db)
    for number, each in zip(found, others, strict=True):
        assert kinds[number] == replace(each, number=0, key=b"", run=0, intent_at=0.0)
        assert [type(getattr(kinds[number], name)) for name in ("changes", "sent", "retriable")] == [bool] * 3


def test_those_of_an_earlier_run_are_used_again(db: sqlite3.Connection) -> None:
    """A night adds no kinds to those of the night before."""
    first = [KindNumbers().number_of(db, call(1, 1, attempt=attempt)) for attempt in (1, 2)]
    again = KindNumbers()
    assert [again.number_of(db, call(1, 1, attempt=attempt)) for attempt in (1, 2)] == first
    assert count(db) == 2


def test_a_kind_whose_transaction_failed_is_added_again(db: sqlite3.Connection) -> None:
    """Its number may be another one's by then."""
    numbers = KindNumbers()
    lost = numbers.number_of(db, call(1, 1))
    db.rollback()
    numbers.forget()
    other = numbers.number_of(db, call(1, 1, attempt=2))
    assert other == lost
    assert numbers.number_of(db, call(1, 1)) != lost


def test_memory_is_bounded_where_every_message_differs(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten is read again, or added once more."""
    monkeypatch.setattr(module, "_MOST", 8)
    numbers, kinds = KindNumbers(), Kinds(db)
    for number in range(50):
        one = call(1, 1, message=str(number))
        assert kinds[numbers.number_of(db, one)].message == str(number)
        assert max(len(numbers._known), len(kinds)) <= 9
    assert numbers.number_of(db, one) == numbers.number_of(db, one)


def test_numbers_can_be_counted_down_for_a_table_of_ones_own(db: sqlite3.Connection) -> None:
    """As readers do for what is recent: never one that the ledger's table has."""
    db.execute(sql("make_recent_call_kind"))
    numbers = KindNumbers("temp.recent_call_kind", first=-1, step=-1)
    assert [numbers.number_of(db, call(1, 1, attempt=attempt)) for attempt in (1, 2, 1)] == [-1, -2, -1]
    assert (count(db), db.execute("SELECT count(*) FROM recent_call_kind").fetchone()) == (0, (2,))
