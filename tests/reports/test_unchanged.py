"""Lines of finished customers made without a row are those made of one, and nobody who has changed is among them."""

import asyncio
import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.run_facts import RunProgress, facts_of
from finhub_onboard.model import Customer, Journey, Standing
from finhub_onboard.reports import joining
from finhub_onboard.reports.outcome import RunEnd
from finhub_onboard.reports.unchanged import unchanged_lines
from finhub_onboard.reports.writing import write_reports
from tests.intake.helpers import NOW, a_row, write
from tests.ledger.contract.support import keep
from tests.ledger.support import opened
from tests.values import replace

RUN = 2
NAMES = [
    "Abara",
    "Cybulska",
    "Ekwueme",
    "Gintautas",
    "Iversen",
    "Kovalenko",
    "Marchetti",
    "Nakamura",
    "Okonkwo",
    "Petrauskas",
]
ODD = {"C-8": '=cmd,"x"', "C-9": "-9;@8"}
"""Ids at the bank that a CSV file cannot hold as they are."""


def finished(customer: Customer, ledger: Ledger, evidence: Evidence) -> Journey:
    """A customer whose journey was completed in the first run, and whose document left as it is now."""
    return Journey(
        key=ledger.keys.customer(customer.external_id),
        fingerprint=ledger.keys.fingerprint(customer),
        standing=Standing.COMPLETE,
        done=8,
        documents=(evidence.opened(customer, "identity_document", "GOVERNMENT_ID").mark,),
        customer_id=ODD.get(customer.external_id, f"c-{customer.row_number}"),
        sealed_id=ledger.keys.seal(customer.external_id),
        first_run=1,
        last_run=RUN if customer.external_id == "C-7" else 1,
        completed_run=RUN if customer.external_id == "C-7" else 1,
        started_at=1000.0006,
        finished_at=1001.9999996,
    )


def reported(folder: Path, source: Path, documents: Path, *, batch_rows: int = 4) -> dict[str, bytes]:
    """Write the reports of the second run and return them by name."""
    settings = Settings.model_validate({"api": {"base_url": "sandbox:"}, "documents": {"root": documents}})
    found = survey([source], batch_rows=batch_rows)
    facts = replace(facts_of(Order(inputs=(source,), out=folder), settings, found.sources, NOW), run_id="r")
    with opened(source.with_name("ledger.db")) as ledger:
        end = RunEnd(run_id="r", number=RUN, started_at=1.0, finished_at=2.0, progress=RunProgress(), exit_code=None)
        write_reports(survey=found, facts=facts, end=end, batch_rows=batch_rows, ledger=ledger, keys=ledger.keys)
    return {name: (folder / name).read_bytes() for name in ("results.csv", "errors.csv", "summary.json")}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Ten customers, most of whom are finished; later a cell, a document and a rule are not as they were."""
    (tmp_path / "documents").mkdir()
    table = [a_row(number, last_name=name, identity_document=f"{number}.pdf") for number, name in enumerate(NAMES, 1)]
    for number in range(1, 11):
        (tmp_path / "documents" / f"{number}.pdf").write_bytes(b"%PDF-1.4 first")
        os.utime(tmp_path / "documents" / f"{number}.pdf", ns=(9, 9))
    settings = Settings.model_validate({"api": {"base_url": "sandbox:"}, "documents": {"root": tmp_path / "documents"}})
    found = survey([write(tmp_path / "a.csv", table)], batch_rows=100)
    with opened(tmp_path / "ledger.db") as ledger:
        rules = rules_of(facts_of(Order(inputs=(tmp_path / "a.csv",)), settings, found.sources, NOW))
        evidence = Evidence(ledger.keys, tmp_path / "documents", 1000)
        customers = [
            row.customer for [*rows] in judge_rows(found, rules, batch_rows=100) for row in rows if row.customer
        ]
        journeys = [finished(customer, ledger, evidence) for customer in customers[1:]]
        asyncio.run(keep(ledger, *[(journey, ()) for journey in journeys]))
    table[2]["last_name"] = "Edwards"
    table[4]["email"] = "no address"
    (tmp_path / "documents" / "6.pdf").write_bytes(b"%PDF-1.4 other one")
    os.utime(tmp_path / "documents" / "10.pdf", ns=(1, 1))
    return write(tmp_path / "a.csv", table)


def test_reports_are_the_same_whether_rows_are_built_or_not(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte: finished, changed, rejected, carried and unknown customers, odd ids and documents among them."""
    quick = reported(tmp_path / "quick", source, tmp_path / "documents")
    monkeypatch.setattr(joining, "unchanged_lines", lambda *_: {})
    slow = reported(tmp_path / "slow", source, tmp_path / "documents")
    assert quick["results.csv"] == slow["results.csv"]
    assert quick["errors.csv"] == slow["errors.csv"]
    finished_at = b'"finished_at"'
    assert quick["summary.json"].partition(finished_at)[0] == slow["summary.json"].partition(finished_at)[0]
    rows = csv.DictReader(quick["results.csv"].decode().splitlines())
    assert [row["disposition"] for row in rows] == [
        *("pending", "unchanged", "changed", "unchanged", "rejected"),
        *("changed", "onboarded", "unchanged", "unchanged", "unchanged"),
    ]


def test_no_row_is_built_for_whom_nothing_has_changed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each for those who are the same to the byte, also of their documents; a touched file must be read."""
    lines: dict[int, str] = {}

    def noted(batch: JudgedBatch, finished: Mapping[int, Finished], evidence: Evidence) -> dict[int, str]:
        made = unchanged_lines(batch, finished, evidence)
        lines.update({batch.first_row + place: line for place, line in made.items()})
        return made

    monkeypatch.setattr(joining, "unchanged_lines", noted)
    reported(tmp_path / "out", source, tmp_path / "documents")
    assert sorted(lines) == [2, 4, 8, 9]


def test_only_rows_that_differ_are_compared_by_column(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all others one hash tells that they are as they were; reports are those of comparing each column."""
    documents = tmp_path / "documents"
    compared: list[str] = []
    has_sent = Evidence.has_sent

    def noted(self: Evidence, values: Sequence[str], customer: Finished) -> bool:
        compared.append(customer.customer_id)
        return has_sent(self, values, customer)

    monkeypatch.setattr(Evidence, "has_sent", noted)
    quick = reported(tmp_path / "quick", source, documents)
    assert compared == ["c-3"]
    monkeypatch.setattr(Evidence, "is_sent_row", lambda *_: False)
    slow = reported(tmp_path / "slow", source, documents)
    assert len(compared) > len(["c-3"]) * 2
    assert slow["results.csv"] == quick["results.csv"]


def test_a_file_that_many_rows_name_is_looked_at_once(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book of a million rows with one document for all does not cost a million looks."""
    looked: list[str] = []
    version = Evidence.version

    def noted(self: Evidence, path: str) -> str:
        looked.append(path)
        return version(self, path)

    text = source.read_text(encoding="utf-8")
    for number in (2, 4, 8, 9):
        text = text.replace(f",{number}.pdf", ",8.pdf")
    source.write_text(text, encoding="utf-8")
    monkeypatch.setattr(Evidence, "version", noted)
    monkeypatch.setattr(Evidence, "is_sent_row", lambda *_: True)
    reported(tmp_path / "out", source, tmp_path / "documents", batch_rows=100)
    assert looked.count("8.pdf") == 1
