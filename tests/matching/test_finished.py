"""Rows of finished customers are passed over, and no others; a batch of nothing else is not even judged."""

import asyncio
from pathlib import Path

from finhub_onboard.intake.first_pass import Survey, survey
from finhub_onboard.intake.second_pass import judge_batches
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.matching.finished import Finished, unfinished_rows
from finhub_onboard.model import Journey, Standing
from tests.intake.helpers import a_row, rules, write
from tests.ledger.contract.support import keep
from tests.ledger.support import opened

NAMES = ["Abara", "Cybulska", "Ekwueme", "Gintautas", "Iversen", "Kovalenko", "Marchetti"]


def finished_but(ledger: Ledger, others: dict[str, dict[str, object]]) -> None:
    """Enter seven customers who are finished, but for what is said of some; ``C-1`` is unknown."""
    known: dict[str, dict[str, object]] = {
        f"C-{number}": {"standing": Standing.COMPLETE, "sealed_id": b"s"} for number in range(2, 8)
    }
    journeys = [
        Journey(key=ledger.keys.customer(name), fingerprint=b"f", last_run=1, **told)  # type: ignore[arg-type]
        for name, told in (known | others).items()
    ]
    asyncio.run(keep(ledger, *[(journey, ()) for journey in journeys]))


def a_table(folder: Path) -> Survey:
    """Seven rows, the fourth of which breaks a rule, read three at a time."""
    table = [a_row(number, last_name=name, identity_document="identity.jpg") for number, name in enumerate(NAMES, 1)]
    table[3]["email"] = "no address"
    return survey([write(folder / "a.csv", table)], batch_rows=10)


def test_only_good_rows_of_finished_customers_are_passed_over(tmp_path: Path) -> None:
    """Unknown and unfinished ones come, and so do rejects and those that an old ledger kept no identity hashes of."""
    found, counted = a_table(tmp_path), list[int]()
    with opened(tmp_path / "ledger.db") as ledger:
        finished_but(
            ledger,
            {"C-5": {"standing": Standing.PARKED, "sealed_id": b"s"}, "C-6": {"standing": Standing.COMPLETE}},
        )
        finished = Finished(ledger, ledger.keys, counted.append)
        batches = judge_batches(found, rules(), batch_rows=10, passed_over=finished.places)
        left = [row for part in unfinished_rows(batches, counted.append) for row in part]
    assert [row.external_id for row in left] == ["C-1", "C-4", "C-5", "C-6"]
    assert [row.row_number for row in left] == [1, 4, 5, 6]
    assert [bool(row.violations) for row in left] == [False, True, False, False]
    assert sum(counted) == 3


def test_a_batch_of_finished_customers_is_not_judged(tmp_path: Path) -> None:
    """Of three batches the first has an unknown customer; in the others all are finished, and are only counted."""
    found, counted = a_table(tmp_path), list[int]()
    with opened(tmp_path / "ledger.db") as ledger:
        finished_but(ledger, {})
        finished = Finished(ledger, ledger.keys, counted.append)
        judged = list(judge_batches(found, rules(), batch_rows=10, passed_over=finished.places))
    assert [batch.first_row for batch in judged] == [1]
    assert judged[0].passed == {1, 2}
    assert counted == [3, 1]


def test_nothing_is_passed_over_once_nobody_wants_to_know(tmp_path: Path) -> None:
    """A run that stops hears of it with the next batch, and not at the end of a long input."""
    found, wanted = a_table(tmp_path), iter([True, False, False])
    with opened(tmp_path / "ledger.db") as ledger:
        finished_but(ledger, {"C-1": {"standing": Standing.COMPLETE, "sealed_id": b"s"}})
        finished = Finished(ledger, ledger.keys, lambda _: None, lambda: next(wanted))
        judged = list(judge_batches(found, rules(), batch_rows=10, passed_over=finished.places))
    assert [batch.first_row for batch in judged] == [4, 7]


def test_a_customer_is_passed_over_under_the_id_that_an_earlier_version_read(tmp_path: Path) -> None:
    """Versions up to 0.4.0 kept a mark of direction at the end of an id; their customers are finished as well."""
    table = [a_row(1, external_id="C-1\u202c", identity_document="identity.jpg")]
    found = survey([write(tmp_path / "a.csv", table)], batch_rows=10)
    with opened(tmp_path / "ledger.db") as ledger:
        finished_but(ledger, {"C-1\u202c": {"standing": Standing.COMPLETE, "sealed_id": b"s"}})
        finished = Finished(ledger, ledger.keys, lambda _: None)
        assert list(judge_batches(found, rules(), batch_rows=10, passed_over=finished.places)) == []
