"""Rows of finished customers are passed over, and no others."""

import asyncio
from pathlib import Path

from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.second_pass import judge_batches
from finhub_onboard.matching.finished import unfinished_rows
from finhub_onboard.model import Journey, Standing
from tests.intake.helpers import a_row, rules, write
from tests.ledger.contract.support import keep
from tests.ledger.support import opened

NAMES = ["Abara", "Cybulska", "Ekwueme", "Gintautas", "Iversen", "Kovalenko", "Marchetti"]


def test_only_good_rows_of_finished_customers_are_passed_over(tmp_path: Path) -> None:
    """Unknown and unfinished ones come, and so do rejects and those that an old ledger kept no identity hashes of."""
    table = [a_row(number, last_name=name, identity_document="identity.jpg") for number, name in enumerate(NAMES, 1)]
    table[3]["email"] = "no address"
    found = survey([write(tmp_path / "a.csv", table)], batch_rows=3)
    with opened(tmp_path / "ledger.db") as ledger:
        ids = {f"C-{number}": ledger.keys.customer(f"C-{number}") for number in range(2, 8)}
        more = {name: {"standing": Standing.COMPLETE, "sealed_id": b"s"} for name in ids}
        more["C-5"] = {"standing": Standing.PARKED, "sealed_id": b"s"}
        more["C-6"] = {"standing": Standing.COMPLETE}
        journeys = [Journey(key=ids[name], fingerprint=b"f", last_run=1, **known) for name, known in more.items()]  # type: ignore[arg-type]
        asyncio.run(keep(ledger, *[(journey, ()) for journey in journeys]))
        passed: list[int] = []
        batches = judge_batches(found, rules(), batch_rows=3)
        rows = [row for part in unfinished_rows(batches, ledger, ledger.keys, passed.append) for row in part]
    assert [row.external_id for row in rows] == ["C-1", "C-4", "C-5", "C-6"]
    assert [row.row_number for row in rows] == [1, 4, 5, 6]
    assert sum(passed) == 3
