"""Calls in packs: merged whatever is filed again, and never in the place of others."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from finhub_onboard.errors import LedgerError
from finhub_onboard.ledger.sqlite.calls import check_free, last_change, records, write_calls
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.kinds import KindNumbers, Kinds
from finhub_onboard.ledger.sqlite.packs import Pack
from finhub_onboard.model import CallRecord
from tests.ledger.support import call, opened
from tests.values import replace

FIRST = [call(number, 1, step=f"step {number}", outcome="done", outcome_at=2.0) for number in (1, 3, 4)]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection to a new ledger."""
    opened(tmp_path / "l.db").close()
    with closing(connect(tmp_path / "l.db")) as opened_:
        yield opened_


def packs(db: sqlite3.Connection) -> list[Pack]:
    """Return all rows."""
    return [Pack(*row) for row in db.execute("SELECT number, key, run, calls FROM call_pack ORDER BY key, number")]


def found(db: sqlite3.Connection) -> list[CallRecord]:
    """Return all calls."""
    return list(records(packs(db), Kinds(db)))


def test_a_customers_calls_in_a_run_are_one_row(db: sqlite3.Connection) -> None:
    """Numbered like the last of them; each run and each customer has its own."""
    others = [call(2, 2), call(5, 1, run=2)]
    write_calls(db, [*FIRST, *others], KindNumbers())
    assert [(each.number, each.run) for each in packs(db)] == [(4, 1), (5, 2), (2, 1)]
    assert found(db) == [*FIRST, others[1], others[0]]


def test_what_is_written_again_is_there_once(db: sqlite3.Connection) -> None:
    """The same calls, as after a death; an outcome for its intent; and later calls, which are joined to them."""
    kinds = KindNumbers()
    intent = replace(FIRST[2], outcome="", outcome_at=0.0)
    write_calls(db, [*FIRST[:2], intent], kinds)
    assert found(db) == [*FIRST[:2], intent]
    for _ in range(2):
        write_calls(db, [FIRST[2], call(7, 1)], kinds)
        assert found(db) == [*FIRST, call(7, 1)]
        assert [each.number for each in packs(db)] == [7]


@pytest.mark.parametrize("other", [call(3, 1), call(4, 2), call(4, 1, run=2)], ids=["step", "customer", "run"])
def test_a_number_that_another_call_has_is_refused(db: sqlite3.Connection, other: CallRecord) -> None:
    """Also where it was not noticed before."""
    write_calls(db, FIRST, KindNumbers())
    with pytest.raises(LedgerError, match="one number"):
        write_calls(db, [other], KindNumbers())


def test_whether_a_number_is_free_can_be_asked_of_one_customer_or_all(db: sqlite3.Connection) -> None:
    """An outcome of the call that has it is no other call."""
    write_calls(db, FIRST, KindNumbers())
    for only_its_customer in (True, False):
        check_free(db, FIRST[1], only_its_customer=only_its_customer)
        check_free(db, call(2, 1), only_its_customer=only_its_customer)
        with pytest.raises(LedgerError, match="one number"):
            check_free(db, call(3, 1), only_its_customer=only_its_customer)
    check_free(db, call(3, 2), only_its_customer=True)
    with pytest.raises(LedgerError, match="one number"):
        check_free(db, call(3, 2), only_its_customer=False)


def test_the_last_change_is_one_that_was_carried_out(db: sqlite3.Connection) -> None:
    """Not a look, and nothing without a good outcome."""
    write_calls(
        db,
        [
            call(1, 1, outcome="done", intent_at=5.0),
            call(2, 2, outcome="done", intent_at=4.0),
            call(3, 2, outcome="refused", intent_at=6.0),
            call(4, 2, intent_at=7.0),
            call(5, 2, changes=False, outcome="done", intent_at=8.0),
        ],
        KindNumbers(),
    )
    assert last_change(packs(db), Kinds(db)) == 5.0
    assert last_change([], Kinds(db)) is None
